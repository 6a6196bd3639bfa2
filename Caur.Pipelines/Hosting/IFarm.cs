using System.Collections.Immutable;

namespace Caur.Pipelines.Hosting;

/// <summary>What a pipeline hands over to: the gateway of a farm when it runs in a CI job, the grains when it runs in the farm itself.</summary>
internal interface IFarm
{
    /// <summary>What the farm builds from and for.</summary>
    /// <exception cref="FarmUnavailableException">It cannot be asked.</exception>
    Task<FarmNames> DescribeAsync(CancellationToken cancellationToken);

    /// <summary>Queues builds. Repeated with the same operation nothing is queued twice.</summary>
    /// <exception cref="FarmUnavailableException">Whether it was done is not known, or it was refused as a whole.</exception>
    Task<ScheduleOutcome> ScheduleAsync(ScheduleOrder order, CancellationToken cancellationToken);

    /// <summary>Removes every package whose pkgbase is not named. Repeated with the same operation nothing is removed twice.</summary>
    /// <exception cref="FarmUnavailableException">Whether it was done is not known, or it was refused.</exception>
    Task<RemovalOutcome> KeepAsync(KeepOrder order, CancellationToken cancellationToken);
}

/// <summary>What a farm builds from and for.</summary>
/// <param name="SourceRepositories">The ids of its source repositories.</param>
/// <param name="TargetRepositories">Its target repositories, with their architectures.</param>
internal sealed record FarmNames(ImmutableArray<string> SourceRepositories, ImmutableArray<FarmTargetName> TargetRepositories);

/// <summary>One target repository.</summary>
internal sealed record FarmTargetName(string Name, ImmutableArray<string> Architectures);

/// <summary>Builds to queue.</summary>
internal sealed record ScheduleOrder
{
    /// <summary>So many packages at most are taken in one order.</summary>
    public const int MaxPackages = 10_000;

    /// <summary>Names the order.</summary>
    public required Guid Operation { get; init; }

    public required string SourceRepository { get; init; }

    public required string TargetRepository { get; init; }

    public required string Arch { get; init; }

    /// <summary>The commit to build, in full.</summary>
    public required string Commit { get; init; }

    /// <summary>The id of the CI pipeline that asks, which commit statuses name; null for none.</summary>
    public string? Pipeline { get; init; }

    public required ImmutableArray<WantedPackage> Packages { get; init; }
}

/// <summary>A package to build.</summary>
/// <param name="Pkgbase">Its folder.</param>
/// <param name="BuilderClass">Null leaves it to the folder.</param>
internal sealed record WantedPackage(string Pkgbase, string? BuilderClass);

/// <summary>What became of it.</summary>
/// <param name="Builds">The ids of the builds, by pkgbase.</param>
/// <param name="Refused">Why some are not built, by pkgbase.</param>
/// <param name="Notes">For people.</param>
internal sealed record ScheduleOutcome(
    ImmutableDictionary<string, string> Builds, ImmutableDictionary<string, string> Refused, ImmutableArray<string> Notes);

/// <summary>Everything is to be removed but some pkgbases.</summary>
internal sealed record KeepOrder
{
    public required Guid Operation { get; init; }

    public required string TargetRepository { get; init; }

    public required string Arch { get; init; }

    /// <summary>The pkgbases that stay; at least one.</summary>
    public required ImmutableArray<string> Pkgbases { get; init; }

    /// <summary>Also when more than a fifth of the packages goes.</summary>
    public bool Force { get; init; }

    /// <summary>Only say what would go.</summary>
    public bool DryRun { get; init; }

    /// <summary>Why, for the farm's log.</summary>
    public required string Reason { get; init; }
}

/// <summary>What became of it.</summary>
/// <param name="Removed">The packages that went, or would go, by pkgbase.</param>
/// <param name="Waits">Why it is ordered and not in effect yet; null when it is.</param>
internal sealed record RemovalOutcome(ImmutableDictionary<string, ImmutableArray<string>> Removed, string? Waits);
