using System.Diagnostics.Metrics;
using Caur.Api.Telemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Caur.Api.Metrics;

/// <summary>The farm's metrics, collected by OpenTelemetry when somebody asks, and sent by OTLP if they are to be.</summary>
public sealed class FarmMetrics : IDisposable
{
    /// <summary>No instrument has more series: what would be another is counted with the others as <c>otel_metric_overflow</c>, so that the
    /// text stays small whatever happens.</summary>
    private const int MostSeries = 140;

    /// <summary>More than the routes, the methods that each has and the classes of status can be together: none is ever left out.</summary>
    private const int MostRoutes = 1000;

    private readonly Lock _lock = new();
    private readonly TextExporter _exporter = new();
    private readonly BaseExportingMetricReader _reader;
    private readonly MeterProvider _provider;
    private readonly IMeterFactory _meters;

    /// <summary>Starts to listen to the meters of this process, as far as no other host in it has made them.</summary>
    public FarmMetrics(IMeterFactory meters, TelemetryOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _meters = meters;
        _reader = new BaseExportingMetricReader(_exporter);
        var builder = Sdk.CreateMeterProviderBuilder()
            .ConfigureServices(services => services.AddSingleton<IConfiguration>(options.Configuration))
            .ConfigureResource(options.Describe)
            .AddMeter("Caur.*")
            .AddMeter("System.Runtime")
            .AddMeter("Microsoft.AspNetCore.Server.Kestrel")
            .AddView(View)
            .AddReader(_reader);
        _provider = (options.SendsMetrics ? builder.AddOtlpExporter() : builder).Build();
    }

    /// <summary>All metrics as text.</summary>
    /// <param name="openMetrics">OpenMetrics instead of Prometheus' own format.</param>
    public string Collect(bool openMetrics = false)
    {
        lock (_lock)
        {
            _exporter.Text = new PrometheusText(openMetrics);
            _exporter.Collect?.Invoke(Timeout.Infinite);
            return _exporter.Text.ToString();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _provider.Dispose();
        _reader.Dispose();
        _exporter.Dispose();
    }

    private MetricStreamConfiguration? View(Instrument instrument)
    {
        if (instrument.Meter.Scope is IMeterFactory other && !ReferenceEquals(other, _meters))
        {
            return MetricStreamConfiguration.Drop;
        }

        return instrument.Name switch
        {
            // Names that end like parts of a histogram.
            "dotnet.process.cpu.count" => Renamed("dotnet.process.cpus"),
            "dotnet.thread_pool.thread.count" => Renamed("dotnet.thread_pool.threads"),
            "dotnet.thread_pool.work_item.count" => Renamed("dotnet.thread_pool.work_items"),
            "dotnet.timer.count" => Renamed("dotnet.timers"),
            "dotnet.assembly.count" => Renamed("dotnet.assemblies"),

            // Whose labels are addresses and ports; of exceptions, types.
            "kestrel.active_connections" or "kestrel.queued_connections" => new MetricStreamConfiguration { TagKeys = [] },
            "dotnet.exceptions" => MetricStreamConfiguration.Drop,
            _ when instrument.Name.StartsWith("kestrel.", StringComparison.Ordinal) => MetricStreamConfiguration.Drop,
            HttpInstruments.ByRoute => new MetricStreamConfiguration { CardinalityLimit = MostRoutes },
            _ => new MetricStreamConfiguration { CardinalityLimit = MostSeries },
        };
    }

    private static MetricStreamConfiguration Renamed(string name) => new() { Name = name };

    [ExportModes(ExportModes.Pull)]
    private sealed class TextExporter : BaseExporter<Metric>, IPullMetricExporter
    {
        public Func<int, bool>? Collect { get; set; }

        public PrometheusText Text { get; set; } = new(openMetrics: false);

        public override ExportResult Export(in Batch<Metric> batch)
        {
            Text.Write(batch);
            return ExportResult.Success;
        }
    }
}
