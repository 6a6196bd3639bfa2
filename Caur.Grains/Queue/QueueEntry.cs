using Caur.Contracts.Builds;
using Caur.Contracts.Ids;

namespace Caur.Grains.Queue;

/// <summary>One build in the queue's memory: its durable slot and its edges.</summary>
internal sealed class QueueEntry(int slot, QueueSlot durable)
{
    /// <summary>The number of the record that keeps it.</summary>
    public int SlotNumber { get; } = slot;

    public QueueSlot Durable { get; set; } = durable;

    public BuildId Build => Durable.Build;

    public BuildRequest Request => Durable.Request;

    /// <summary>The package's text: asked for often.</summary>
    public string Name => field ??= Package.ToString();

    public PackageKey Package => Durable.Request.Package;

    /// <summary>What it asks of its builder.</summary>
    public BuildDemand Demand { get; } = BuildDemand.Of(durable.Request);

    /// <summary>True while an offer is out; the durable state is still Waiting.</summary>
    public bool Offered { get; set; }

    /// <summary>Who holds the offer.</summary>
    public BuilderId? OfferedTo { get; set; }

    public DateTimeOffset OfferedUntil { get; set; }

    /// <summary>Not handed out before this time; null once it has passed.</summary>
    public DateTimeOffset? NotBefore { get; set; } = durable.NotBefore;

    /// <summary>Since when a builder has it; null when that was before a restart.</summary>
    public DateTimeOffset? Started { get; set; }

    /// <summary>Since when it publishes, so that lost news are asked for.</summary>
    public DateTimeOffset PublishingSince { get; set; }

    /// <summary>What its build last said of its publication.</summary>
    public string Note { get; set; } = "";

    /// <summary>The builds that come first.</summary>
    public HashSet<QueueEntry> WaitsFor { get; } = [];

    /// <summary>The builds that come after this one.</summary>
    public HashSet<QueueEntry> Dependants { get; } = [];

    /// <summary>The earlier build of the same package, while a builder or the repository has it.</summary>
    public QueueEntry? Predecessor { get; set; }

    /// <summary>Its own estimated duration and that of the longest chain of builds behind it.</summary>
    public TimeSpan Chain { get; set; } = durable.Request.EstimatedDuration;

    public bool IsWaiting => Durable.State == BuildState.Waiting && !Offered;

    /// <summary>True once a builder accepted it.</summary>
    public bool IsActive => Durable.State is BuildState.Running or BuildState.Uploading or BuildState.Publishing;

    /// <summary>The attempt a builder holds or is offered.</summary>
    public BuildAttempt? Attempt =>
        Offered && OfferedTo is { } offered ? new BuildAttempt(Build, Durable.Attempts + 1, offered)
        : IsActive && Durable.Builder is { } builder ? new BuildAttempt(Build, Durable.Attempts, builder)
        : null;
}
