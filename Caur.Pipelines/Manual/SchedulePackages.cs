using System.Collections.Immutable;
using System.Globalization;
using Caur.Pipelines.Commits;
using Caur.Pipelines.Git;
using Caur.Pipelines.Hosting;
using Caur.Pipelines.Pushes;
using Caur.Pipelines.Reading;
using Caur.Pipelines.Runs;
using DecisionKind = Caur.Pipelines.Runs.DecisionKind;
using PackageDecision = Caur.Pipelines.Runs.PackageDecision;

namespace Caur.Pipelines.Manual;

/// <summary>Has packages built as they are at the newest commit, whatever is new of them.</summary>
/// <param name="git">The clone, to read.</param>
/// <param name="repository">The same clone, to fetch.</param>
/// <param name="connect">Gives the farm that a repository's settings name.</param>
/// <param name="packages">Which, with the builder class to use instead of the folder's; null for all.</param>
/// <param name="options">What it goes by.</param>
/// <param name="time">The clock.</param>
/// <param name="changed">Told of every change of the run.</param>
internal sealed class SchedulePackages(
    GitRepository git,
    PushRepository repository,
    Func<RepositorySettings, IFarm> connect,
    ImmutableArray<WantedPackage>? packages,
    ManualOptions options,
    TimeProvider time,
    Action<PipelineRun>? changed = null) : ManualPipeline(Name, git, repository, options, time, changed)
{
    public const string Name = "schedule";

    private ImmutableArray<WantedPackage> _wanted = [];

    protected override async Task<bool> RunStepsAsync(CancellationToken cancellationToken)
    {
        if (!await Recorder.StepAsync("decide", () => Task.FromResult(Decide())))
        {
            return false;
        }

        var farm = connect(Settings);
        return await Recorder.StepAsync("names", () => NameCheck.StepAsync(farm, Settings, Options.Architectures, Options.DryRun, Recorder, cancellationToken))
            && await Recorder.StepAsync("schedule", () => ScheduleAsync(farm, cancellationToken));
    }

    protected override string Done(int count) => string.Create(CultureInfo.InvariantCulture, $"{count} {(Options.DryRun ? "would be " : "")}scheduled");

    private StepResult Decide()
    {
        var named = packages ?? [.. Source.Packages.Values.Where(one => one.Problem is null).Select(one => new WantedPackage(one.PkgBase, null))];
        if (UnknownOf(named.Select(one => one.Pkgbase)) is { } unknown)
        {
            return unknown;
        }

        // By hand, then of the folder, then the repository's.
        _wanted =
        [
            .. named.DistinctBy(one => one.Pkgbase, StringComparer.Ordinal).Select(one => one with
            {
                BuilderClass = one.BuilderClass ?? (Source.Packages[one.Pkgbase].Config.Settings["BUILDER_CLASS"] is null ? Settings.DefaultClass : null),
            }),
        ];
        var broken = packages is null ? Source.Packages.Values.Where(one => one.Problem is not null) : [];
        Decide(
        [
            .. _wanted.Select(one => new PackageDecision(one.Pkgbase, DecisionKind.Build, ["somebody asked for it"])
            {
                BuilderClass = one.BuilderClass,
                Problem = Source.Packages[one.Pkgbase].Problem,
            }),
            .. broken.Select(one => new PackageDecision(one.PkgBase, DecisionKind.Skipped, ["somebody asked for all"]) { Problem = one.Problem }),
        ]);
        return StepResult.Done(string.Create(CultureInfo.InvariantCulture, $"{_wanted.Length} to build"));
    }

    private async Task<StepResult> ScheduleAsync(IFarm farm, CancellationToken cancellationToken)
    {
        if (Options.DryRun)
        {
            return StepResult.Skipped(string.Create(CultureInfo.InvariantCulture, $"{_wanted.Length} would be scheduled"));
        }

        var run = Options.RunId ?? Guid.NewGuid().ToString();
        return await HandOver.RunAsync(
            farm,
            new HandedOver(Settings.SourceRepository, Settings.TargetRepository, Options.Architectures, Place.Head, Options.Pipeline, _wanted),
            (arch, some) => OperationId.Of(
                [Name, run, Settings.SourceRepository, Settings.TargetRepository, arch, Place.Head, .. some.SelectMany(one => (string?[])[one.Pkgbase, one.BuilderClass])]),
            Recorder,
            cancellationToken);
    }
}
