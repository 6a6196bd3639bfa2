using Caur.Contracts.Builds;
using Caur.Contracts.Repositories;

namespace Caur.Grains.Builds;

/// <summary>The life of one build as pure steps: record and command in, next record out. A step that changes nothing returns the
/// same record.</summary>
internal static class BuildMachine
{
    private const string WaitsForPublication = "waits for its publication";

    /// <summary>A builder starts an attempt. A higher number ends the one before it, whose builder is gone.</summary>
    /// <returns>The next record, and whether the attempt is the current one.</returns>
    public static (BuildRecord Next, bool Current) Accept(BuildRecord record, BuildRequest request, BuildAttempt attempt, DateTimeOffset now)
    {
        if (record.IsRunning(attempt))
        {
            return (record, true);
        }

        if (record.State.IsFinal() || record.State == BuildState.Publishing || attempt.Number <= record.AttemptCount)
        {
            return (record, false);
        }

        return (record with
        {
            Request = request,
            State = BuildState.Running,
            Reason = $"attempt {attempt.Number} on {attempt.Builder.Name}",
            Attempts = EndLast(record, AttemptEnd.BuilderLost, "given to another builder", now)
                .Add(new AttemptView { Number = attempt.Number, Builder = attempt.Builder, Accepted = now }),
        }, true);
    }

    /// <summary>The current attempt uploads.</summary>
    public static BuildRecord Uploading(BuildRecord record, BuildAttempt attempt) =>
        record.IsRunning(attempt) && record.State != BuildState.Uploading ? record with { State = BuildState.Uploading, Reason = "uploads its archives" } : record;

    /// <summary>An attempt ended.</summary>
    /// <param name="record">The build.</param>
    /// <param name="report">How the attempt ended.</param>
    /// <param name="verdict">The final state that follows, or null when it publishes or is tried again.</param>
    /// <param name="now">The time here.</param>
    public static (BuildRecord Next, bool Current) Complete(BuildRecord record, AttemptReport report, FinalVerdict? verdict, DateTimeOffset now)
    {
        if (!record.IsRunning(report.Attempt))
        {
            // The same report again is answered as the first time.
            return (record, record.IsLast(report.Attempt) && record.Attempts[^1].End == report.End);
        }

        var last = record.Attempts[^1] with
        {
            End = report.End,
            Message = report.Message,
            Ended = now,
            ImageDigest = report.ImageDigest,
            ExitCode = report.ExitCode,
        };
        var next = record with { Attempts = record.Attempts.SetItem(record.Attempts.Length - 1, last) };
        if (report.End == AttemptEnd.Built)
        {
            return (next with { State = BuildState.Publishing, Reason = WaitsForPublication, Archives = report.Archives }, true);
        }

        return (verdict is null
            ? next with { State = BuildState.Waiting, Reason = $"attempt {last.Number} ended: {Text(report)}" }
            : Final(next, verdict, now), true);
    }

    /// <summary>A build ends that no builder has.</summary>
    public static BuildRecord Close(BuildRecord record, BuildRequest request, FinalVerdict verdict, DateTimeOffset now) =>
        record.State.IsFinal()
            ? record
            : Final(record with { Request = request, Attempts = EndLast(record, AttemptEnd.Cancelled, verdict.Reason, now) }, verdict, now);

    /// <summary>The target repository has news.</summary>
    public static BuildRecord Published(BuildRecord record, PublicationNews news, DateTimeOffset now)
    {
        if (record.State != BuildState.Publishing || news.Attempt != record.AttemptCount)
        {
            return record;
        }

        return news.State switch
        {
            PublicationState.Published => Final(
                record with { Generation = news.Generation },
                new FinalVerdict(BuildState.Published, $"in generation {news.Generation} of {news.Build.Target}"),
                now),
            PublicationState.Refused => Final(record, new FinalVerdict(BuildState.Failed, $"not published: {news.Reason}"), now),
            _ => WaitsBecause(news) is var reason && reason != record.Reason ? record with { Reason = reason } : record,
        };
    }

    /// <summary>What keeps the repository from publishing is why the build waits, for as long as it does.</summary>
    private static string WaitsBecause(PublicationNews news) =>
        news.Reason.Length > 0 ? $"{WaitsForPublication}: {news.Reason}" : WaitsForPublication;

    private static BuildRecord Final(BuildRecord record, FinalVerdict verdict, DateTimeOffset now) =>
        record with { State = verdict.State, Reason = verdict.Reason, Finished = now };

    private static System.Collections.Immutable.ImmutableArray<AttemptView> EndLast(
        BuildRecord record, AttemptEnd end, string message, DateTimeOffset now) =>
        record.AttemptCount > 0 && record.Attempts[^1].End is null
            ? record.Attempts.SetItem(record.Attempts.Length - 1, record.Attempts[^1] with { End = end, Message = message, Ended = now })
            : record.Attempts;

    private static string Text(AttemptReport report) => report.Message.Length > 0 ? report.Message : report.End.ToString();
}
