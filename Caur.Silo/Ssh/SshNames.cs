namespace Caur.Silo.Ssh;

/// <summary>Names and files that go into commands of OpenSSH.</summary>
internal static class SshNames
{
    /// <summary>ssh would take a leading dash for an option, and hands host and user to commands in its own configuration.</summary>
    public static bool IsName(string text) =>
        text.Length > 0 && !text.StartsWith('-') && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or ':' or '%' or '[' or ']' or '@' or '+');

    /// <summary>Refuses what is no name.</summary>
    /// <exception cref="FormatException">It names the variable.</exception>
    public static void Check(string name, string text, string what)
    {
        if (!IsName(text))
        {
            throw new FormatException($"{name}: '{text}' is no name of {what}");
        }
    }

    /// <summary>The private key that the environment names, or the manual's.</summary>
    /// <exception cref="FormatException">There is no such file.</exception>
    public static string? KeyFile(Func<string, string?> variable) =>
        Existing(variable, "CAUR_SSH_KEY") ?? (File.Exists(SshTunnelOptions.ManualsKey) ? SshTunnelOptions.ManualsKey : null);

    /// <summary>The file of host keys that the environment names.</summary>
    /// <exception cref="FormatException">There is no such file.</exception>
    public static string? KnownHosts(Func<string, string?> variable) => Existing(variable, "CAUR_SSH_KNOWN_HOSTS");

    private static string? Existing(Func<string, string?> variable, string name) => variable(name) is not { Length: > 0 } path ? null
        : File.Exists(path) ? Path.GetFullPath(path)
        : throw new FormatException($"{name} names '{path}', and there is no such file");
}
