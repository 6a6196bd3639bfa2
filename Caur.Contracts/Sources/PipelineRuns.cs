using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Orleans;

namespace Caur.Contracts.Sources;

/// <summary>How a run stands. The names are part of what is kept and shown.</summary>
[GenerateSerializer, Alias("caur.RunState")]
[JsonConverter(typeof(JsonStringEnumConverter<RunState>))]
public enum RunState
{
    /// <summary>Another run of the same repository is before it, or its time has not come.</summary>
    Waiting,

    /// <summary>It runs.</summary>
    Running,

    /// <summary>Everything that was wanted was handed over.</summary>
    Succeeded,

    /// <summary>Everything that could be handed over was, and some packages could not.</summary>
    Incomplete,

    /// <summary>There was nothing to do.</summary>
    NothingToDo,

    /// <summary>A newer commit is there, whose own run does it.</summary>
    Superseded,

    /// <summary>It could not go on; its summary says what to do.</summary>
    Failed,
}

/// <summary>Why there is a run.</summary>
[GenerateSerializer, Alias("caur.RunCause")]
[JsonConverter(typeof(JsonStringEnumConverter<RunCause>))]
public enum RunCause
{
    /// <summary>Somebody ordered it.</summary>
    Order,

    /// <summary>The farm looked, and there was something new.</summary>
    Poll,

    /// <summary>A webhook had the farm look.</summary>
    Webhook,

    /// <summary>The run before it failed of something that passes.</summary>
    Retry,

    /// <summary>Its time had come.</summary>
    Schedule,
}

/// <summary>How a step of a run stands.</summary>
[GenerateSerializer, Alias("caur.RunStepState")]
[JsonConverter(typeof(JsonStringEnumConverter<RunStepState>))]
public enum RunStepState
{
    /// <summary>It runs.</summary>
    Running,

    /// <summary>It is done.</summary>
    Done,

    /// <summary>There was nothing to do.</summary>
    Skipped,

    /// <summary>It failed.</summary>
    Failed,
}

/// <summary>What may be decided of a package.</summary>
[GenerateSerializer, Alias("caur.RunDecisionKind")]
[JsonConverter(typeof(JsonStringEnumConverter<RunDecisionKind>))]
public enum RunDecisionKind
{
    /// <summary>Nothing is to be done.</summary>
    None,

    /// <summary>It is built.</summary>
    Build,

    /// <summary>It leaves the target repository.</summary>
    Remove,

    /// <summary>Its folder changes, and it is not built now.</summary>
    Update,

    /// <summary>Somebody has to look at its change first.</summary>
    Review,

    /// <summary>It could not be looked at, or not wholly.</summary>
    Skipped,
}

/// <summary>A run of a pipeline, in short.</summary>
[GenerateSerializer, Alias("caur.RunSummary"), Immutable]
public sealed record RunSummary
{
    /// <summary>Its number; a source repository counts its runs from 1.</summary>
    [Id(0)]
    public required long Number { get; init; }

    /// <summary>Which pipeline: <c>on-commit</c>.</summary>
    [Id(1)]
    public required string Pipeline { get; init; }

    /// <summary>True when it only says what it would do.</summary>
    [Id(2)]
    public bool DryRun { get; init; }

    /// <summary>Why there is one.</summary>
    [Id(3)]
    public RunCause Cause { get; init; }

    /// <summary>How it stands.</summary>
    [Id(4)]
    public RunState State { get; init; }

    /// <summary>The outcome in a sentence, and what to do about it; empty before it ends.</summary>
    [Id(5)]
    public string Summary { get; init; } = "";

    /// <summary>When it was wanted.</summary>
    [Id(6)]
    public required DateTimeOffset Asked { get; init; }

    /// <summary>When it began, the last time where it had to begin again; null before.</summary>
    [Id(7)]
    public DateTimeOffset? Started { get; init; }

    /// <summary>Null before it ends.</summary>
    [Id(8)]
    public DateTimeOffset? Ended { get; init; }

    /// <summary>The commit up to which everything had been handed over before; null when there was none, or before it is known.</summary>
    [Id(9)]
    public string? From { get; init; }

    /// <summary>The commit that it is about; null before it is known.</summary>
    [Id(10)]
    public string? Commit { get; init; }

    /// <summary>The target repository; empty before it is known.</summary>
    [Id(11)]
    public string Target { get; init; } = "";

    /// <summary>How many packages are built by it.</summary>
    [Id(12)]
    public int Builds { get; init; }

    /// <summary>How many leave the target repository.</summary>
    [Id(13)]
    public int Removals { get; init; }

    /// <summary>How many were to be built or removed and could not.</summary>
    [Id(14)]
    public int Problems { get; init; }

    /// <summary>How often it began: more than once when the hub ended in the middle of it.</summary>
    [Id(15)]
    public int Attempts { get; init; }

    /// <summary>It does not begin before; null when it need not wait.</summary>
    [Id(16)]
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>The trigger whose packages alone it schedules (<c>CI_ON_TRIGGER</c>); null for an ordinary run.</summary>
    [Id(17)]
    public string? Trigger { get; init; }
}

/// <summary>A run with everything that is known of it.</summary>
[GenerateSerializer, Alias("caur.RunView"), Immutable]
public sealed record RunView
{
    /// <summary>So many decisions are kept of a run; every package keeps its own beside.</summary>
    public const int KeptDecisions = 500;

    /// <summary>So many notes are kept.</summary>
    public const int KeptNotes = 100;

    /// <summary>The run in short.</summary>
    [Id(0)]
    public required RunSummary Run { get; init; }

    /// <summary>What it did, in its order.</summary>
    [Id(1)]
    public ImmutableArray<RunStepView> Steps { get; init; } = [];

    /// <summary>What was decided of each package that it thought about, by name; not more than <see cref="KeptDecisions"/>.</summary>
    [Id(2)]
    public ImmutableArray<RunDecision> Decisions { get; init; } = [];

    /// <summary>How many decisions there were more.</summary>
    [Id(3)]
    public int MoreDecisions { get; init; }

    /// <summary>What people should know beside.</summary>
    [Id(4)]
    public ImmutableArray<string> Notes { get; init; } = [];
}

/// <summary>A step of a run.</summary>
/// <param name="Name">Which.</param>
/// <param name="Started">When it began.</param>
/// <param name="Ended">Null while it runs.</param>
/// <param name="State">How it stands.</param>
/// <param name="Detail">What came of it, for people.</param>
[GenerateSerializer, Alias("caur.RunStepView"), Immutable]
public sealed record RunStepView(
    [property: Id(0)] string Name,
    [property: Id(1)] DateTimeOffset Started,
    [property: Id(2)] DateTimeOffset? Ended,
    [property: Id(3)] RunStepState State,
    [property: Id(4)] string Detail);

/// <summary>What was decided of a package.</summary>
[GenerateSerializer, Alias("caur.RunDecision"), Immutable]
public sealed record RunDecision
{
    /// <summary>Which package folder.</summary>
    [Id(0)]
    public required string Pkgbase { get; init; }

    /// <summary>What.</summary>
    [Id(1)]
    public RunDecisionKind Kind { get; init; }

    /// <summary>Why, for people.</summary>
    [Id(2)]
    public ImmutableArray<string> Reasons { get; init; } = [];

    /// <summary>The builder class that is asked for; null when the folder decides.</summary>
    [Id(3)]
    public string? BuilderClass { get; init; }

    /// <summary>The ids of the builds that were queued for it.</summary>
    [Id(4)]
    public ImmutableArray<string> Builds { get; init; } = [];

    /// <summary>Why it is not done though it was decided, and what to do; null when it is done, or was not tried.</summary>
    [Id(5)]
    public string? Problem { get; init; }
}
