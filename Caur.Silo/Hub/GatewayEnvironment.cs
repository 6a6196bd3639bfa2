using System.Globalization;
using Caur.Api.Audit;
using Caur.Api.Auth;
using Caur.Api.Hosting;
using Caur.Api.Idempotency;
using Caur.Api.Limits;
using Caur.Api.Link;
using Caur.Silo.Ssh;
using Microsoft.Extensions.DependencyInjection;

namespace Caur.Silo.Hub;

/// <summary>Reads the gateway's options from the environment. What is not set keeps its default; what is out of range is refused by the
/// options' validators when the hub starts.</summary>
internal static class GatewayEnvironment
{
    /// <summary>Takes what is set.</summary>
    /// <exception cref="HubSettingsException">A variable cannot be read; the message names it and says what it was to be.</exception>
    public static IServiceCollection AddGatewaySettings(this IServiceCollection services, Func<string, string?> variable)
    {
        var reading = Value("CAUR_READING") is { } text
            ? Enum.TryParse<Reading>(text, ignoreCase: true, out var parsed) && !int.TryParse(text, out _)
                ? parsed
                : throw new HubSettingsException($"CAUR_READING must be public, packages or private, not '{text}'")
            : (Reading?)null;
        var body = Number("CAUR_MAX_BODY", 1024);
        var connections = Number("CAUR_MAX_CONNECTIONS", int.MaxValue);
        var (perClient, streams) = (Number("CAUR_MAX_CONNECTIONS_PER_CLIENT", int.MaxValue), Number("CAUR_MAX_STREAMS_PER_CLIENT", int.MaxValue));
        var files = Number("CAUR_AUDIT_FILES", int.MaxValue);
        var keys = Number("CAUR_IDEMPOTENCY_KEYS", int.MaxValue);
        var (read, write, anonymous) = (RateOf("CAUR_RATE_READ"), RateOf("CAUR_RATE_WRITE"), RateOf("CAUR_RATE_ANONYMOUS"));
        services.Configure<ReadingOptions>(options => options.Reading = reading ?? options.Reading);
        services.Configure<CrossOriginOptions>(options => Fill(options.Origins, "CAUR_CORS_ORIGINS"));
        services.Configure<ProxyOptions>(options => Fill(options.Trusted, "CAUR_TRUSTED_PROXIES"));
        services.Configure<AuditOptions>(options => options.Files = files ?? options.Files);
        services.Configure<IdempotencyOptions>(options => options.Keys = keys ?? options.Keys);
        services.Configure<RequestLimits>(options =>
        {
            options.BodyBytes = body is { } mebibytes ? (long)mebibytes << 20 : options.BodyBytes;
            options.Connections = connections ?? options.Connections;
        });
        services.Configure<ClientLimits>(options =>
        {
            options.Connections = perClient ?? options.Connections;
            options.Streams = streams ?? options.Streams;
        });
        var (host, port, user, path) = (Value("DATABASE_HOST"), Number("DATABASE_PORT", 65535), Value("DATABASE_USER"), Value("LANDING_ZONE_ADVERTISED_PATH"));
        services.Configure<LinkOptions>(options =>
        {
            options.SftpHost = host == SshTunnelOptions.None ? null : host ?? options.SftpHost;
            options.SftpPort = port ?? options.SftpPort;
            options.SftpUser = user ?? options.SftpUser;
            options.SftpPath = path ?? options.SftpPath;
        });
        services.Configure<RateLimits>(options =>
        {
            options.Reading = read ?? options.Reading;
            options.Writing = write ?? options.Writing;
            options.Anonymous = anonymous ?? options.Anonymous;
        });
        return services;

        string? Value(string name) => variable(name) is { Length: > 0 } value ? value : null;

        int? Number(string name, int most) => Value(name) is not { } digits
            ? null
            : int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number <= most
                ? number
                : throw new HubSettingsException($"{name} must be a number from 1 to {most}, not '{digits}'");

        Rate? RateOf(string name) =>
            Value(name) is not { } text ? null
            : Rate.TryParse(text, out var rate) ? rate
            : throw new HubSettingsException($"{name} must be {Rate.Form}, not '{text}'");

        void Fill(IList<string> list, string name)
        {
            foreach (var item in (Value(name) ?? "").Split([',', ' '], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                list.Add(item);
            }
        }
    }
}
