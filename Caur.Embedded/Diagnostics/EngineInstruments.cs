using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Caur.Embedded;

/// <summary>What the engine measures. No grain is named: the number of series does not grow with the farm. What can be asked for when
/// somebody looks is not counted on the way.</summary>
internal sealed class EngineInstruments
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Caur.Engine";

    private readonly Histogram<double> _turnSeconds;
    private readonly Counter<long> _changes;
    private readonly Histogram<double> _commitSeconds;
    private readonly Counter<long> _damaged;
    private Func<int> _activations = static () => 0;
    private Func<int> _queued = static () => 0;

    public EngineInstruments(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _turnSeconds = meter.CreateHistogram(
            "caur.engine.turn.duration",
            "s",
            "Calls that grains have run, from the beginning in the grain to the end, awaits included",
            null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0001, 0.001, 0.01, 0.1, 1, 10] });
        _commitSeconds = meter.CreateHistogram(
            "caur.engine.storage.commit.duration",
            "s",
            "Commits of grain state and how long each took, with its sync to the disk",
            null,
            new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.0005, 0.002, 0.01, 0.05, 0.25, 1, 5] });
        _changes = meter.CreateCounter<long>("caur.engine.storage.changes", "{change}", "Changes of records that commits carried");
        _damaged = meter.CreateCounter<long>(
            "caur.engine.storage.damaged", "{record}", "Records that were read and found damaged; the log has their names");
        _damaged.Add(0);
        meter.CreateObservableGauge("caur.engine.activations", () => _activations(), "{grain}", "Grains in memory");
        meter.CreateObservableGauge("caur.engine.calls.queued", () => _queued(), "{call}", "Calls that wait for their grain");
    }

    /// <summary>Says where to look when somebody asks.</summary>
    public void Watch(Func<int> activations, Func<int> queued)
    {
        _activations = activations;
        _queued = queued;
    }

    public void TurnEnded(long startedTimestamp)
    {
        if (_turnSeconds.Enabled)
        {
            _turnSeconds.Record(Stopwatch.GetElapsedTime(startedTimestamp).TotalSeconds);
        }
    }

    public void Committed(int changes, long startedTimestamp)
    {
        _changes.Add(changes);
        _commitSeconds.Record(Stopwatch.GetElapsedTime(startedTimestamp).TotalSeconds);
    }

    public void RecordDamaged() => _damaged.Add(1);
}
