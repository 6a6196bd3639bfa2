namespace Caur.Silo.Ssh;

/// <summary>What ssh says, with what to do about it.</summary>
internal static class SshWords
{
    /// <summary>Why a tunnel is not open.</summary>
    /// <param name="options">Which.</param>
    /// <param name="said">What ssh said, the oldest line first; null when there is no ssh.</param>
    public static string Explain(SshTunnelOptions options, IReadOnlyList<string>? said)
    {
        if (said is null)
        {
            return $"the tunnel to {options.Server} wants OpenSSH's client, and there is no 'ssh' here (Debian: openssh-client)";
        }

        var last = Last(said) ?? "ssh has ended";
        var advice = Advice(said, last, options.User, options.KeyFile, options.KnownHosts) ?? "CAUR_SSH_HOST, _PORT and _USER, or REDIS_SSH_HOST and its companions, say where it goes";
        return $"no tunnel through {options.Server}: {last}\n      {char.ToUpperInvariant(advice[0])}{advice[1..]}.";
    }

    /// <summary>Why an archive was not brought.</summary>
    /// <param name="server">Where it was to go.</param>
    /// <param name="options">As whom, with which key.</param>
    /// <param name="said">What sftp and ssh said, the oldest line first; null when there is no sftp.</param>
    public static string Explain(string server, SftpOptions options, IReadOnlyList<string>? said)
    {
        if (said is null)
        {
            return "OpenSSH's client is wanted for it, and there is no 'sftp' here (Debian: openssh-client)";
        }

        var last = Last(said) ?? "sftp has ended";
        var advice = Advice(said, last, options.User, options.KeyFile, options.KnownHosts)
            ?? (last.StartsWith("dest open", StringComparison.Ordinal) ? "the folder there has to be writable for that user, and LANDING_ZONE_ADVERTISED_PATH says where the landing zone is there"
            : last.StartsWith("write remote", StringComparison.Ordinal) ? "is the disk there full?"
            : "DATABASE_HOST, _PORT and _USER say where archives go, here or on the hub");
        return $"{last.TrimEnd('.')} ({server}). {char.ToUpperInvariant(advice[0])}{advice[1..]}";
    }

    private static string? Last(IReadOnlyList<string> said) =>
        said.LastOrDefault(line => !IsNoise(line) && !IsFarewell(line)) ?? said.LastOrDefault(line => !IsNoise(line));

    /// <summary>What to do about what both programs say; null when they do not say enough.</summary>
    private static string? Advice(IReadOnlyList<string> said, string last, string? user, string? keyFile, string? knownHosts) =>
        said.Any(line => line.Contains("REMOTE HOST IDENTIFICATION HAS CHANGED", StringComparison.Ordinal))
            ? "the server shows another host key than before. If that is right, remove the old one with ssh-keygen -R, or from CAUR_SSH_KNOWN_HOSTS; if not, somebody stands in between"
            : said.Any(line => line.Contains("Host key verification failed", StringComparison.Ordinal) || line.Contains("host key is known for", StringComparison.Ordinal))
                ? $"the server's host key is not in {knownHosts ?? "the known hosts"}; ssh-keyscan shows it, and its owner whether it is the right one"
            : said.Any(line => line.Contains("UNPROTECTED PRIVATE KEY", StringComparison.Ordinal))
                ? $"others can read the key {keyFile}, so ssh does not use it: chmod 600 it"
            : last.Contains("Permission denied (", StringComparison.Ordinal)
                ? $"tried as {user ?? "whom ssh chooses"} with {keyFile ?? $"ssh's own keys (CAUR_SSH_KEY names another, and {SshTunnelOptions.ManualsKey} is taken when it is there)"}"
            : null;

    /// <summary>Why connections that the tunnel took did not come out at the other end; null when they did as far as ssh says.</summary>
    public static string? TargetProblem(SshTunnelOptions options, IReadOnlyList<string> said) =>
        said.LastOrDefault(line => line.Contains("open failed:", StringComparison.Ordinal)) is { } line
            ? $"{options.Server} cannot reach {options.Target} ({line[(line.IndexOf("open failed:", StringComparison.Ordinal) + "open failed:".Length)..].Trim()}); "
                + "the address is that of the gateway as the SSH server sees it (--server or CAUR_URL)"
            : null;

    private static bool IsNoise(string line) =>
        line.StartsWith('@') || line.StartsWith("Warning: Permanently added", StringComparison.Ordinal);

    /// <summary>What sftp adds when its ssh has ended, which said why; and that there was nothing that had to go.</summary>
    private static bool IsFarewell(string line) => line.StartsWith("Connection closed", StringComparison.Ordinal)
        || line.StartsWith("remote delete", StringComparison.Ordinal) || line == "Couldn't read packet: Connection reset by peer";
}
