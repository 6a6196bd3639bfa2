using Caur.Contracts.Builds;
using Caur.Contracts.Queue;

namespace Caur.Grains.Queue;

/// <summary>A queue in numbers, whatever is in it: made on the queue's turn, read by whoever measures.</summary>
internal sealed record QueueSummary
{
    /// <summary>How many builds are in each state, by <see cref="BuildState"/>.</summary>
    public int[] ByState { get; } = new int[(int)BuildState.Published];

    /// <summary>How many of those that wait do so for each reason, by <see cref="WaitReason"/>. What is ready waits for its turn here, whether
    /// or not a builder fits.</summary>
    public int[] ByReason { get; } = new int[(int)WaitReason.Paused + 1];

    /// <summary>How many builders there are of each kind.</summary>
    public int[] Builders { get; } = new int[(int)BuilderCondition.Lost + 1];

    /// <summary>How many builds run on builders that are here at most.</summary>
    public int Slots { get; set; }

    /// <summary>When the build was queued that waits longest; null when none does.</summary>
    public DateTimeOffset? OldestWaiting { get; set; }

    /// <summary>The same among those that wait for nothing but a builder.</summary>
    public DateTimeOffset? OldestReady { get; set; }

    /// <summary>True while no build is handed out.</summary>
    public bool Paused { get; set; }

    /// <summary>What builders have.</summary>
    public int Active => ByState[(int)BuildState.Running] + ByState[(int)BuildState.Uploading];

    /// <summary>What waits for a builder or its answer.</summary>
    public int Waiting => ByState[(int)BuildState.Waiting] + ByState[(int)BuildState.Assigned];
}

/// <summary>What a builder does, as one word.</summary>
internal enum BuilderCondition
{
    /// <summary>It has a build.</summary>
    Busy,

    /// <summary>It could take builds and has none.</summary>
    Idle,

    /// <summary>It takes no more builds.</summary>
    Draining,

    /// <summary>It cannot run builds.</summary>
    Unfit,

    /// <summary>It was not heard of.</summary>
    Lost,
}
