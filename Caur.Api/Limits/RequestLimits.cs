using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Options;

namespace Caur.Api.Limits;

/// <summary>How large and how slow requests may be.</summary>
public sealed class RequestLimits
{
    /// <summary>The largest body, in bytes (<c>CAUR_MAX_BODY</c>, there in MiB). Default: 32 MiB, twice the largest deptree.</summary>
    public long BodyBytes { get; set; } = 32L << 20;

    /// <summary>The longest time that a body may take as a whole. Default: five minutes.</summary>
    public TimeSpan BodyTime { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>The longest time that the headers may take, from one second. Default: 20 seconds.</summary>
    public TimeSpan HeaderTime { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>All headers together, in bytes. Default: 32 KiB.</summary>
    public int HeaderBytes { get; set; } = 32 * 1024;

    /// <summary>Who sends a body with fewer bytes per second than this for longer than <see cref="SlowTime"/> is cut off. Default: 240.</summary>
    public double SlowestWriter { get; set; } = 240;

    /// <summary>Who takes an answer that is no live log with fewer bytes per second than this for longer than <see cref="SlowTime"/> is cut
    /// off. What is sent comes in pieces of 64 KiB, each of which has the time that this rate gives it. Default: 1024.</summary>
    public double SlowestReader { get; set; } = 1024;

    /// <summary>How long somebody may be slower than that, from more than one second. Default: 10 seconds.</summary>
    public TimeSpan SlowTime { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How many connections there may be at a time (<c>CAUR_MAX_CONNECTIONS</c>). Further ones are closed at once. Default: 10,000.</summary>
    public int Connections { get; set; } = 10_000;
}

/// <summary>Refuses what cannot work.</summary>
internal sealed class RequestLimitsValidator : IValidateOptions<RequestLimits>
{
    public ValidateOptionsResult Validate(string? name, RequestLimits options) => options switch
    {
        { BodyBytes: < 64 * 1024 or > 1L << 30 } => ValidateOptionsResult.Fail("CAUR_MAX_BODY must be from 1 to 1024 MiB"),
        { Connections: < 1 } => ValidateOptionsResult.Fail("CAUR_MAX_CONNECTIONS must be 1 or more"),
        { SlowestWriter: <= 0 } or { SlowestReader: <= 0 } => ValidateOptionsResult.Fail("the slowest rates must be more than nothing"),
        { HeaderBytes: < 4096 } => ValidateOptionsResult.Fail("4096 bytes of headers at least must be allowed"),
        _ when options.BodyTime <= TimeSpan.Zero || options.HeaderTime < TimeSpan.FromSeconds(1) || options.SlowTime <= TimeSpan.FromSeconds(1) =>
            ValidateOptionsResult.Fail("the times that requests may take must be more than a second"),
        _ => ValidateOptionsResult.Success,
    };
}

/// <summary>Tells the server of the limits.</summary>
internal sealed class KestrelLimits(IOptions<RequestLimits> limits, ClientConnections connections) : IConfigureOptions<KestrelServerOptions>
{
    public void Configure(KestrelServerOptions options)
    {
        options.ConfigureEndpointDefaults(listen => listen.Use(next => connection => connections.ServeAsync(connection, next)));
        var (server, wanted) = (options.Limits, limits.Value);
        options.AddServerHeader = false;
        server.MaxRequestBodySize = wanted.BodyBytes;
        server.MaxRequestHeadersTotalSize = wanted.HeaderBytes;
        server.RequestHeadersTimeout = wanted.HeaderTime;
        server.MinRequestBodyDataRate = new MinDataRate(wanted.SlowestWriter, wanted.SlowTime);
        server.MaxConcurrentConnections = wanted.Connections;
        server.MaxConcurrentUpgradedConnections = wanted.Connections;
    }
}
