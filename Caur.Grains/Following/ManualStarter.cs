using System.Collections.Immutable;
using System.Globalization;
using Caur.Contracts.Builds;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Sources;
using Caur.Grains.Sources;
using Caur.Pipelines.Hosting;
using Caur.Pipelines.Manual;
using Caur.Pipelines.Pushes;
using Caur.Pipelines.Reading;
using Caur.Pipelines.Runs;
using Caur.Storage.Processes;
using Microsoft.Extensions.Options;
using Orleans;

namespace Caur.Grains.Following;

/// <summary>The pipelines that somebody starts for packages that are named.</summary>
internal abstract class ManualStarter(
    SourceClones clones, ScheduleHosts hosts, ProcessRunner processes, IGrainFactory grains, IOptions<FarmOptions> farm, TimeProvider clock) : IPipelineStarter
{
    /// <summary>For a name with an address behind it.</summary>
    private const int LongestName = 2000;

    public abstract string Pipeline { get; }

    public RunCause Cause => RunCause.Order;

    public string? Refuse(RunOrder order) =>
        order.Trigger is not null ? $"the pipeline {Pipeline} has no triggers; on-schedule has"
        : order.Packages.Length == 0 ? $"the pipeline {Pipeline} wants names of packages"
        : order.Packages.Length > RunOrder.MostPackages ? string.Create(CultureInfo.InvariantCulture, $"at most {RunOrder.MostPackages} packages can be named at once")
        : order.Packages.Any(static text => text is not { Length: <= LongestName }) ? $"'{GitShown(order.Packages.First(static text => text is not { Length: <= LongestName })?[..80] ?? "null")}' names no package"
        : order.Packages.Select(Problem).FirstOrDefault(problem => problem is not null);

    public bool Looks(SourceRepositoryOptions options) => false;

    public Task<ImmutableArray<FoundMark>> LookAsync(string source, SourceRepositoryOptions options, CancellationToken cancellationToken) =>
        Task.FromResult<ImmutableArray<FoundMark>>([]);

    public async Task<StartedRun> RunAsync(PipelineStart run, CancellationToken cancellationToken)
    {
        var clone = clones.Of(run.Source, run.Options.Url);
        var fetched = await FetchedRun.BeginAsync(Pipeline, run, clone, clock, cancellationToken);
        if (fetched.Snapshot is null)
        {
            return fetched.Unavailable;
        }

        if (ScheduleHosts.PushesOf(run.Options, clone, processes, out var problem) is not { } pushes)
        {
            return fetched.Failed(problem!);
        }

        var manual = new ManualRun
        {
            Start = run,
            Repository = clone,
            Pushes = pushes,
            Connect = settings => new OwnFarm(run.Source, settings.SourceRepository, BuildPriority.Manual, grains, farm.Value, clock),
            Host = hosts.Of(run.Source),
            Processes = processes,
            Options = new ManualOptions
            {
                Architectures = fetched.Architectures(farm.Value),
                DryRun = run.DryRun,
                RunId = run.Operation.ToString(),
                Nearest = static (name, names) => NearestNames.Of(name, names),
            },
            Time = clock,
            Changed = fetched.Tell,
        };
        var pipeline = Make(manual);
        return new StartedRun(fetched.Together(await pipeline.RunAsync(cancellationToken)), pipeline.MayPass, null);
    }

    /// <summary>Why a text names no package; null when it does.</summary>
    protected virtual string? Problem(string text) => Names.IsValid(text) ? null : $"'{GitShown(text)}' is no name of a package folder";

    /// <summary>The pipeline for a run.</summary>
    protected abstract ManualPipeline Make(ManualRun run);

    protected static string GitShown(string text) => Caur.Pipelines.Git.GitText.Clean(text);
}

/// <summary>All that such a pipeline takes.</summary>
internal sealed record ManualRun
{
    public required PipelineStart Start { get; init; }

    public required KeptClone Repository { get; init; }

    public required PushRepository Pushes { get; init; }

    public required Func<RepositorySettings, IFarm> Connect { get; init; }

    public required Caur.Pipelines.Schedules.ScheduleHostOptions Host { get; init; }

    public required ProcessRunner Processes { get; init; }

    public required ManualOptions Options { get; init; }

    public required TimeProvider Time { get; init; }

    public required Action<PipelineRun> Changed { get; init; }
}

/// <summary>Has packages built as they are.</summary>
internal sealed class ScheduleStarter(
    SourceClones clones, ScheduleHosts hosts, ProcessRunner processes, IGrainFactory grains, IOptions<FarmOptions> farm, TimeProvider clock)
    : ManualStarter(clones, hosts, processes, grains, farm, clock)
{
    private const string All = "all";

    public override string Pipeline => SchedulePackages.Name;

    protected override string? Problem(string text) => text.Split('/', 2) switch
    {
        [var name] => base.Problem(name),
        [var name, var @class] => base.Problem(name) ?? (Names.IsValid(@class) ? null : $"'{GitShown(@class)}' is no builder class"),
        _ => null,
    };

    protected override ManualPipeline Make(ManualRun run) => new SchedulePackages(
        run.Repository.Clone.Git, run.Pushes, run.Connect, run.Start.Packages is [All] ? null : [.. run.Start.Packages.Select(Wanted)], run.Options, run.Time, run.Changed);

    private static WantedPackage Wanted(string text) =>
        text.Split('/', 2) is [var name, var builderClass] ? new WantedPackage(name, builderClass) : new WantedPackage(text, null);
}

/// <summary>Makes folders of packages of the AUR or of git repositories.</summary>
internal sealed class AddStarter(
    SourceClones clones, ScheduleHosts hosts, ProcessRunner processes, IGrainFactory grains, IOptions<FarmOptions> farm, TimeProvider clock)
    : ManualStarter(clones, hosts, processes, grains, farm, clock)
{
    public override string Pipeline => AddPackages.Name;

    protected override string? Problem(string text) => base.Problem(text.Split('/', 2)[0]);

    protected override ManualPipeline Make(ManualRun run) => new AddPackages(
        run.Repository.Clone.Git, run.Pushes, [.. run.Start.Packages.Select(New)], run.Host, run.Processes, run.Options, run.Time, run.Changed);

    private static NewPackage New(string text) => text.Split('/', 2) is [var name, { Length: > 0 } source] ? new NewPackage(name, source) : new NewPackage(text.TrimEnd('/'), "aur");
}

/// <summary>Removes folders.</summary>
internal sealed class DropStarter(
    SourceClones clones, ScheduleHosts hosts, ProcessRunner processes, IGrainFactory grains, IOptions<FarmOptions> farm, TimeProvider clock)
    : ManualStarter(clones, hosts, processes, grains, farm, clock)
{
    public override string Pipeline => DropPackages.Name;

    protected override ManualPipeline Make(ManualRun run) => new DropPackages(run.Repository.Clone.Git, run.Pushes, run.Start.Packages, run.Options, run.Time, run.Changed);
}

/// <summary>Raises <c>CI_PACKAGE_BUMP</c>.</summary>
internal sealed class BumpStarter(
    SourceClones clones, ScheduleHosts hosts, ProcessRunner processes, IGrainFactory grains, IOptions<FarmOptions> farm, TimeProvider clock)
    : ManualStarter(clones, hosts, processes, grains, farm, clock)
{
    public override string Pipeline => BumpPackages.Name;

    protected override ManualPipeline Make(ManualRun run) => new BumpPackages(
        run.Repository.Clone.Git, run.Repository.Remote, run.Pushes, run.Connect, run.Start.Packages, run.Host, run.Processes, run.Options, run.Time, run.Changed);
}
