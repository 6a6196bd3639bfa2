using System.Globalization;

namespace Caur.Silo.Ssh;

/// <summary>What this machine's settings say of the SFTP server that archives go to; what is null is as the hub says.</summary>
internal sealed record SftpOptions
{
    /// <summary>Its name or address; <c>none</c>: archives go through the gateway.</summary>
    public string? Host { get; init; }

    /// <summary>Its port.</summary>
    public int? Port { get; init; }

    /// <summary>As whom.</summary>
    public string? User { get; init; }

    /// <summary>The landing zone as the server shows it.</summary>
    public string? LandingZone { get; init; }

    /// <summary>The private key; null leaves it to ssh.</summary>
    public string? KeyFile { get; init; }

    /// <summary>The file that must hold the server's key; null leaves it to ssh, and trusts a new server at first sight.</summary>
    public string? KnownHosts { get; init; }

    /// <summary>Reads <c>DATABASE_HOST</c>, <c>_PORT</c>, <c>_USER</c>, <c>LANDING_ZONE_ADVERTISED_PATH</c> or <c>LANDING_ZONE_PATH</c>, and key and host
    /// keys as for a tunnel.</summary>
    /// <exception cref="FormatException">A variable cannot be meant; the message names it.</exception>
    public static SftpOptions Read(Func<string, string?> variable)
    {
        return new SftpOptions
        {
            Host = Name("DATABASE_HOST", "a host"),
            Port = Value("DATABASE_PORT") is not { } port ? null
                : int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is >= 1 and <= 65535 ? number
                : throw new FormatException($"DATABASE_PORT must be a port from 1 to 65535, not '{port}'"),
            User = Name("DATABASE_USER", "a user"),
            LandingZone = Folder("LANDING_ZONE_ADVERTISED_PATH") ?? Folder("LANDING_ZONE_PATH"),
            KeyFile = SshNames.KeyFile(variable),
            KnownHosts = SshNames.KnownHosts(variable),
        };

        string? Value(string name) => variable(name) is { Length: > 0 } text ? text : null;

        string? Name(string name, string what)
        {
            if (Value(name) is { } text)
            {
                SshNames.Check(name, text, what);
            }

            return Value(name);
        }

        string? Folder(string name) => Value(name) is not { } path ? null
            : IsPath(path) ? path
            : throw new FormatException($"{name}: '{path}' cannot be a folder for sftp: quotes, backslashes, wildcards and control characters are none of its name");
    }

    /// <summary>Whether sftp takes a path in quotes for what it is.</summary>
    public static bool IsPath(string path) => path.Length > 0 && !path.Any(c => char.IsControl(c) || c is '"' or '\'' or '\\' or '*' or '?' or '[' or ']' or '{' or '}');
}
