using System.Net;
using Caur.Api.Hosting;
using Caur.Silo.Tls;

namespace Caur.Silo.Configuration;

/// <summary>Who may ask the gateway, and how much (docs/security.md).</summary>
internal static class GatewaySettings
{
    private static readonly Words Rate = new(Caur.Api.Limits.Rate.Form, static text => Caur.Api.Limits.Rate.TryParse(text, out _));

    private static readonly Words Path = new("a path", static text => !string.IsNullOrWhiteSpace(text) && !text.Contains('\0', StringComparison.Ordinal));

    public static IReadOnlyList<Setting> All { get; } =
    [
        new("gateway.reading", "CAUR_READING", new Choice("public", "packages", "private"), "`public`",
            "What may be read without a token: everything, the repositories and the key alone, or nothing.") { Options = ["ReadingOptions.Reading"] },
        new("gateway.http", "CAUR_HTTP", new Choice("everywhere", TlsExtensions.Local), "`everywhere`",
            "Where HTTP without TLS is spoken: on all addresses, or on this machine alone, as for a reverse proxy here or beside TLS of the gateway's own."),
        new("gateway.tls_certificate", "CAUR_TLS_CERTIFICATE", Path, "none: no TLS",
            "The certificate for TLS in PEM, with those behind it that lead to its authority. Looked at every 2 s: a renewed one needs no restart."),
        new("gateway.tls_key", "CAUR_TLS_KEY", Path, "in the certificate's file",
            "Its private key in PEM, without a password."),
        new("gateway.tls_port", "CAUR_TLS_PORT", new WholeNumber(0, 65535), "8443", "The port of TLS on all addresses; 0 takes a free one."),
        new("gateway.cors_origins", "CAUR_CORS_ORIGINS", new WordList("origins like https://farm.example.org, without a path, or * alone", IsOrigin), "none",
            "Which web pages of others may ask from a browser.") { Options = ["CrossOriginOptions.Origins"] },
        new("gateway.trusted_proxies", "CAUR_TRUSTED_PROXIES", new WordList("addresses, or networks like 10.0.0.0/8", IsNetwork), "none",
            "Which reverse proxies are believed when they say for whom they speak (`X-Forwarded-For`, `X-Forwarded-Proto`).") { Options = ["ProxyOptions.Trusted"] },
        new("gateway.max_body", "CAUR_MAX_BODY", new WholeNumber(1, 1024, "MiB"), "32", "The largest body of a request.") { Options = ["RequestLimits.BodyBytes"] },
        new("gateway.max_connections", "CAUR_MAX_CONNECTIONS", new WholeNumber(1, int.MaxValue), "10000", "How many connections there may be at a time.")
            { Options = ["RequestLimits.Connections"] },
        new("gateway.max_connections_per_client", "CAUR_MAX_CONNECTIONS_PER_CLIENT", new WholeNumber(1, int.MaxValue), "2000",
            "How many connections one address may hold; those of trusted proxies do not count.") { Options = ["ClientLimits.Connections"] },
        new("gateway.max_streams_per_client", "CAUR_MAX_STREAMS_PER_CLIENT", new WholeNumber(1, int.MaxValue), "250",
            "How many event streams and logs one token, or one address without one, may read at a time.") { Options = ["ClientLimits.Streams"] },
        new("gateway.rate.read", "CAUR_RATE_READ", Rate, "`30000/5000`", "Reading, per token or address; logs and downloads of packages do not count.") { Options = ["RateLimits.Reading"] },
        new("gateway.rate.write", "CAUR_RATE_WRITE", Rate, "`3000/500`", "Writing, per token.") { Options = ["RateLimits.Writing"] },
        new("gateway.rate.anonymous", "CAUR_RATE_ANONYMOUS", Rate, "`300/100`", "Writing without a token, and wrong tokens, per address.") { Options = ["RateLimits.Anonymous"] },
        new("gateway.idempotency_keys", "CAUR_IDEMPOTENCY_KEYS", new WholeNumber(1, 1_000_000), "10000",
            "How many answers to writes with an `Idempotency-Key` are kept, for 24 hours.") { Options = ["IdempotencyOptions.Keys"] },
        new("gateway.audit_files", "CAUR_AUDIT_FILES", new WholeNumber(1, 10_000), "16", "How many files of 16 MiB of the audit log are kept beside the newest.")
            { Options = ["AuditOptions.Files"] },
    ];

    private static bool IsOrigin(string text) => text == "*" || CrossOriginOptions.IsOrigin(text);

    private static bool IsNetwork(string text) => IPAddress.TryParse(text, out _) || IPNetwork.TryParse(text, out _);
}
