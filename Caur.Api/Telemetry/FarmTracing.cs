using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace Caur.Api.Telemetry;

/// <summary>Sends the traces of this process, if they are to be sent. Otherwise nothing listens, and no span is made.</summary>
public sealed class FarmTracing : IDisposable
{
    /// <summary>What all sources of spans begin with.</summary>
    public const string Sources = "Caur.*";

    /// <summary>The web server's own source: a span for each request, below the caller's (W3C Trace Context).</summary>
    public const string WebServer = "Microsoft.AspNetCore";

    private readonly TracerProvider? _provider;

    /// <summary>Starts to listen.</summary>
    public FarmTracing(TelemetryOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.SendsTraces)
        {
            _provider = Sdk.CreateTracerProviderBuilder()
                .ConfigureServices(services => services.AddSingleton<IConfiguration>(options.Configuration))
                .ConfigureResource(options.Describe)
                .AddSource(Sources)
                .AddSource(WebServer)
                .AddOtlpExporter()
                .Build();
        }
    }

    /// <summary>Sends what waits; whoever ends soon calls it.</summary>
    public void Flush(TimeSpan limit) => _provider?.ForceFlush((int)limit.TotalMilliseconds);

    /// <inheritdoc/>
    public void Dispose() => _provider?.Dispose();
}
