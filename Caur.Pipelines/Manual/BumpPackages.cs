using System.Collections.Immutable;
using System.Globalization;
using Caur.Pipelines.Bumps;
using Caur.Pipelines.Commits;
using Caur.Pipelines.Git;
using Caur.Pipelines.Hosting;
using Caur.Pipelines.Pushes;
using Caur.Pipelines.Reading;
using Caur.Pipelines.Rebuilds;
using Caur.Pipelines.Runs;
using Caur.Pipelines.Schedules;
using Caur.Storage.Processes;
using DecisionKind = Caur.Pipelines.Runs.DecisionKind;
using GitRemote = Caur.Pipelines.Git.GitRemote;
using PackageDecision = Caur.Pipelines.Runs.PackageDecision;

namespace Caur.Pipelines.Manual;

/// <summary>Raises <c>CI_PACKAGE_BUMP</c>, so that packages are built and installed once more at the same version, commits that, and has the on-commit
/// pipeline hand it over at once. CI's own run of that pipeline orders nothing again: both make the same orders.</summary>
/// <param name="git">The clone, to read.</param>
/// <param name="remote">Its other side, for the on-commit pipeline.</param>
/// <param name="repository">The same clone, to push.</param>
/// <param name="connect">Gives the farm that a repository's settings name.</param>
/// <param name="packages">Which.</param>
/// <param name="host">Whom databases are had from.</param>
/// <param name="processes">Runs git and the like.</param>
/// <param name="options">What it goes by.</param>
/// <param name="time">The clock.</param>
/// <param name="changed">Told of every change of the run.</param>
internal sealed class BumpPackages(
    GitRepository git,
    GitRemote remote,
    PushRepository repository,
    Func<RepositorySettings, IFarm> connect,
    ImmutableArray<string> packages,
    ScheduleHostOptions host,
    ProcessRunner processes,
    ManualOptions options,
    TimeProvider time,
    Action<PipelineRun>? changed = null) : ManualPipeline(Name, git, repository, options, time, changed)
{
    public const string Name = "bump";

    private readonly List<FolderChange> _folders = [];
    private string? _commit;

    protected override async Task<bool> RunStepsAsync(CancellationToken cancellationToken) =>
        await Recorder.StepAsync("decide", () => DecideAsync(cancellationToken))
        && await Recorder.StepAsync("push", async () =>
        {
            (var result, _commit) = await PushAsync(_folders, "chore(bump)", "bumped", cancellationToken);
            return result;
        })
        && await Recorder.StepAsync("schedule", () => ScheduleAsync(cancellationToken));

    protected override Task<bool> GoOnAsync(string commit, CancellationToken cancellationToken)
    {
        _commit = commit;
        return Recorder.StepAsync("schedule", () => ScheduleAsync(cancellationToken));
    }

    protected override string Done(int count) => string.Create(CultureInfo.InvariantCulture, $"{count} {(Options.DryRun ? "would be " : "")}bumped");

    private async Task<StepResult> DecideAsync(CancellationToken cancellationToken)
    {
        var named = packages.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        if (UnknownOf(named) is { } unknown)
        {
            return unknown;
        }

        var created = ScheduleHost.Create(Source.Config.Value, host, processes, Time);
        if (!created.IsGiven)
        {
            return StepResult.Failed(created.Problem);
        }

        using var from = created.Value;
        var before = (await Branch.ReadStateAsync(Place, cancellationToken)).Content.Versions;
        var now = LibraryChanges.Compare(before, await from.Services.Databases.ReadAsync(Source.Config.Value["CI_LIB_DB"], cancellationToken));
        foreach (var problem in now.Problems)
        {
            Recorder.Note(problem);
        }

        var decisions = new List<PackageDecision>();
        foreach (var name in named)
        {
            var package = Source.Packages[name];
            var bump = package.Problem is { } problem ? new BumpResult(null, problem) : Bump.Next(name, package.Config.Settings, before, now.Now);
            if (bump.Value is { } value)
            {
                var old = await Folders.TreeAsync(name, cancellationToken);
                _folders.Add(new FolderChange(name, old, GitFolders.WithConfig(old, ConfigEdit.Set(package.Config, Bump.Key, value.ToString()).Bytes)));
            }

            decisions.Add(new PackageDecision(name, DecisionKind.Build, [bump.Value is { } raised ? $"bumped by hand: {raised}" : $"not bumped: {bump.Refusal}"]) { Problem = bump.Refusal });
        }

        Decide(decisions);
        return StepResult.Done(string.Create(CultureInfo.InvariantCulture, $"{_folders.Count} to bump"));
    }

    private async Task<StepResult> ScheduleAsync(CancellationToken cancellationToken)
    {
        if (_commit is not { } commit)
        {
            return StepResult.Skipped("nothing was committed");
        }

        var run = await new OnCommitPipeline(
            Git,
            remote,
            connect,
            new OnCommitOptions { Commit = commit, Branch = Place.Branch, Tag = Options.Tag, Architectures = Options.Architectures, Pipeline = Options.Pipeline, Nearest = Options.Nearest },
            Time).RunAsync(cancellationToken);
        var builds = run.Decisions.ToDictionary(one => one.Pkgbase, StringComparer.Ordinal);
        Recorder.Update(now => now with
        {
            Notes = now.Notes.AddRange(run.Notes),
            Decisions = now.Decisions.IsEmpty ? run.Decisions : [.. now.Decisions.Select(one => builds.TryGetValue(one.Pkgbase, out var build) ? one with { Builds = build.Builds, Problem = one.Problem ?? build.Problem } : one)],
        });
        return run.Outcome == RunOutcome.Failed
            ? StepResult.Failed($"the bump is committed, and not handed over: {run.Summary}. The on-commit pipeline of {Commits.CommitMessage.ShortOf(commit)} does it")
            : StepResult.Done(run.Summary);
    }
}
