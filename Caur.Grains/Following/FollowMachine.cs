using System.Collections.Immutable;
using Caur.Contracts.Sources;
using Caur.Pipelines.Commits;

namespace Caur.Grains.Following;

/// <summary>Which run comes when: one at a time, and what comes meanwhile is one more afterwards. Decides only.</summary>
internal static class FollowMachine
{
    /// <summary>So many runs that ended are remembered.</summary>
    public const int Kept = 20;

    /// <summary>So many runs wait at most.</summary>
    public const int MostWaiting = 50;

    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(30);

    /// <summary>A run is wanted. One like it that waits is that one, and waits no longer for its next try.</summary>
    public static (FollowState Next, RunTicket Ticket) Order(FollowState state, RunOrder order, RunCause cause, DateTimeOffset now)
    {
        if (state.Waiting.FirstOrDefault(one => IsLike(one, order)) is { } waiting)
        {
            var sooner = waiting with { NotBefore = null, Failures = 0, Cause = waiting.Cause == RunCause.Retry ? cause : waiting.Cause };
            return (state with { Waiting = state.Waiting.Replace(waiting, sooner) }, sooner);
        }

        var ticket = new RunTicket
        {
            Number = state.LastRun + 1,
            Pipeline = order.Pipeline,
            Trigger = order.Trigger,
            Packages = order.Packages,
            DryRun = order.DryRun,
            Cause = cause,
            Asked = now,
            Operation = Guid.NewGuid(),
        };
        return (state with { LastRun = ticket.Number, Waiting = state.Waiting.Add(ticket) }, ticket);
    }

    /// <summary>A look found where things stand. When that is new, a run is wanted; what the farm pushed itself is none.</summary>
    public static FollowState Look(FollowState state, string pipeline, FoundMark found, bool isOwn, RunCause cause, DateTimeOffset now)
    {
        if (IsKnown(state, pipeline, found))
        {
            return state;
        }

        var marked = state with { Marks = state.Marks.SetItem(KeyOf(pipeline, found.Trigger), found.Mark) };
        return isOwn ? marked : Order(marked, new RunOrder { Pipeline = pipeline, Trigger = found.Trigger }, cause, now).Next;
    }

    /// <summary>Whether a run was begun for what a look found, or is going to be. A moment before the known one is known too: the clock was set back.
    /// Only what lies a day ahead of it is none: there it had been wrong.</summary>
    public static bool IsKnown(FollowState state, string pipeline, FoundMark found) =>
        state.Marks.GetValueOrDefault(KeyOf(pipeline, found.Trigger)) is { } known
        && (known == found.Mark || (found.Time is { } time && FoundMark.TimeOf(known) is { } before && time <= before && before - time < TimeSpan.FromDays(1)));

    private static bool IsLike(RunTicket ticket, RunOrder order) =>
        ticket.Pipeline == order.Pipeline && ticket.Trigger == order.Trigger && ticket.DryRun == order.DryRun && ticket.Packages.SequenceEqual(order.Packages);

    private static RunOrder OrderOf(RunTicket ticket) =>
        new() { Pipeline = ticket.Pipeline, Trigger = ticket.Trigger, Packages = ticket.Packages, DryRun = ticket.DryRun };

    private static string KeyOf(string pipeline, string? trigger) => trigger is null ? pipeline : $"{pipeline}/{trigger}";

    /// <summary>Begins the next run, or the one that a restart ended once more. Nothing changes when none is due.</summary>
    public static FollowState Begin(FollowState state, DateTimeOffset now)
    {
        if (state.Running is { } again)
        {
            return state with { Running = again with { Started = now, Attempts = again.Attempts + 1 } };
        }

        var due = state.Waiting.Where(one => one.NotBefore is not { } time || time <= now || time > now + LongestPause).ToList();

        // What was committed comes before what is looked for, which wants all commits to be handed over.
        return (due.Find(one => one.Pipeline == OnCommitPipeline.Name) ?? due.FirstOrDefault()) is not { } next ? state : state with
        {
            Running = next with { Started = now, Attempts = 1, NotBefore = null, MarkBefore = state.Marks.GetValueOrDefault(KeyOf(next.Pipeline, next.Trigger)) },
            Waiting = state.Waiting.Remove(next),
        };
    }

    /// <summary>When the next run is due; null when none waits.</summary>
    public static DateTimeOffset? NextDue(FollowState state) =>
        state.Waiting.Length == 0 ? null : state.Waiting.Min(one => one.NotBefore ?? DateTimeOffset.MinValue);

    /// <summary>The run that is under way ended.</summary>
    /// <param name="state">What is.</param>
    /// <param name="ended">How it ended.</param>
    /// <param name="mayPass">It failed of something that passes: it is tried again, with longer and longer pauses.</param>
    /// <param name="mark">Where things stood that it was about; null when that is not known.</param>
    /// <param name="ownCommits">What it pushed, after what was known.</param>
    /// <param name="now">The time.</param>
    public static FollowState End(
        FollowState state, RunSummary ended, bool mayPass, string? mark, ImmutableArray<string> ownCommits, DateTimeOffset now)
    {
        var ticket = state.Running ?? throw new InvalidOperationException("no run is under way");
        var key = KeyOf(ticket.Pipeline, ticket.Trigger);
        var next = state with
        {
            Running = null,
            Ended = [.. state.Ended.Add(ended).TakeLast(Kept)],
            OwnCommits = ownCommits,
            Marks = mark is null || ticket.DryRun || state.Marks.GetValueOrDefault(key) != ticket.MarkBefore
                ? state.Marks // A look has found something newer meanwhile.
                : state.Marks.SetItem(key, mark),
        };
        var failures = ticket.Failures + 1;
        if (!mayPass || ticket.DryRun || next.Waiting.Any(one => IsLike(one, OrderOf(ticket))))
        {
            return next;
        }

        var retry = new RunTicket
        {
            Number = next.LastRun + 1,
            Pipeline = ticket.Pipeline,
            Trigger = ticket.Trigger,
            Packages = ticket.Packages,
            Cause = RunCause.Retry,
            Asked = now,
            Operation = ticket.Operation,
            Failures = failures,
            NotBefore = now + PauseAfter(failures),
        };
        return next with { LastRun = retry.Number, Waiting = next.Waiting.Add(retry) };
    }

    /// <summary>A minute, and twice as long each time, up to the longest: what is away for a day is built when it is back.</summary>
    private static TimeSpan PauseAfter(int failures)
    {
        var pause = TimeSpan.FromMinutes(Math.Pow(2, Math.Min(failures, 10) - 1));
        return pause < LongestPause ? pause : LongestPause;
    }
}
