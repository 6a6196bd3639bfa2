using System.Collections.Immutable;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;

namespace Caur.Grains.Queue;

/// <summary>What is durable of one build in the queue: one record each, so that no record grows with the farm.</summary>
internal sealed record QueueSlot
{
    public required BuildId Build { get; init; }

    public required BuildRequest Request { get; init; }

    /// <summary>The call that queued it; the same call again changes nothing.</summary>
    public required Guid Operation { get; init; }

    /// <summary>Its place: when it was queued, or when what it replaced was; milliseconds since 1970.</summary>
    public required long Rank { get; init; }

    /// <summary>Waiting, Running, Uploading or Publishing. Assigned is not durable: an offer does not outlive a restart.</summary>
    public BuildState State { get; init; } = BuildState.Waiting;

    public BuilderId? Builder { get; init; }

    public int Attempts { get; init; }

    /// <summary>How many attempts were lost to dying builders and failing engines.</summary>
    public int Losses { get; init; }

    /// <summary>The pkgbases whose failure holds it.</summary>
    public ImmutableArray<string> HeldBy { get; init; } = [];

    /// <summary>The number of the attempt that was counted as lost last; 0 when none is.</summary>
    public int LostAttempt { get; init; }

    /// <summary>The builder that lost it; nobody else can take the loss back.</summary>
    public BuilderId? LostBy { get; init; }

    /// <summary>Not handed out before this time.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>What went wrong with the attempt before, while it rests; empty when nothing did.</summary>
    public string Trouble { get; init; } = "";

    /// <summary>The pkgbases that it depends on and does not wait for, because that would close a cycle.</summary>
    public ImmutableArray<string> Ignores { get; init; } = [];

    /// <summary>Set when its attempt is to be ended: what it is then, and why.</summary>
    public FinalVerdict? Ending { get; init; }
}
