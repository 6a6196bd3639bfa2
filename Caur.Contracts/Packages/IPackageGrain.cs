using System.Collections.Immutable;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Sources;
using Orleans;
using Orleans.Concurrency;

namespace Caur.Contracts.Packages;

/// <summary>What the farm learned of one package folder by building it; its key is the <see cref="SourcePackage"/>.</summary>
[Alias("caur.IPackageGrain")]
public interface IPackageGrain : IGrainWithStringKey
{
    /// <summary>News of a build that ended. The same build again changes nothing; news that are lost cost an estimate and a line of the
    /// history, nothing else.</summary>
    [Alias("Finished")]
    [OneWay]
    Task FinishedAsync(FinishedBuild build);

    /// <summary>How long the next build will probably take.</summary>
    /// <param name="arch">The architecture that it is for.</param>
    [Alias("Estimate")]
    [ReadOnly]
    Task<TimeSpan> EstimateAsync(string arch);

    /// <summary>The builds that ended last and ran at all, the newest first; at most 20, for all targets and architectures.</summary>
    [Alias("GetHistory")]
    [ReadOnly]
    Task<ImmutableArray<FinishedBuild>> GetHistoryAsync();

    /// <summary>Remembers what a run decided of it. The same run again replaces what it said before.</summary>
    [Alias("Decided")]
    Task DecidedAsync(DecidedPackage decision);

    /// <summary>The last decisions, the newest first; at most 5.</summary>
    [Alias("GetDecisions")]
    [ReadOnly]
    Task<ImmutableArray<DecidedPackage>> GetDecisionsAsync();
}

/// <summary>What a run decided of a package.</summary>
[GenerateSerializer, Alias("caur.DecidedPackage"), Immutable]
public sealed record DecidedPackage
{
    /// <summary>When.</summary>
    [Id(0)]
    public required DateTimeOffset Time { get; init; }

    /// <summary>Which run of the source repository.</summary>
    [Id(1)]
    public required long Run { get; init; }

    /// <summary>Of which pipeline.</summary>
    [Id(2)]
    public required string Pipeline { get; init; }

    /// <summary>The commit that the run was about; null when it is not known.</summary>
    [Id(3)]
    public string? Commit { get; init; }

    /// <summary>What.</summary>
    [Id(4)]
    public RunDecisionKind Kind { get; init; }

    /// <summary>Why, for people.</summary>
    [Id(5)]
    public ImmutableArray<string> Reasons { get; init; } = [];

    /// <summary>The ids of the builds that were queued for it.</summary>
    [Id(6)]
    public ImmutableArray<string> Builds { get; init; } = [];

    /// <summary>Why it is not done though it was decided, and what to do; null when it is done.</summary>
    [Id(7)]
    public string? Problem { get; init; }
}

/// <summary>A build that ended, with the attempt that ended it.</summary>
[GenerateSerializer, Alias("caur.FinishedBuild"), Immutable]
public sealed record FinishedBuild
{
    /// <summary>Which build.</summary>
    [Id(0)]
    public required BuildId Build { get; init; }

    /// <summary>Its final state.</summary>
    [Id(1)]
    public required BuildState State { get; init; }

    /// <summary>How its last attempt ended. An attempt that built may be of a build that failed: its publication was refused.</summary>
    [Id(2)]
    public required AttemptEnd End { get; init; }

    /// <summary>Who ran the last attempt.</summary>
    [Id(3)]
    public required BuilderId Builder { get; init; }

    /// <summary>When that builder accepted it, by the hub's clock.</summary>
    [Id(4)]
    public required DateTimeOffset Started { get; init; }

    /// <summary>How long the attempt took a builder's slot: from its acceptance to its report, downloads and upload included, by the
    /// hub's clock. Never negative.</summary>
    [Id(5)]
    public required TimeSpan Duration { get; init; }
}
