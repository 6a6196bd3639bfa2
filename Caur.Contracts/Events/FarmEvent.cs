using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Sources;
using Orleans;

namespace Caur.Contracts.Events;

/// <summary>What an event tells of.</summary>
[GenerateSerializer, Alias("caur.FarmEventKind")]
[JsonConverter(typeof(JsonStringEnumConverter<FarmEventKind>))]
public enum FarmEventKind
{
    /// <summary>Events are missing here: whoever kept lists up to date by them reads the lists again.</summary>
    Reset,

    /// <summary>A build came into another state.</summary>
    Build,

    /// <summary>A target repository has another generation.</summary>
    Publication,

    /// <summary>A builder came, went, or takes builds or not.</summary>
    Builder,

    /// <summary>A queue was paused or goes on.</summary>
    Queue,

    /// <summary>A run of a source repository's pipeline began or ended, or a step of it.</summary>
    Run,
}

/// <summary>Something that happened on the farm. It is told after it is durable.</summary>
[GenerateSerializer, Alias("caur.FarmEvent"), Immutable]
public sealed record FarmEvent
{
    /// <summary>Its number; those of one run follow each other without a gap. Whoever keeps the events gives it.</summary>
    [Id(0)]
    public long Number { get; init; }

    /// <summary>When.</summary>
    [Id(1)]
    public required DateTimeOffset Time { get; init; }

    /// <summary>What of; the part of that name is set.</summary>
    [Id(2)]
    public required FarmEventKind Kind { get; init; }

    /// <summary>For people: why, or what is missing.</summary>
    [Id(3)]
    public string Reason { get; init; } = "";

    /// <summary>The build.</summary>
    [Id(4)]
    public BuildChange? Build { get; init; }

    /// <summary>The publication.</summary>
    [Id(5)]
    public PublicationChange? Publication { get; init; }

    /// <summary>The builder.</summary>
    [Id(6)]
    public BuilderChange? Builder { get; init; }

    /// <summary>The queue.</summary>
    [Id(7)]
    public QueueChange? Queue { get; init; }

    /// <summary>The run.</summary>
    [Id(8)]
    public RunChange? Run { get; init; }
}

/// <summary>A build's state.</summary>
/// <param name="Build">Which build.</param>
/// <param name="State">Where it is now.</param>
/// <param name="Builder">Who has it, if anybody.</param>
/// <param name="Attempts">How many attempts there were, with the current one.</param>
[GenerateSerializer, Alias("caur.BuildChange"), Immutable]
public sealed record BuildChange(
    [property: Id(0)] BuildId Build, [property: Id(1)] BuildState State, [property: Id(2)] BuilderId? Builder, [property: Id(3)] int Attempts);

/// <summary>A new generation.</summary>
/// <param name="Target">Of which repository.</param>
/// <param name="Generation">Its number.</param>
/// <param name="Builds">The builds that were published with it, 100 at most; none when packages were removed or came back.</param>
[GenerateSerializer, Alias("caur.PublicationChange"), Immutable]
public sealed record PublicationChange(
    [property: Id(0)] TargetId Target, [property: Id(1)] long Generation, [property: Id(2)] ImmutableArray<BuildId> Builds)
{
    /// <summary>So many builds are named.</summary>
    public const int NamedAtMost = 100;
}

/// <summary>How a builder stands.</summary>
[GenerateSerializer, Alias("caur.BuilderPresence")]
[JsonConverter(typeof(JsonStringEnumConverter<BuilderPresence>))]
public enum BuilderPresence
{
    /// <summary>It is here and takes builds.</summary>
    Ready,

    /// <summary>It is here and takes no more builds.</summary>
    Draining,

    /// <summary>It is here and cannot run builds.</summary>
    Unfit,

    /// <summary>Nothing was heard of it for longer than it should be.</summary>
    Lost,

    /// <summary>It said goodbye.</summary>
    Gone,
}

/// <summary>A builder's change.</summary>
/// <param name="Builder">Which builder.</param>
/// <param name="State">How it stands now.</param>
/// <param name="Slots">How many builds it runs at the same time.</param>
[GenerateSerializer, Alias("caur.BuilderChange"), Immutable]
public sealed record BuilderChange(
    [property: Id(0)] BuilderId Builder, [property: Id(1)] BuilderPresence State, [property: Id(2)] int Slots);

/// <summary>A queue's change.</summary>
/// <param name="Arch">Of which architecture.</param>
/// <param name="Paused">No build is handed out.</param>
[GenerateSerializer, Alias("caur.QueueChange"), Immutable]
public sealed record QueueChange([property: Id(0)] string Arch, [property: Id(1)] bool Paused);

/// <summary>A run's change.</summary>
/// <param name="Source">Of which source repository.</param>
/// <param name="Number">Which run.</param>
/// <param name="Pipeline">Of which pipeline.</param>
/// <param name="State">How it stands.</param>
/// <param name="Step">The step that the event is of; null when it is of the whole run.</param>
/// <param name="StepState">How that step stands; null when the event is of the whole run.</param>
[GenerateSerializer, Alias("caur.RunChange"), Immutable]
public sealed record RunChange(
    [property: Id(0)] string Source,
    [property: Id(1)] long Number,
    [property: Id(2)] string Pipeline,
    [property: Id(3)] RunState State,
    [property: Id(4)] string? Step,
    [property: Id(5)] RunStepState? StepState);
