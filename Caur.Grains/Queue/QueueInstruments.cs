using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Caur.Contracts.Builds;
using Caur.Contracts.Farm;
using Caur.Contracts.Queue;
using Caur.Grains.Metrics;
using Microsoft.Extensions.Options;

namespace Caur.Grains.Queue;

/// <summary>What the queues are measured by. Labels come from closed sets: architectures of the configuration, states, reasons, ends.</summary>
internal sealed class QueueInstruments
{
    public const string MeterName = "Caur.Queue";

    private static readonly BuildState[] FinalStates = [.. Enum.GetValues<BuildState>().Where(state => state.IsFinal())];

    private static readonly WaitReason[] Reasons =
        [WaitReason.Turn, WaitReason.Dependency, WaitReason.Held, WaitReason.SamePackage, WaitReason.RetryPause];

    private readonly ConcurrentDictionary<string, QueueSummary> _queues = new(StringComparer.Ordinal);
    private readonly FarmOptions _farm;
    private readonly TimeProvider _clock;
    private readonly ManualInstruments _manual;
    private readonly Counter<long> _enqueued;
    private readonly Counter<long> _finished;
    private readonly Counter<long> _started;
    private readonly Counter<long> _ended;
    private readonly Counter<long> _lost;
    private readonly Histogram<double> _attempt;
    private readonly Histogram<double> _wait;
    private readonly Histogram<double> _total;

    public QueueInstruments(IMeterFactory meters, IOptions<FarmOptions> farm, TimeProvider clock)
    {
        _farm = farm.Value;
        _clock = clock;
        _manual = new ManualInstruments(meters, () => _queues.Values);
        var meter = meters.Create(MeterName);
        _enqueued = meter.CreateCounter<long>("caur.queue.enqueued", "{build}", "Builds queued");
        _finished = meter.CreateCounter<long>("caur.builds.finished", "{build}", "Builds that reached a final state");
        _started = meter.CreateCounter<long>("caur.attempts.started", "{attempt}", "Attempts that builders accepted");
        _ended = meter.CreateCounter<long>("caur.attempts.ended", "{attempt}", "Attempts that ended, by how");
        _lost = meter.CreateCounter<long>("caur.attempts.lost", "{attempt}", "Attempts lost to builders and engines, which count against a build");
        _attempt = Histogram(meter, "caur.attempts.duration", "Time from the start of a build's container to its end, by the builder's clock");
        _wait = Histogram(meter, "caur.queue.wait", "Time from queueing to acceptance by a builder");
        _total = Histogram(meter, "caur.builds.duration", "Time from queueing to the final state, of builds that a builder had");
        Gauge(meter, "caur.queue.builds", "{build}", "Builds in the queue or with a builder, by state", summary =>
            Enumerable.Range(0, summary.ByState.Length).Select(state => ("state", $"{(BuildState)state}", (double)summary.ByState[state])));
        Gauge(meter, "caur.queue.waiting", "{build}", "Builds that wait, by what for; Turn is nothing but a builder", summary =>
            Reasons.Select(reason => ("reason", $"{reason}", (double)summary.ByReason[(int)reason])));
        Gauge(meter, "caur.queue.oldest_wait", "s", "How long the build waits that waits longest", summary => [("", "", SecondsSince(summary.OldestWaiting))]);
        Gauge(meter, "caur.queue.oldest_ready", "s", "The same among those that wait for nothing but a builder", summary => [("", "", SecondsSince(summary.OldestReady))]);
        Gauge(meter, "caur.queue.paused", "", "1 while no build is handed out", summary => [("", "", summary.Paused ? 1 : 0)]);
        Gauge(meter, "caur.builders", "{builder}", "Builders, by what they do", summary =>
            Enumerable.Range(0, summary.Builders.Length).Select(condition => ("condition", $"{(BuilderCondition)condition}", (double)summary.Builders[condition])));
        Gauge(meter, "caur.builders.slots", "{build}", "Builds that the builders that are here run at most", summary => [("", "", summary.Slots)]);

        // So that a rate is right from the first one on.
        _enqueued.Add(0);
        _started.Add(0);
        Array.ForEach(FinalStates, state => _finished.Add(0, State(state)));
        Array.ForEach(Enum.GetValues<AttemptEnd>(), end => _ended.Add(0, End(end)));
        Array.ForEach([AttemptEnd.BuilderLost, AttemptEnd.SystemError], end => _lost.Add(0, Cause(end)));
    }

    /// <summary>The newest numbers of one queue. An architecture that the configuration does not name is nobody's label.</summary>
    public void Report(string arch, QueueSummary summary)
    {
        if (_queues.ContainsKey(arch) || _farm.TargetRepositories.Values.Any(target => target.Architectures.Contains(arch)))
        {
            _queues[arch] = summary;
        }
    }

    public void Forget(string arch) => _queues.TryRemove(arch, out _);

    public void OnEnqueued(int count) => _enqueued.Add(count);

    public void OnAccepted(TimeSpan waited)
    {
        _started.Add(1);
        _wait.Record(Math.Max(0, waited.TotalSeconds));
    }

    public void OnAttemptEnded(AttemptReport report)
    {
        _ended.Add(1, End(report.End));
        if (report.Started is { } started && report.Finished > started)
        {
            _attempt.Record((report.Finished - started).TotalSeconds);
            _manual.OnAttemptEnded(report.End, report.Finished - started);
        }
    }

    public void OnAttemptLost(AttemptEnd end) => _lost.Add(1, Cause(end));

    /// <param name="entry">What ended, as it was before.</param>
    /// <param name="state">How.</param>
    /// <param name="total">From its queueing; zero when no builder had it.</param>
    public void OnFinished(QueueEntry entry, BuildState state, TimeSpan total)
    {
        _finished.Add(1, State(state));
        _manual.OnFinished(entry.Build.Target.Name, state, total, wasPublishing: entry.Durable.State == BuildState.Publishing);
        if (total > TimeSpan.Zero)
        {
            _total.Record(total.TotalSeconds, State(state));
        }
    }

    private static KeyValuePair<string, object?> State(BuildState state) => new("state", state.ToString());

    private static KeyValuePair<string, object?> End(AttemptEnd end) => new("end", end.ToString());

    private static KeyValuePair<string, object?> Cause(AttemptEnd end) => new("cause", end.ToString());

    private double SecondsSince(DateTimeOffset? time) => time is { } since ? Math.Max(0, (_clock.GetUtcNow() - since).TotalSeconds) : 0;

    /// <summary>Builds take seconds to hours.</summary>
    private static Histogram<double> Histogram(Meter meter, string name, string description) => meter.CreateHistogram(
        name, "s", description, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [1, 5, 15, 60, 300, 900, 3600, 10800, 43200] });

    private void Gauge(
        Meter meter, string name, string unit, string description, Func<QueueSummary, IEnumerable<(string Label, string Value, double Count)>> read) =>
        meter.CreateObservableGauge(
            name,
            () => _queues.OrderBy(queue => queue.Key, StringComparer.Ordinal).SelectMany(queue => read(queue.Value).Select(item => item.Label.Length == 0
                ? new Measurement<double>(item.Count, new KeyValuePair<string, object?>("arch", queue.Key))
                : new Measurement<double>(item.Count, new("arch", queue.Key), new(item.Label, item.Value)))),
            unit,
            description);
}
