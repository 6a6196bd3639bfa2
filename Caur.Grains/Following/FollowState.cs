using System.Collections.Immutable;
using Caur.Contracts.Sources;

namespace Caur.Grains.Following;

/// <summary>What is durable of how a source repository is followed. Bounded. What a run did in detail is in a record of its own.</summary>
internal sealed record FollowState
{
    /// <summary>The number of the newest run.</summary>
    public long LastRun { get; init; }

    /// <summary>What the newest run was begun for, of each pipeline and, behind a slash, each trigger: its starter says what that is.</summary>
    public ImmutableDictionary<string, string> Marks { get; init; } = ImmutableDictionary<string, string>.Empty;

    /// <summary>The run that is under way; null when none is.</summary>
    public RunTicket? Running { get; init; }

    /// <summary>What is run afterwards, in its order: at most one of each kind, and one more of it as a dry run; at most <see cref="FollowMachine.MostWaiting"/>.</summary>
    public ImmutableArray<RunTicket> Waiting { get; init; } = [];

    /// <summary>The runs that ended last, the newest last.</summary>
    public ImmutableArray<RunSummary> Ended { get; init; } = [];

    /// <summary>The commits that runs pushed, the oldest first.</summary>
    public ImmutableArray<string> OwnCommits { get; init; } = [];
}

/// <summary>A run that has not ended.</summary>
internal sealed record RunTicket
{
    public required long Number { get; init; }

    public required string Pipeline { get; init; }

    /// <summary>The trigger whose packages alone are scheduled; null for an ordinary run.</summary>
    public string? Trigger { get; init; }

    /// <summary>The packages that were named; none for pipelines that are about all.</summary>
    public ImmutableArray<string> Packages { get; init; } = [];

    public bool DryRun { get; init; }

    public RunCause Cause { get; init; }

    public required DateTimeOffset Asked { get; init; }

    /// <summary>Names what is ordered, however often it is tried: the orders that a run gives are made of it.</summary>
    public Guid Operation { get; init; }

    /// <summary>What the pipeline's mark was when this began; null before, and when there was none.</summary>
    public string? MarkBefore { get; init; }

    /// <summary>When it began, the last time; null before.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>How often it began.</summary>
    public int Attempts { get; init; }

    /// <summary>How many runs before it failed of something that passes.</summary>
    public int Failures { get; init; }

    /// <summary>It does not begin before; null for at once.</summary>
    public DateTimeOffset? NotBefore { get; init; }
}
