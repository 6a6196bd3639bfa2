using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Caur.Contracts.Builds;

namespace Caur.Grains.Queue;

/// <summary>What the queues are measured by. Labels come from closed sets: architectures of the configuration, states, kinds of loss.</summary>
internal sealed class QueueInstruments
{
    public const string MeterName = "Caur.Queue";

    private readonly ConcurrentDictionary<string, (Func<int> Queued, Func<int> Ready)> _queues = new(StringComparer.Ordinal);
    private readonly Counter<long> _enqueued;
    private readonly Counter<long> _finished;
    private readonly Counter<long> _lost;
    private readonly Histogram<double> _wait;
    private readonly Histogram<double> _total;

    public QueueInstruments(IMeterFactory meters)
    {
        var meter = meters.Create(MeterName);
        _enqueued = meter.CreateCounter<long>("caur.queue.enqueued", "{build}", "Builds queued");
        _finished = meter.CreateCounter<long>("caur.builds.finished", "{build}", "Builds that reached a final state");
        _lost = meter.CreateCounter<long>("caur.attempts.lost", "{attempt}", "Attempts lost to builders and engines");
        _wait = meter.CreateHistogram<double>("caur.queue.wait", "s", "Time from queueing to acceptance by a builder");
        _total = meter.CreateHistogram<double>("caur.builds.duration", "s", "Time from queueing to the final state");
        meter.CreateObservableGauge(
            "caur.queue.builds",
            () => _queues.Select(queue => new Measurement<int>(queue.Value.Queued(), new KeyValuePair<string, object?>("arch", queue.Key))),
            "{build}",
            "Builds in the queue or with a builder");
        meter.CreateObservableGauge(
            "caur.queue.ready",
            () => _queues.Select(queue => new Measurement<int>(queue.Value.Ready(), new KeyValuePair<string, object?>("arch", queue.Key))),
            "{build}",
            "Builds that wait for nothing but a builder");
    }

    public void Track(string arch, Func<int> queued, Func<int> ready) => _queues[arch] = (queued, ready);

    public void Forget(string arch) => _queues.TryRemove(arch, out _);

    public void OnEnqueued(int count) => _enqueued.Add(count);

    public void OnAccepted(TimeSpan waited) => _wait.Record(waited.TotalSeconds);

    public void OnAttemptLost(AttemptEnd end) => _lost.Add(1, new KeyValuePair<string, object?>("cause", end.ToString()));

    public void OnFinished(BuildState state, TimeSpan total)
    {
        var tag = new KeyValuePair<string, object?>("state", state.ToString());
        _finished.Add(1, tag);
        if (total > TimeSpan.Zero)
        {
            _total.Record(total.TotalSeconds, tag);
        }
    }
}
