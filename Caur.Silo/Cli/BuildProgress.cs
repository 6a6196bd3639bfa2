using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;

namespace Caur.Silo.Cli;

/// <summary>Where a build is, as somebody who waits for it sees it.</summary>
internal sealed record BuildProgress
{
    public required BuildId Build { get; init; }

    /// <summary>Null when the farm does not know the build any more.</summary>
    public required BuildState? State { get; init; }

    public WaitReason Wait { get; init; }

    public string Reason { get; init; } = "";

    /// <summary>Who has it, or had it last.</summary>
    public string? Builder { get; init; }

    public int Attempts { get; init; }

    /// <summary>From the first builder's acceptance to the final state; null when it never ran or goes on.</summary>
    public double? Seconds { get; init; }

    public bool IsFinal => State?.IsFinal() ?? true;

    /// <summary>True when nothing will happen to it unless something else changes: it is final, or held by a failed dependency.</summary>
    public bool IsSettled => IsFinal || IsHeld;

    public bool IsHeld => State == BuildState.Waiting && Wait == WaitReason.Held;

    /// <summary>True when its packages are in the target repository, or were not wanted.</summary>
    public bool EndedWell => State is BuildState.Published or BuildState.AlreadyBuilt or BuildState.Skipped;

    /// <summary>The state in one word; a held build says so.</summary>
    public string Word => IsHeld ? "Held" : State?.ToString() ?? "Unknown";

    public static BuildProgress Of(QueueItem item) => new()
    {
        Build = item.Build,
        State = item.State,
        Wait = item.Wait,
        Reason = Short(item.Explanation),
        Builder = item.Builder?.ToString(),
        Attempts = item.Attempts,
    };

    public static BuildProgress Of(Api.Queue.QueuedBuildBody item) => new()
    {
        Build = item.Build,
        State = item.State,
        Wait = item.Wait,
        Reason = Short(item.Explanation),
        Builder = item.Builder?.ToString(),
        Attempts = item.Attempts,
    };

    public static BuildProgress Of(Api.Builds.BuildReply reply) => new()
    {
        Build = reply.Build,
        State = reply.State,
        Wait = reply.Wait,
        Reason = Short(reply.Reason),
        Builder = reply.View?.Attempts is [.., var last] ? last.Builder.ToString() : null,
        Attempts = reply.View?.Attempts.Length ?? 0,
        Seconds = reply.View is { Attempts: [var first, ..], Finished: { } finished } ? Math.Max(0, (finished - first.Accepted).TotalSeconds) : null,
    };

    public static BuildProgress Unknown(BuildId build) => new()
    {
        Build = build,
        State = null,
        Reason = "the farm does not know this build any more",
    };

    /// <summary>The word is there already.</summary>
    private static string Short(string reason) => reason.StartsWith("held: ", StringComparison.Ordinal) ? reason["held: ".Length..] : reason;
}
