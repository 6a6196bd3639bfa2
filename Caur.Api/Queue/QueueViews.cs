using System.Text.Json.Serialization;
using Caur.Api.Paging;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;

namespace Caur.Api.Queue;

/// <summary><c>GET /api/v1/queue</c>.</summary>
public sealed record QueuePage : Page<QueuedBuildBody>
{
    /// <summary>The queues that the items are of, whatever of them the page shows.</summary>
    public required IReadOnlyList<QueueCounts> Queues { get; init; }
}

/// <summary>A queue in numbers.</summary>
/// <param name="Arch">Of which architecture.</param>
/// <param name="Paused">No build is handed out.</param>
/// <param name="Waiting">How many builds wait.</param>
/// <param name="Ready">How many of them wait for nothing but a builder.</param>
/// <param name="Active">How many builders or the repository have.</param>
public sealed record QueueCounts(string Arch, bool Paused, int Waiting, int Ready, int Active);

/// <summary>One build in a queue.</summary>
public sealed record QueuedBuildBody
{
    /// <summary>Its id.</summary>
    public required BuildId Build { get; init; }

    /// <summary>What was asked for.</summary>
    public required BuildRequest Request { get; init; }

    /// <summary>Waiting, Assigned, Running, Uploading or Publishing.</summary>
    public required BuildState State { get; init; }

    /// <summary>Why it waits.</summary>
    public WaitReason Wait { get; init; }

    /// <summary>The same for people, naming what it waits for.</summary>
    public string Explanation { get; init; } = "";

    /// <summary>Who has it.</summary>
    public BuilderId? Builder { get; init; }

    /// <summary>How many attempts there were, with the current one.</summary>
    public int Attempts { get; init; }

    /// <summary>Its place among what waits for the same architecture, from 1; null when it does not wait.</summary>
    public int? Position { get; init; }

    /// <summary>When it will probably start; null when it does not wait.</summary>
    public StartBody? Start { get; init; }
}

/// <summary>When a build will probably start.</summary>
/// <param name="At">When; null when that cannot be known.</param>
/// <param name="Seconds">The same from now on, 0 or more; null when it cannot be known.</param>
/// <param name="Rough">True when of a build before it nothing is known of how long it takes: five minutes are assumed.</param>
/// <param name="Reason">Why it cannot be known, for people; null when it can.</param>
public sealed record StartBody(DateTimeOffset? At, long? Seconds, bool Rough, string? Reason)
{
    internal static StartBody Of(StartEstimate estimate, DateTimeOffset now) => new(
        estimate.Starts,
        estimate.Starts is { } starts ? Math.Max(0, (long)Math.Ceiling((starts - now).TotalSeconds)) : null,
        estimate.Rough,
        estimate.Starts is null ? estimate.Reason : null);
}

/// <summary>What <c>POST /api/v1/queue/pause</c> and <c>resume</c> take; it may be left out.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record PauseBody
{
    /// <summary>Which queue. Default: all.</summary>
    public string? Arch { get; init; }
}

/// <summary>What they answer.</summary>
/// <param name="Queues">How the queues stand now.</param>
public sealed record PauseReply(IReadOnlyList<QueueCounts> Queues);

/// <summary>What <c>POST /api/v1/queue/reset</c> takes; it may be left out.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record ResetBody
{
    /// <summary>Which queue. Default: all.</summary>
    public string? Arch { get; init; }

    /// <summary>Why, for the builds that are cancelled; at most 200 characters.</summary>
    public string? Reason { get; init; }
}

/// <summary>What <c>POST /api/v1/queue/reset</c> answers.</summary>
/// <param name="Cancelled">How many builds waited and are cancelled.</param>
/// <param name="Left">How many go on, because builders or the repository have them.</param>
/// <param name="Queues">The same for each queue.</param>
public sealed record QueueResetReply(int Cancelled, int Left, IReadOnlyList<QueueResetCounts> Queues);

/// <summary>One queue that was emptied.</summary>
/// <param name="Arch">Of which architecture.</param>
/// <param name="Cancelled">How many builds waited and are cancelled.</param>
/// <param name="Left">How many go on.</param>
public sealed record QueueResetCounts(string Arch, int Cancelled, int Left);
