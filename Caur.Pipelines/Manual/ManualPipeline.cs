using System.Collections.Immutable;
using System.Globalization;
using Caur.Pipelines.Commits;
using Caur.Pipelines.Git;
using Caur.Pipelines.Hosting;
using Caur.Pipelines.Pushes;
using Caur.Pipelines.Reading;
using Caur.Pipelines.Runs;
using Caur.Pipelines.Schedules;
using DecisionKind = Caur.Pipelines.Runs.DecisionKind;
using Message = Caur.Pipelines.Commits.CommitMessage;
using PackageDecision = Caur.Pipelines.Runs.PackageDecision;

namespace Caur.Pipelines.Manual;

/// <summary>A pipeline that somebody starts: it reads the newest commit of the branch, decides on the packages that were named, and does that.</summary>
/// <param name="name">Its name.</param>
/// <param name="git">The clone, to read.</param>
/// <param name="repository">The same clone, to fetch and push.</param>
/// <param name="options">What it goes by.</param>
/// <param name="time">The clock.</param>
/// <param name="changed">Told of every change of the run.</param>
internal abstract class ManualPipeline(
    string name, GitRepository git, PushRepository repository, ManualOptions options, TimeProvider time, Action<PipelineRun>? changed)
{
    protected RunRecorder Recorder { get; } = new(
        new PipelineRun { Pipeline = name, DryRun = options.DryRun, Started = time.GetUtcNow(), Page = options.Page }, time, changed);

    protected ManualOptions Options => options;

    protected TimeProvider Time => time;

    protected GitRepository Git => git;

    protected SourceBranch Branch { get; } = new(git, repository, options.Branch, options.Tag);

    protected SourcePlace Place { get; private set; } = new() { Branch = "", Head = "" };

    protected ScheduleSource Source { get; private set; } = new("", ImmutableDictionary<string, SchedulePackage>.Empty, ConfigFile.Missing);

    protected RepositorySettings Settings { get; private set; } = RepositorySettings.Read(Pacman.CiConfig.Empty);

    protected GitFolders Folders { get; private set; } = new(repository, "");

    /// <summary>After a run that failed: it failed of something that may be gone by itself.</summary>
    public bool MayPass { get; private set; }

    /// <summary>What the commit of this run says of it, so that the run knows it when it is repeated; null for a run that nobody repeats.</summary>
    private string? Trailer => options.RunId is { Length: > 0 and <= 100 } run && run.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') ? $"Caur-Run: {run}" : null;

    /// <summary>Runs it once. Repeated with the same <see cref="ManualOptions.RunId"/>, it commits nothing again.</summary>
    /// <returns>How it went; failures that somebody has to look at are an outcome.</returns>
    public async Task<PipelineRun> RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (!await Recorder.StepAsync("read", () => ReadAsync(cancellationToken)))
            {
                return Recorder.End(RunOutcome.Failed, Recorder.Run.Steps[^1].Detail);
            }

            if (!options.DryRun && Trailer is { } trailer && await repository.FindAsync(Place.Head, trailer, cancellationToken) is { } earlier)
            {
                return await GoOnAsync(earlier, cancellationToken)
                    ? Recorder.End(RunOutcome.Succeeded, $"commit {Message.ShortOf(earlier)} did it, of an earlier try of this run")
                    : Recorder.End(RunOutcome.Failed, Recorder.Run.Steps[^1].Detail);
            }

            return await RunStepsAsync(cancellationToken)
                ? Recorder.End(OutcomeOf(Recorder.Run.Decisions), Summary(Recorder.Run.Decisions))
                : Recorder.End(RunOutcome.Failed, Recorder.Run.Steps[^1].Detail);
        }
        catch (Exception error) when (error is SourceUnavailableException or FarmUnavailableException or PushException)
        {
            MayPass = error is SourceUnavailableException or FarmUnavailableException { IsRefusal: false } or PushException { IsUnavailable: true };
            return Recorder.End(RunOutcome.Failed, error.Message);
        }
        finally
        {
            await repository.TidyAsync(CancellationToken.None);
        }
    }

    /// <summary>What comes after reading.</summary>
    /// <returns>False when the last step failed.</returns>
    protected abstract Task<bool> RunStepsAsync(CancellationToken cancellationToken);

    /// <summary>What comes after the commit, when an earlier try of the run made it.</summary>
    /// <param name="commit">The commit.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>False when the last step failed.</returns>
    protected virtual Task<bool> GoOnAsync(string commit, CancellationToken cancellationToken) => Task.FromResult(true);

    /// <summary>What was done, for a number of packages.</summary>
    protected abstract string Done(int count);

    /// <summary>Why a name cannot be meant; null for a package folder.</summary>
    protected string? Unknown(string package)
    {
        if (Source.Packages.ContainsKey(package))
        {
            return null;
        }

        var nearest = options.Nearest?.Invoke(package, Source.Packages.Keys) ?? [];
        return $"'{GitText.Clean(package)}' is no package folder{(nearest.Count > 0 ? $" (did you mean {string.Join(" or ", nearest)}?)" : "")}";
    }

    /// <summary>All names that cannot be meant; null when there is none.</summary>
    protected StepResult? UnknownOf(IEnumerable<string> packages)
    {
        var unknown = packages.Select(Unknown).OfType<string>().ToList();
        return unknown.Count == 0 ? null : StepResult.Failed($"{string.Join("; ", unknown)}. Nothing was done");
    }

    /// <summary>Writes the decisions down, by name.</summary>
    protected void Decide(IEnumerable<PackageDecision> decisions) =>
        Recorder.Update(run => run with { Decisions = [.. decisions.OrderBy(one => one.Pkgbase, StringComparer.Ordinal)] });

    /// <summary>Brings folders to the branch in one commit that starts CI as anybody's does: its on-commit pipeline schedules and removes.</summary>
    /// <param name="folders">The folders.</param>
    /// <param name="action">What the subject begins with.</param>
    /// <param name="description">What the body of a long list begins with.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>How it went, and the commit when there is one.</returns>
    protected async Task<(StepResult Result, string? Commit)> PushAsync(
        IReadOnlyList<FolderChange> folders, string action, string description, CancellationToken cancellationToken)
    {
        if (folders.Count == 0)
        {
            return (StepResult.Skipped("there is nothing to commit"), null);
        }

        if (options.DryRun)
        {
            return (StepResult.Skipped(string.Create(CultureInfo.InvariantCulture, $"{folders.Count} folders would be committed")), null);
        }

        var outcome = await new MainPush(repository, time).RunAsync(
            new MainChange
            {
                Branch = Place.Branch,
                Base = Place.Head,
                Folders = folders,
                Identity = new GitIdentity(Settings.AuthorName, Settings.AuthorEmail),
                Skip = CiSkip.No,
                Action = action,
                Description = description,
                Trailer = Trailer,
                Tag = null,
            },
            cancellationToken);
        if (outcome.State is MainState.Overtaken or MainState.Refused or MainState.Unavailable)
        {
            MayPass = outcome.State != MainState.Refused;
            return (StepResult.Failed($"{repository.Remote.Url} did not take the push: {outcome.Words}"), null);
        }

        Recorder.Update(run => run with
        {
            Commit = outcome.Commit ?? run.Commit,
            Decisions = [.. run.Decisions.Select(one => outcome.LeftOut.Contains(one.Pkgbase) ? one with { Problem = "somebody else changed it at the same time; run it again" } : one)],
        });
        return outcome.Commit is { } commit
            ? (StepResult.Done($"{Place.Branch} is at {Message.ShortOf(commit)}"), commit)
            : (StepResult.Skipped("there is nothing to push"), null);
    }

    private async Task<StepResult> ReadAsync(CancellationToken cancellationToken)
    {
        await repository.EnsureAsync(cancellationToken);
        Place = await Branch.FindAsync(cancellationToken);
        Recorder.Update(run => run with { Commit = Place.Head });
        Folders = new GitFolders(repository, Place.Head);
        Source = await ScheduleSource.ReadAsync(git, Place.Head, cancellationToken);
        if (Source.Config.Problem is { } unreadable)
        {
            return StepResult.Failed(unreadable.Replace("its .CI/config", ".ci/config", StringComparison.Ordinal));
        }

        Settings = RepositorySettings.Read(Source.Config.Value);
        Recorder.Update(run => run with { SourceRepository = Settings.SourceRepository, TargetRepository = Settings.TargetRepository });
        return NameCheck.Unusable(Settings, Recorder) is { } unusable
            ? StepResult.Failed(unusable)
            : StepResult.Done(string.Create(CultureInfo.InvariantCulture, $"{Source.Packages.Count} package folders at {Message.ShortOf(Place.Head)}"));
    }

    private static RunOutcome OutcomeOf(ImmutableArray<PackageDecision> decisions) =>
        decisions.Any(one => one.Problem is not null) ? RunOutcome.Incomplete
        : decisions.All(one => one.Kind == DecisionKind.None) ? RunOutcome.NothingToDo
        : RunOutcome.Succeeded;

    private string Summary(ImmutableArray<PackageDecision> decisions)
    {
        var problems = decisions.Count(one => one.Problem is not null);
        return $"{Done(decisions.Count(one => one.Problem is null && one.Kind != DecisionKind.None))}"
            + $"{(problems > 0 ? string.Create(CultureInfo.InvariantCulture, $"; {problems} could not be") : "")}{(options.DryRun ? "; nothing was changed, as this is a dry run" : "")}";
    }
}
