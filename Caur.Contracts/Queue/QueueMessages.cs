using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Orleans;

namespace Caur.Contracts.Queue;

/// <summary>Builds to be queued together.</summary>
[GenerateSerializer, Alias("caur.EnqueueRequest"), Immutable]
public sealed record EnqueueRequest
{
    /// <summary>Names this call: repeating it with the same id queues nothing twice.</summary>
    [Id(0)]
    public required Guid Operation { get; init; }

    /// <summary>What is wanted; a package named twice counts once, the last one.</summary>
    [Id(1)]
    public required ImmutableArray<BuildRequest> Builds { get; init; }

    /// <summary>What was ordered, as a hash: under the same id another one is another order. Null when the caller does not tell.</summary>
    [Id(2)]
    public string? Order { get; init; }
}

/// <summary>What became of one request.</summary>
/// <param name="Build">The build's id.</param>
/// <param name="Replaced">The build whose place it took, if any.</param>
[GenerateSerializer, Alias("caur.QueuedReply"), Immutable]
public sealed record QueuedReply([property: Id(0)] BuildId Build, [property: Id(1)] BuildId? Replaced)
{
    /// <summary>The operation stands for another order, of which this is a build: nothing was queued.</summary>
    [Id(2), JsonIgnore]
    public bool OfAnother { get; init; }
}

/// <summary>One order for a builder.</summary>
/// <param name="Attempt">What to present from now on.</param>
/// <param name="Request">What to build.</param>
[GenerateSerializer, Alias("caur.QueueOffer"), Immutable]
public sealed record QueueOffer([property: Id(0)] BuildAttempt Attempt, [property: Id(1)] BuildRequest Request);

/// <summary>A builder as the queue needs to know it.</summary>
[GenerateSerializer, Alias("caur.BuilderProfile"), Immutable]
public sealed record BuilderProfile
{
    /// <summary>Who.</summary>
    [Id(0)]
    public required BuilderId Builder { get; init; }

    /// <summary>A number or a name.</summary>
    [Id(1)]
    public string Class { get; init; } = "2";

    /// <summary>How many builds run there at the same time.</summary>
    [Id(2)]
    public int Slots { get; init; } = 1;

    /// <summary>Free words that a build may ask for.</summary>
    [Id(3)]
    public ImmutableArray<string> Labels { get; init; } = [];

    /// <summary>The architectures it builds for.</summary>
    [Id(4)]
    public ImmutableArray<string> Architectures { get; init; } = [];

    /// <summary>Takes no more orders.</summary>
    [Id(5)]
    public bool Draining { get; init; }

    /// <summary>What one build may have of its memory, in MiB; 0 when it does not say, and then nothing that wants some fits.</summary>
    [Id(6)]
    public int MemoryMiB { get; init; }

    /// <summary>What is free on its disk for builds, in MiB; 0 when it does not say, and then nothing that wants some fits.</summary>
    [Id(7)]
    public int DiskMiB { get; init; }

    /// <summary>Why it cannot run builds now, for people (no image, no container engine); empty when it can.</summary>
    [Id(8)]
    public string Problem { get; init; } = "";

    /// <summary>Its link is lost; what it runs stays its own until its leases end.</summary>
    [Id(9)]
    public bool Lost { get; init; }

    /// <summary>Takes orders, as far as it says.</summary>
    public bool CanTake => !Draining && !Lost && Problem.Length == 0;
}

/// <summary>Why a build waits.</summary>
[GenerateSerializer, Alias("caur.WaitReason")]
[JsonConverter(typeof(JsonStringEnumConverter<WaitReason>))]
public enum WaitReason
{
    /// <summary>It does not: a builder has it.</summary>
    None,

    /// <summary>Nothing is in its way but the builds before it.</summary>
    Turn,

    /// <summary>A build that it depends on is not published yet.</summary>
    Dependency,

    /// <summary>A build that it depends on failed.</summary>
    Held,

    /// <summary>An earlier build of the same package is past the point where it could be replaced.</summary>
    SamePackage,

    /// <summary>No known builder fits.</summary>
    NoFittingBuilder,

    /// <summary>It is tried again after a pause, because builder or engine failed it.</summary>
    RetryPause,

    /// <summary>The queue is paused.</summary>
    Paused,
}

/// <summary>One build in the queue as people see it.</summary>
[GenerateSerializer, Alias("caur.QueueItem"), Immutable]
public sealed record QueueItem
{
    /// <summary>Which build.</summary>
    [Id(0)]
    public required BuildId Build { get; init; }

    /// <summary>What was asked for.</summary>
    [Id(1)]
    public required BuildRequest Request { get; init; }

    /// <summary>Waiting, Assigned, Running, Uploading or Publishing.</summary>
    [Id(2)]
    public required BuildState State { get; init; }

    /// <summary>Why it waits.</summary>
    [Id(3)]
    public WaitReason Wait { get; init; }

    /// <summary>The same for people, naming what it waits for.</summary>
    [Id(4)]
    public string Explanation { get; init; } = "";

    /// <summary>Who has it.</summary>
    [Id(5)]
    public BuilderId? Builder { get; init; }

    /// <summary>How many attempts there were, with the current one.</summary>
    [Id(6)]
    public int Attempts { get; init; }
}

/// <summary>One builder in the queue's view.</summary>
/// <param name="Profile">What it is.</param>
/// <param name="Busy">How many builds it has.</param>
/// <param name="Lost">True when it was not heard of for longer than it should.</param>
[GenerateSerializer, Alias("caur.QueueBuilder"), Immutable]
public sealed record QueueBuilder(
    [property: Id(0)] BuilderProfile Profile, [property: Id(1)] int Busy, [property: Id(2)] bool Lost);

/// <summary>A build that waits, as far as lists and counts need it.</summary>
/// <param name="Package">Its <see cref="PackageKey"/> as text.</param>
/// <param name="BuilderClass">The builder class wanted; null for 1.</param>
/// <param name="Ready">Nothing is in its way but the builds before it.</param>
/// <param name="Place">By what it is sorted; the earlier comes first.</param>
/// <param name="Chain">How long it and what is behind it take; of the same place, the longer comes first.</param>
/// <param name="Slot">Decides between equal ones.</param>
[GenerateSerializer, Alias("caur.WaitingBuild"), Immutable]
public readonly record struct WaitingBuild(
    [property: Id(0)] string Package,
    [property: Id(1)] string? BuilderClass,
    [property: Id(2)] bool Ready,
    [property: Id(3)] long Place,
    [property: Id(4)] TimeSpan Chain,
    [property: Id(5)] int Slot) : IComparable<WaitingBuild>
{
    /// <summary>What is next comes first.</summary>
    public int CompareTo(WaitingBuild other) =>
        Ready != other.Ready ? (Ready ? -1 : 1)
        : Place != other.Place ? Place.CompareTo(other.Place)
        : Chain != other.Chain ? other.Chain.CompareTo(Chain)
        : Slot.CompareTo(other.Slot);
}

/// <summary>How builds that a builder had ended, since the queue was read from its records.</summary>
/// <param name="Built">Builders did what was asked: something was built, or need not be.</param>
/// <param name="NotBuilt">They did not.</param>
/// <param name="Published">Builds whose packages came into their repository.</param>
/// <param name="Refused">Builds whose packages were refused.</param>
[GenerateSerializer, Alias("caur.QueueTotals"), Immutable]
public sealed record QueueTotals(
    [property: Id(0)] long Built, [property: Id(1)] long NotBuilt, [property: Id(2)] long Published, [property: Id(3)] long Refused);

/// <summary>The queue of one architecture without explanations.</summary>
[GenerateSerializer, Alias("caur.QueueOverview"), Immutable]
public sealed record QueueOverview
{
    /// <summary>The architecture.</summary>
    [Id(0)]
    public required string Arch { get; init; }

    /// <summary>No build is handed out.</summary>
    [Id(1)]
    public bool Paused { get; init; }

    /// <summary>What builders or the repository have, in no order.</summary>
    [Id(2)]
    public ImmutableArray<QueueItem> Active { get; init; } = [];

    /// <summary>What waits, in no order.</summary>
    [Id(3)]
    public ImmutableArray<WaitingBuild> Waiting { get; init; } = [];

    /// <summary>The builders that registered, by name.</summary>
    [Id(4)]
    public ImmutableArray<QueueBuilder> Builders { get; init; } = [];

    /// <summary>How builds ended.</summary>
    [Id(5)]
    public required QueueTotals Totals { get; init; }
}

/// <summary>When a build will probably start.</summary>
/// <param name="Build">Which build; it waits.</param>
/// <param name="Starts">When; null when that cannot be known.</param>
/// <param name="Rough">True when of a build before it nothing is known of how long it takes.</param>
/// <param name="Reason">For people: why it cannot be known; empty when it can.</param>
[GenerateSerializer, Alias("caur.StartEstimate"), Immutable]
public sealed record StartEstimate(
    [property: Id(0)] BuildId Build, [property: Id(1)] DateTimeOffset? Starts, [property: Id(2)] bool Rough, [property: Id(3)] string Reason);

/// <summary>What became of a wish to empty a queue.</summary>
/// <param name="Cancelled">How many builds waited and are cancelled.</param>
/// <param name="Left">How many builders or the repository have, which go on.</param>
[GenerateSerializer, Alias("caur.ResetReply"), Immutable]
public sealed record ResetReply([property: Id(0)] int Cancelled, [property: Id(1)] int Left);

/// <summary>The queue of one architecture.</summary>
[GenerateSerializer, Alias("caur.QueueSnapshot"), Immutable]
public sealed record QueueSnapshot
{
    /// <summary>The architecture.</summary>
    [Id(0)]
    public required string Arch { get; init; }

    /// <summary>What is queued or with a builder; what is next comes first.</summary>
    [Id(1)]
    public ImmutableArray<QueueItem> Items { get; init; } = [];

    /// <summary>The builders that registered.</summary>
    [Id(2)]
    public ImmutableArray<QueueBuilder> Builders { get; init; } = [];

    /// <summary>No build is handed out.</summary>
    [Id(3)]
    public bool Paused { get; init; }
}
