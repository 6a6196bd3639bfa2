using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Caur.Embedded;

/// <summary>What the engine measures. No grain is named: the number of series does not grow with the farm.</summary>
internal sealed class EngineInstruments
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Caur.Engine";

    private readonly Counter<long> _turns;
    private readonly Histogram<double> _turnSeconds;
    private readonly Counter<long> _commits;
    private readonly Counter<long> _changes;
    private readonly Histogram<double> _commitSeconds;
    private readonly Histogram<int> _batchSize;
    private readonly UpDownCounter<long> _activations;
    private readonly Counter<long> _damaged;

    public EngineInstruments(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _turns = meter.CreateCounter<long>("caur.engine.turns", description: "Calls that grains have run.");
        _turnSeconds = meter.CreateHistogram<double>(
            "caur.engine.turn.duration", "s", "From the beginning of a call in its grain to its end, awaits included.");
        _commits = meter.CreateCounter<long>("caur.engine.storage.commits", description: "Commits of grain state, each synced to disk.");
        _changes = meter.CreateCounter<long>("caur.engine.storage.changes", description: "Changes of records that commits carried.");
        _commitSeconds = meter.CreateHistogram<double>("caur.engine.storage.commit.duration", "s", "Time of a commit with its sync.");
        _batchSize = meter.CreateHistogram<int>("caur.engine.storage.batch.size", description: "Changes that one commit carried.");
        _activations = meter.CreateUpDownCounter<long>("caur.engine.activations", description: "Grains in memory.");
        _damaged = meter.CreateCounter<long>(
            "caur.engine.storage.damaged", description: "Records that were read and found damaged; the log has their names.");
    }

    public void TurnEnded(long startedTimestamp)
    {
        _turns.Add(1);
        if (_turnSeconds.Enabled)
        {
            _turnSeconds.Record(Stopwatch.GetElapsedTime(startedTimestamp).TotalSeconds);
        }
    }

    public void Committed(int changes, long startedTimestamp)
    {
        _commits.Add(1);
        _changes.Add(changes);
        _batchSize.Record(changes);
        _commitSeconds.Record(Stopwatch.GetElapsedTime(startedTimestamp).TotalSeconds);
    }

    public void RecordDamaged() => _damaged.Add(1);

    public void ActivationStarted() => _activations.Add(1);

    public void ActivationEnded() => _activations.Add(-1);
}
