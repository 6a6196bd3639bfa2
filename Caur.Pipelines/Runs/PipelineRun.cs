using System.Collections.Immutable;
using System.Text.Json.Serialization;

namespace Caur.Pipelines.Runs;

/// <summary>One run of a pipeline: what it looked at, step by step, what it decided of each package and why, and how it ended. It can be kept
/// as grain state and shown as JSON as it is.</summary>
internal sealed record PipelineRun
{
    /// <summary>Which pipeline: <c>on-commit</c>.</summary>
    public required string Pipeline { get; init; }

    /// <summary>True when it only said what it would do.</summary>
    public bool DryRun { get; init; }

    /// <summary>The source repository's id; empty until it is known.</summary>
    public string SourceRepository { get; init; } = "";

    /// <summary>The target repository's name; empty until it is known.</summary>
    public string TargetRepository { get; init; } = "";

    /// <summary>The commit up to which everything had been handed over before; null when there was none, or before it is known.</summary>
    public string? From { get; init; }

    /// <summary>The commit that the run is about; null before it is known.</summary>
    public string? Commit { get; init; }

    public required DateTimeOffset Started { get; init; }

    /// <summary>Null while it runs.</summary>
    public DateTimeOffset? Ended { get; init; }

    public RunOutcome Outcome { get; init; }

    /// <summary>The outcome in a sentence, and what to do about it; empty while it runs.</summary>
    public string Summary { get; init; } = "";

    public ImmutableArray<RunStep> Steps { get; init; } = [];

    /// <summary>One for each package that was thought about, by name.</summary>
    public ImmutableArray<PackageDecision> Decisions { get; init; } = [];

    /// <summary>The web page of the CI job that it runs in; null when it runs in none.</summary>
    public string? Page { get; init; }

    /// <summary>What people should know beside.</summary>
    public ImmutableArray<string> Notes { get; init; } = [];
}

/// <summary>How a run ended. The names are part of what is kept and shown.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<RunOutcome>))]
internal enum RunOutcome
{
    /// <summary>It has not.</summary>
    Running,

    /// <summary>Everything that was wanted was handed over.</summary>
    Succeeded,

    /// <summary>Everything that could be handed over was, and some packages could not: their decisions say why.</summary>
    Incomplete,

    /// <summary>There was nothing to do.</summary>
    NothingToDo,

    /// <summary>A newer commit is there, whose own run does it.</summary>
    Superseded,

    /// <summary>It could not go on. What it handed over is handed over; the same run again does the rest, and nothing twice.</summary>
    Failed,
}

/// <summary>One step of a run.</summary>
/// <param name="Name">Which.</param>
/// <param name="Started">When it began.</param>
/// <param name="Ended">Null while it runs.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Detail">What came of it, for people.</param>
internal sealed record RunStep(string Name, DateTimeOffset Started, DateTimeOffset? Ended, StepOutcome Outcome, string Detail)
{
    /// <summary>How long it took; null while it runs.</summary>
    public TimeSpan? Duration => Ended - Started;
}

/// <summary>How a step ended.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<StepOutcome>))]
internal enum StepOutcome
{
    Running,
    Done,
    Skipped,
    Failed,
}

/// <summary>What was decided of a package.</summary>
/// <param name="Pkgbase">Which.</param>
/// <param name="Kind">What.</param>
/// <param name="Reasons">Why, for people; at least one.</param>
internal sealed record PackageDecision(string Pkgbase, DecisionKind Kind, ImmutableArray<string> Reasons)
{
    /// <summary>The builder class that is asked for; null when its folder decides.</summary>
    public string? BuilderClass { get; init; }

    /// <summary>The ids of the builds that were queued for it.</summary>
    public ImmutableArray<string> Builds { get; init; } = [];

    /// <summary>Why it is not done though it was decided, and what to do; null when it is done, or was not tried.</summary>
    public string? Problem { get; init; }
}

/// <summary>What may be decided of a package. The names are part of what is kept and shown.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<DecisionKind>))]
internal enum DecisionKind
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
