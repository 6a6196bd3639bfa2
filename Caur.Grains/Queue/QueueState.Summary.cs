using Caur.Contracts.Builds;
using Caur.Contracts.Queue;

namespace Caur.Grains.Queue;

internal sealed partial class QueueState
{
    private static readonly TimeSpan SummaryAge = TimeSpan.FromSeconds(5);

    private QueueSummary? _summary;
    private DateTimeOffset _summarized;

    /// <summary>The queue in numbers. It is made anew after a change only, and when builders may have fallen silent.</summary>
    public QueueSummary Summarize(DateTimeOffset now)
    {
        if (_summary is null || now < _summarized || now - _summarized > SummaryAge)
        {
            _summary = MakeSummary(now);
            _summarized = now;
        }

        return _summary;
    }

    private QueueSummary MakeSummary(DateTimeOffset now)
    {
        var summary = new QueueSummary { Paused = Paused };
        var oldest = long.MaxValue;
        foreach (var entry in _byBuild.Values)
        {
            summary.ByState[(int)(entry.Offered ? BuildState.Assigned : entry.Durable.State)]++;
            if (entry.IsWaiting)
            {
                summary.ByReason[(int)ReasonOf(entry)]++;
                oldest = Math.Min(oldest, entry.Build.Timestamp);
            }
        }

        summary.OldestWaiting = oldest == long.MaxValue ? null : DateTimeOffset.FromUnixTimeMilliseconds(oldest);
        foreach (var known in _builders.Values)
        {
            var condition = ConditionOf(known, now);
            summary.Builders[(int)condition]++;
            summary.Slots += condition is BuilderCondition.Busy or BuilderCondition.Idle ? known.Profile.Slots : 0;
        }

        return summary;
    }

    /// <summary>Why it waits, as far as that is told by looking at it alone.</summary>
    private static WaitReason ReasonOf(QueueEntry entry) =>
        !entry.Durable.HeldBy.IsEmpty ? WaitReason.Held
        : entry.Predecessor is not null ? WaitReason.SamePackage
        : entry.WaitsFor.Count > 0 ? WaitReason.Dependency
        : entry.NotBefore is not null ? WaitReason.RetryPause
        : WaitReason.Turn;

    private BuilderCondition ConditionOf(KnownBuilder known, DateTimeOffset now) =>
        IsSilent(known, now) ? BuilderCondition.Lost
        : known.Profile.Problem.Length > 0 ? BuilderCondition.Unfit
        : known.Profile.Draining ? BuilderCondition.Draining
        : BusyOf(known.Profile.Builder) > 0 ? BuilderCondition.Busy
        : BuilderCondition.Idle;
}
