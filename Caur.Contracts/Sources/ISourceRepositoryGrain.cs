using System.Collections.Immutable;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Tracing;
using Orleans;
using Orleans.Concurrency;

namespace Caur.Contracts.Sources;

/// <summary>One source repository; its key is the id in the farm's configuration.</summary>
[Alias("caur.ISourceRepositoryGrain")]
public interface ISourceRepositoryGrain : IGrainWithStringKey
{
    /// <summary>Reads package folders at a commit, resolves what depends on what, and queues them.</summary>
    [Alias("Schedule")]
    [ResponseTimeout("00:10:00")]
    Task<ScheduleReply> ScheduleAsync(ScheduleRequest request);

    /// <summary>Has it follow, if it is to, and go on with a run that a restart ended. Repeating it changes nothing.</summary>
    [Alias("Wake")]
    [AlwaysInterleave]
    Task WakeAsync();

    /// <summary>Orders a run. One runs at a time; one like it that waits already is the answer.</summary>
    [Alias("StartRun")]
    [AlwaysInterleave]
    Task<RunReply> StartRunAsync(RunOrder order);

    /// <summary>Tells of a push: unless it is known or the farm's own, the repository is looked at now.</summary>
    [Alias("Pushed")]
    [AlwaysInterleave]
    Task<PushReply> PushedAsync(PushNews push);

    /// <summary>How it is followed; null when the configuration does not name it.</summary>
    [Alias("GetSource")]
    [AlwaysInterleave]
    Task<SourceView?> GetSourceAsync();

    /// <summary>The runs that are remembered, the newest first: those that wait, the one that runs, and those that ended last.</summary>
    [Alias("ListRuns")]
    [AlwaysInterleave]
    Task<ImmutableArray<RunSummary>> ListRunsAsync();

    /// <summary>A run as it stands; null when there is none of that number, or none any more.</summary>
    [Alias("GetRun")]
    [AlwaysInterleave]
    Task<RunView?> GetRunAsync(long number);

    /// <summary>What is followed of a package folder, what was decided of it, and why; null when nothing is known of it.</summary>
    [Alias("Why")]
    [AlwaysInterleave]
    Task<PackageWhy?> WhyAsync(string pkgbase);
}

/// <summary>A wish to build packages of a source repository.</summary>
[GenerateSerializer, Alias("caur.ScheduleRequest"), Immutable]
public sealed record ScheduleRequest
{
    /// <summary>Names this call: repeating it queues nothing twice.</summary>
    [Id(0)]
    public required Guid Operation { get; init; }

    /// <summary>Where the packages go.</summary>
    [Id(1)]
    public required TargetId Target { get; init; }

    /// <summary>A commit, branch or tag; null for the newest commit of the default branch.</summary>
    [Id(2)]
    public string? Commit { get; init; }

    /// <summary>All package folders of that commit.</summary>
    [Id(3)]
    public bool All { get; init; }

    /// <summary>The package folders wanted, if not all.</summary>
    [Id(4)]
    public ImmutableArray<ScheduledPackage> Packages { get; init; } = [];

    /// <summary>Why.</summary>
    [Id(5)]
    public BuildPriority Priority { get; init; } = BuildPriority.Manual;

    /// <summary>A dependency graph in the manual's form (<c>pkgbase:names:dependencies;...</c>), or null. The commit's own files say it
    /// better and win; this one tells of folders that they do not tell of.</summary>
    [Id(6)]
    public string? Deptree { get; init; }

    /// <summary>The graph given wins over the commit's own where it tells of a folder.</summary>
    [Id(7)]
    public bool DeptreeWins { get; init; }

    /// <summary>The id of the pipeline that asks; null when none does.</summary>
    [Id(8)]
    public string? Pipeline { get; init; }

    /// <summary>The caller's span; null when nobody traces it.</summary>
    [Id(20)]
    public TraceContext? Trace { get; init; }
}

/// <summary>One package wanted.</summary>
/// <param name="Pkgbase">The folder's name.</param>
/// <param name="BuilderClass">Overrides the folder's <c>BUILDER_CLASS</c>; null leaves it.</param>
[GenerateSerializer, Alias("caur.ScheduledPackage"), Immutable]
public sealed record ScheduledPackage([property: Id(0)] string Pkgbase, [property: Id(1)] string? BuilderClass);

/// <summary>What became of the wish.</summary>
[GenerateSerializer, Alias("caur.ScheduleReply"), Immutable]
public sealed record ScheduleReply
{
    /// <summary>Set when nothing at all was queued: repository or commit cannot be had, or a named package is not there.</summary>
    [Id(0)]
    public string? Error { get; init; }

    /// <summary>The commit that <see cref="ScheduleRequest.Commit"/> meant.</summary>
    [Id(1)]
    public string Commit { get; init; } = "";

    /// <summary>What was queued.</summary>
    [Id(2)]
    public ImmutableArray<QueuedBuild> Builds { get; init; } = [];

    /// <summary>What was not, and why.</summary>
    [Id(3)]
    public ImmutableArray<RefusedPackage> Refused { get; init; } = [];

    /// <summary>What people should know of the dependency graph: cycles and the like.</summary>
    [Id(4)]
    public ImmutableArray<string> Notes { get; init; } = [];

    /// <summary>With <see cref="Error"/>: the repository could not be reached, which may be over in a moment.</summary>
    [Id(5)]
    public bool MayPass { get; init; }
}

/// <summary>One queued build.</summary>
/// <param name="Build">Its id.</param>
/// <param name="Replaced">The build whose place it took, if any.</param>
/// <param name="DependsOn">The pkgbases of the source repository that it depends on.</param>
[GenerateSerializer, Alias("caur.QueuedBuild"), Immutable]
public sealed record QueuedBuild(
    [property: Id(0)] BuildId Build, [property: Id(1)] BuildId? Replaced, [property: Id(2)] ImmutableArray<string> DependsOn);

/// <summary>One package that was not queued.</summary>
/// <param name="Pkgbase">Which.</param>
/// <param name="Reason">Why, and what to do.</param>
[GenerateSerializer, Alias("caur.RefusedPackage"), Immutable]
public sealed record RefusedPackage([property: Id(0)] string Pkgbase, [property: Id(1)] string Reason);
