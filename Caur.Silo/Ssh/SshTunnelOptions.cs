using System.Globalization;

namespace Caur.Silo.Ssh;

/// <summary>Where a tunnel goes.</summary>
internal sealed record SshTunnelOptions
{
    /// <summary>The key that the manual's containers mount.</summary>
    public const string ManualsKey = "/app/sshkey";

    /// <summary>Given as the host, no tunnel is opened whatever else is set.</summary>
    public const string None = "none";

    /// <summary>Who is asked to forward: a name or an address, or a name in <c>~/.ssh/config</c>.</summary>
    public required string Host { get; init; }

    /// <summary>The port of its SSH server. Default: 22.</summary>
    public int Port { get; init; } = 22;

    /// <summary>As whom. Default: root, as in the manual's containers.</summary>
    public string User { get; init; } = "root";

    /// <summary>The private key; null leaves it to ssh: an agent, <c>~/.ssh/config</c>, <c>~/.ssh/id_*</c>.</summary>
    public string? KeyFile { get; init; }

    /// <summary>The file that must hold the server's key. Null: ssh's own files, and a server that they do not know is trusted at first
    /// sight; one whose key changed never is.</summary>
    public string? KnownHosts { get; init; }

    /// <summary>Where the tunnel comes out, as the SSH server sees it. Default: itself.</summary>
    public string TargetHost { get; init; } = "127.0.0.1";

    /// <summary>The port there.</summary>
    public required int TargetPort { get; init; }

    /// <summary>How long opening may take. Default: 30 s.</summary>
    public TimeSpan OpenLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>For people: <c>user@host:port</c>.</summary>
    public string Server => string.Create(CultureInfo.InvariantCulture, $"{User}@{Host}:{Port}");

    /// <summary>For people: what the SSH server is to connect to.</summary>
    public string Target => string.Create(CultureInfo.InvariantCulture, $"{TargetHost}:{TargetPort}");

    /// <summary>Reads <c>CAUR_SSH_HOST</c>, <c>_PORT</c>, <c>_USER</c>, <c>_KEY</c>, <c>_KNOWN_HOSTS</c> and, for the first three, the
    /// manual's <c>REDIS_SSH_*</c> where ours are not set.</summary>
    /// <param name="variable">An environment variable; null or empty when it is not set.</param>
    /// <param name="targetHost">Where the tunnel is to come out.</param>
    /// <param name="targetPort">The port there.</param>
    /// <returns>Null when no tunnel is wanted.</returns>
    /// <exception cref="FormatException">A variable cannot be meant; the message names it.</exception>
    public static SshTunnelOptions? Read(Func<string, string?> variable, string targetHost, int targetPort)
    {
        if (Value("HOST") is not var (hostName, host) || host == None)
        {
            return null;
        }

        SshNames.Check(hostName, host, "a host");
        var (portName, port) = Value("PORT") ?? ("", "22");
        if (!int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > 65535)
        {
            throw new FormatException($"{portName} must be a port from 1 to 65535, not '{port}'");
        }

        var (userName, user) = Value("USER") ?? ("", "root");
        SshNames.Check(userName, user, "a user");
        return new SshTunnelOptions
        {
            Host = host,
            Port = number,
            User = user,
            KeyFile = SshNames.KeyFile(variable),
            KnownHosts = SshNames.KnownHosts(variable),
            TargetHost = targetHost,
            TargetPort = targetPort,
        };

        (string Name, string Text)? Value(string name) =>
            variable($"CAUR_SSH_{name}") is { Length: > 0 } ours ? ($"CAUR_SSH_{name}", ours)
            : variable($"REDIS_SSH_{name}") is { Length: > 0 } manuals ? ($"REDIS_SSH_{name}", manuals)
            : null;
    }
}
