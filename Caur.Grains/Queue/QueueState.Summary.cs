using System.Collections.Immutable;
using Caur.Contracts.Builds;
using Caur.Contracts.Queue;

namespace Caur.Grains.Queue;

internal sealed partial class QueueState
{
    private QueueSummary? _summary;
    private QueueOverview? _overview;
    private DateTimeOffset _lookedFrom;
    private DateTimeOffset _lookedUntil;

    /// <summary>The queue in numbers. Like <see cref="Overview"/> it is made anew after a change only, and when time alone changes it.</summary>
    public QueueSummary Summarize(DateTimeOffset now)
    {
        if (_summary is null || !IsFresh(now))
        {
            Look(now, list: false);
        }

        return _summary!;
    }

    /// <summary>What a dashboard asks for again and again: nothing of it is explained or sorted, so that it costs little also when all
    /// changes all the time.</summary>
    public QueueOverview Overview(DateTimeOffset now)
    {
        if (_overview is null || !IsFresh(now))
        {
            Look(now, list: true);
        }

        return _overview!;
    }

    private bool IsFresh(DateTimeOffset now) => now >= _lookedFrom && now < _lookedUntil;

    /// <summary>Looks at every build once.</summary>
    /// <param name="now">When.</param>
    /// <param name="list">The builds themselves are wanted too. Without a reader nobody pays for the list.</param>
    private void Look(DateTimeOffset now, bool list)
    {
        var summary = new QueueSummary { Paused = Paused };
        var waiting = ImmutableArray.CreateBuilder<WaitingBuild>(list ? _byBuild.Count : 0);
        var active = ImmutableArray.CreateBuilder<QueueItem>();
        var (oldest, oldestReady) = (long.MaxValue, long.MaxValue);
        foreach (var entry in _byBuild.Values)
        {
            summary.ByState[(int)(entry.Offered ? BuildState.Assigned : entry.Durable.State)]++;
            if (entry.IsWaiting)
            {
                var reason = ReasonOf(entry);
                summary.ByReason[(int)reason]++;
                oldest = Math.Min(oldest, entry.Build.Timestamp);
                oldestReady = reason == WaitReason.Turn ? Math.Min(oldestReady, entry.Build.Timestamp) : oldestReady;
                if (list)
                {
                    waiting.Add(new WaitingBuild(
                        entry.Name, entry.Request.BuilderClass, reason == WaitReason.Turn, QueueRank.Place(entry), entry.Chain, entry.SlotNumber));
                }
            }
            else if (list)
            {
                active.Add(View(entry, now));
            }
        }

        summary.OldestWaiting = TimeOf(oldest);
        summary.OldestReady = TimeOf(oldestReady);
        foreach (var known in _builders.Values)
        {
            var condition = ConditionOf(known, now);
            summary.Builders[(int)condition]++;
            summary.Slots += condition is BuilderCondition.Busy or BuilderCondition.Idle ? known.Profile.Slots : 0;
        }

        _summary = summary;
        _overview = !list ? null : new QueueOverview
        {
            Arch = _arch,
            Paused = Paused,
            Active = active.ToImmutable(),
            Waiting = waiting.DrainToImmutable(),
            Builders = ViewBuilders(now),
            Totals = _totals,
        };
        _lookedFrom = now;
        _lookedUntil = UnchangedUntil(now);
    }

    private static DateTimeOffset? TimeOf(long timestamp) => timestamp == long.MaxValue ? null : DateTimeOffset.FromUnixTimeMilliseconds(timestamp);

    /// <summary>Why it waits, as far as that is told by looking at it alone.</summary>
    private static WaitReason ReasonOf(QueueEntry entry) =>
        IsReady(entry) ? WaitReason.Turn
        : !entry.Durable.HeldBy.IsEmpty ? WaitReason.Held
        : entry.Predecessor is not null ? WaitReason.SamePackage
        : entry.WaitsFor.Count > 0 ? WaitReason.Dependency
        : WaitReason.RetryPause;

    private BuilderCondition ConditionOf(KnownBuilder known, DateTimeOffset now) =>
        IsSilent(known, now) ? BuilderCondition.Lost
        : known.Profile.Problem.Length > 0 ? BuilderCondition.Unfit
        : known.Profile.Draining ? BuilderCondition.Draining
        : BusyOf(known.Profile.Builder) > 0 ? BuilderCondition.Busy
        : BuilderCondition.Idle;
}
