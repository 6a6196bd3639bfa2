using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Caur.Contracts.Ids;

namespace Caur.Silo.Configuration;

/// <summary>What a process of a cluster is told: where the Redis is, and how the others reach it. Without a cluster nothing of it may be set.</summary>
internal sealed record ClusterSettings
{
    private static readonly Words Label = new("letters, digits and @ . _ + -", Names.IsValid);

    private static readonly Words Servers = new("HOST or HOST:PORT, several with commas between them", AreServers);

    private static readonly Words File = new("an absolute path", static text => text.StartsWith('/') && !text.Contains('\0', StringComparison.Ordinal));

    private static readonly WholeNumber Port = new(1, 65535);

    /// <summary>The table's rows.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        new("cluster.redis", "CAUR_REDIS", Servers, "none: no cluster", "The Redis that keeps the state of a cluster ([cluster.md](cluster.md)); the port is 6379 where none is named. Only a `caur` that was built for it runs in a cluster."),
        new("cluster.redis_user", "CAUR_REDIS_USER", new Words("one line of text", static text => !text.Any(char.IsControl)), "Redis' default user", "As whom."),
        new("cluster.redis_password", "CAUR_REDIS_PASSWORD", new Words("one line of text", static text => !text.Any(char.IsControl)), "none", "Its password.") { IsSecret = true },
        new("cluster.redis_tls", "CAUR_REDIS_TLS", new Flag(), "false", "Whether it is reached over TLS; the system's authorities and `cluster.tls_ca` are believed."),
        new("cluster.id", "CAUR_CLUSTER_ID", Label, "`caur`", "The cluster's name. Its state, its members and their reminders are kept under it, so that one Redis can serve several."),
        new("cluster.silo_name", "CAUR_SILO_NAME", Label, "the host's name", "What the others call this process in their logs."),
        new("cluster.silo_address", "CAUR_SILO_ADDRESS", new Words("an IP address", static text => IPAddress.TryParse(text, out _)), "the host's first address that is not its own alone", "Where the others reach this process."),
        new("cluster.silo_port", "CAUR_SILO_PORT", Port, "11111", "On which port silos do."),
        new("cluster.silo_gateway_port", "CAUR_SILO_GATEWAY_PORT", Port, "30000", "On which port gateways that are no silos do."),
        new("cluster.tls_cert", "CAUR_SILO_TLS_CERT", File, "none: no TLS", "This process' certificate for the cluster, PEM, signed by the authority itself. The three belong together, and are read at the start: begin the process anew before the certificate ends."),
        new("cluster.tls_key", "CAUR_SILO_TLS_KEY", File, "none", "Its private key, PEM, without a passphrase."),
        new("cluster.tls_ca", "CAUR_SILO_TLS_CA", File, "none", "The authority of the cluster's own that signed all of its certificates, PEM. Whoever has one of them is trusted with everything."),
    ];

    /// <summary>Where the Redis is.</summary>
    public required string Redis { get; init; }

    /// <summary>As whom; null for its default user.</summary>
    public string? RedisUser { get; init; }

    /// <summary>Its password; null for none.</summary>
    public string? RedisPassword { get; init; }

    /// <summary>Over TLS.</summary>
    public bool RedisTls { get; init; }

    /// <summary>The cluster's name.</summary>
    public required string ClusterId { get; init; }

    /// <summary>This process' name.</summary>
    public required string SiloName { get; init; }

    /// <summary>Where the others reach it; null for the host's own.</summary>
    public IPAddress? Address { get; init; }

    /// <summary>The port of silos.</summary>
    public required int SiloPort { get; init; }

    /// <summary>The port of clients.</summary>
    public required int GatewayPort { get; init; }

    /// <summary>Certificate, key and authority; null without TLS.</summary>
    public (string Certificate, string Key, string Authority)? Tls { get; init; }

    /// <summary>Reads them.</summary>
    /// <returns>Null when there is no cluster.</returns>
    /// <exception cref="FormatException">What is set does not fit together; for people.</exception>
    public static ClusterSettings? Read(Func<string, string?> variable)
    {
        string? Value(string name) => variable(name) is { Length: > 0 } text ? text : null;
        int Number(string name, int otherwise) => Value(name) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

        var (certificate, key, authority) = (Value("CAUR_SILO_TLS_CERT"), Value("CAUR_SILO_TLS_KEY"), Value("CAUR_SILO_TLS_CA"));
        var tls = new[] { certificate, key, authority }.Count(static file => file is not null);
        var read = new ClusterSettings
        {
            Redis = Value("CAUR_REDIS") ?? "",
            RedisUser = Value("CAUR_REDIS_USER"),
            RedisPassword = Value("CAUR_REDIS_PASSWORD"),
            RedisTls = Value("CAUR_REDIS_TLS") == "true",
            ClusterId = Value("CAUR_CLUSTER_ID") ?? "caur",
            SiloName = Value("CAUR_SILO_NAME") ?? Dns.GetHostName(),
            Address = Value("CAUR_SILO_ADDRESS") is { } address ? IPAddress.Parse(address) : null,
            SiloPort = Number("CAUR_SILO_PORT", 11111),
            GatewayPort = Number("CAUR_SILO_GATEWAY_PORT", 30000),
            Tls = tls == 3 ? (certificate!, key!, authority!) : null,
        };
        return read.Redis.Length == 0 ? null
            : tls is 1 or 2 ? throw new FormatException("CAUR_SILO_TLS_CERT, CAUR_SILO_TLS_KEY and CAUR_SILO_TLS_CA belong together: set all three, or none")
            : read.SiloPort == read.GatewayPort ? throw new FormatException("CAUR_SILO_PORT and CAUR_SILO_GATEWAY_PORT must not be the same")
            : read;
    }

    /// <summary>The address that others reach this host by, when nobody said which.</summary>
    /// <exception cref="FormatException">There is none.</exception>
    public static IPAddress OwnAddress() =>
        Dns.GetHostAddresses(Dns.GetHostName(), AddressFamily.InterNetwork).FirstOrDefault(static address => !IPAddress.IsLoopback(address))
        ?? throw new FormatException("this host has no address that others reach it by: set CAUR_SILO_ADDRESS (127.0.0.1 where all run on this machine)");

    private static bool AreServers(string text) => text.Split(',').All(static server =>
        server.Length > 0 && !server.Any(static c => char.IsControl(c) || c is ' ' or '=' or '/' or '@') && Uri.TryCreate($"redis://{server}", UriKind.Absolute, out var parsed) && parsed.Host.Length > 0);
}
