using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace Caur.Api.Metrics;

/// <summary>The farm's metrics, collected by OpenTelemetry when somebody asks.</summary>
public sealed class FarmMetrics : IDisposable
{
    private readonly Lock _lock = new();
    private readonly TextExporter _exporter = new();
    private readonly BaseExportingMetricReader _reader;
    private readonly MeterProvider _provider;

    /// <summary>Starts to listen to the meters of this process.</summary>
    public FarmMetrics()
    {
        _reader = new BaseExportingMetricReader(_exporter);
        _provider = Sdk.CreateMeterProviderBuilder()
            .AddMeter("Caur.*")
            .AddMeter("System.Runtime")
            .AddMeter("Microsoft.AspNetCore.Server.Kestrel")
            .AddView(instrument => instrument.Name switch
            {
                // Builds take seconds to hours: the default buckets end at ten seconds.
                "caur.queue.wait" or "caur.builds.duration" => new ExplicitBucketHistogramConfiguration
                {
                    Boundaries = [1, 5, 15, 60, 300, 900, 3600, 10800, 43200],
                },
                _ => null,
            })
            .AddReader(_reader)
            .Build();
    }

    /// <summary>All metrics as text.</summary>
    public string Collect()
    {
        lock (_lock)
        {
            _exporter.Text = new PrometheusText();
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

    [ExportModes(ExportModes.Pull)]
    private sealed class TextExporter : BaseExporter<Metric>, IPullMetricExporter
    {
        public Func<int, bool>? Collect { get; set; }

        public PrometheusText Text { get; set; } = new();

        public override ExportResult Export(in Batch<Metric> batch)
        {
            Text.Write(batch);
            return ExportResult.Success;
        }
    }
}
