using System.Collections.Immutable;
using System.Globalization;
using Caur.Pipelines.Git;
using Caur.Pipelines.Pushes;
using Caur.Pipelines.Reading;
using Caur.Pipelines.Runs;
using Caur.Pipelines.Schedules;
using Caur.Pipelines.Upstream;
using Caur.Storage.Processes;
using DecisionKind = Caur.Pipelines.Runs.DecisionKind;
using PackageDecision = Caur.Pipelines.Runs.PackageDecision;
using TreeFile = Caur.Pipelines.Upstream.TreeFile;

namespace Caur.Pipelines.Manual;

/// <summary>A package to add.</summary>
/// <param name="Pkgbase">Its folder.</param>
/// <param name="Source">For <c>CI_PKGBUILD_SOURCE</c>: <c>aur</c>, or the address of a git repository.</param>
internal sealed record NewPackage(string Pkgbase, string Source);

/// <summary>Makes folders of packages of the AUR or of git repositories, with the setting that keeps them up to date, and commits them; the
/// on-commit pipeline of that commit has them built.</summary>
/// <param name="git">The clone, to read.</param>
/// <param name="repository">The same clone, to push.</param>
/// <param name="packages">Which.</param>
/// <param name="host">Whom their files are had from.</param>
/// <param name="processes">Runs git and the like.</param>
/// <param name="options">What it goes by.</param>
/// <param name="time">The clock.</param>
/// <param name="changed">Told of every change of the run.</param>
internal sealed class AddPackages(
    GitRepository git,
    PushRepository repository,
    ImmutableArray<NewPackage> packages,
    ScheduleHostOptions host,
    ProcessRunner processes,
    ManualOptions options,
    TimeProvider time,
    Action<PipelineRun>? changed = null) : ManualPipeline(Name, git, repository, options, time, changed)
{
    public const string Name = "add";

    private readonly List<FolderChange> _folders = [];

    protected override async Task<bool> RunStepsAsync(CancellationToken cancellationToken) =>
        await Recorder.StepAsync("fetch", () => FetchAsync(cancellationToken))
        && await Recorder.StepAsync("push", async () => (await PushAsync(_folders, "chore(add)", "added", cancellationToken)).Result);

    protected override string Done(int count) => string.Create(
        CultureInfo.InvariantCulture, $"{count} {(Options.DryRun ? "would be added" : "added, which the on-commit pipeline of their commit has built")}");

    private async Task<StepResult> FetchAsync(CancellationToken cancellationToken)
    {
        var created = ScheduleHost.Create(Source.Config.Value, host with { EditorConfig = Source.EditorConfig }, processes, Time);
        if (!created.IsGiven)
        {
            return StepResult.Failed(created.Problem);
        }

        using var from = created.Value;
        var decisions = new List<PackageDecision>();
        foreach (var package in packages.DistinctBy(one => one.Pkgbase, StringComparer.Ordinal).OrderBy(one => one.Pkgbase, StringComparer.Ordinal))
        {
            var (folder, words) = await FolderAsync(from.Services, package, cancellationToken);
            if (folder is not null)
            {
                _folders.Add(folder);
            }

            decisions.Add(new PackageDecision(package.Pkgbase, DecisionKind.Update, [words]) { Problem = folder is null ? words : null });
        }

        Decide(decisions);
        return _folders.Count > 0
            ? StepResult.Done(string.Create(CultureInfo.InvariantCulture, $"{_folders.Count} folders"))
            : StepResult.Failed($"{string.Join("; ", decisions.Select(one => $"{one.Pkgbase}: {one.Problem}"))}. Nothing was done");
    }

    private async Task<(FolderChange? Folder, string Words)> FolderAsync(ScheduleServices services, NewPackage package, CancellationToken cancellationToken)
    {
        if (!PackageFolder.IsName(package.Pkgbase))
        {
            return (null, "a package's name has letters, digits and @ . _ + -");
        }

        var old = await Folders.TreeAsync(package.Pkgbase, cancellationToken);
        if (old.Files.Count > 0)
        {
            return (null, "there is a folder of its name already");
        }

        var source = PkgbuildSource.Parse(package.Source, services.UrlRules);
        var aur = source.Kind == PkgbuildSourceKind.Aur;
        if (!aur && source.Kind != PkgbuildSourceKind.Git)
        {
            return (null, source.Kind == PkgbuildSourceKind.Invalid ? source.Value : "it comes from the AUR or from a git repository");
        }

        var cloned = aur
            ? await services.Git.CloneAsync(
                services.AurOptions.GitUrl.Replace("{0}", Uri.EscapeDataString(package.Pkgbase), StringComparison.Ordinal),
                services.AurOptions.GitBranch?.Replace("{0}", package.Pkgbase, StringComparison.Ordinal),
                cancellationToken)
            : await services.Git.CloneAsync(source.Value, null, cancellationToken);
        if (!cloned.IsGiven)
        {
            return (null, cloned.Problem);
        }

        var files = cloned.Value.Files;
        if (PackageUpdate.Refuse(package.Pkgbase, FileTree.Empty, files) is { } fault)
        {
            return (null, fault);
        }

        var pkgbuild = files.Find("PKGBUILD")!;
        var formatted = await services.Formatter.FormatAsync(pkgbuild.Bytes, cancellationToken);
        if (!formatted.IsGiven)
        {
            return (null, formatted.Problem);
        }

        var own = FileTree.Empty.With(".CI/config", TreeFile.Plain($"CI_PKGBUILD_SOURCE={package.Source}\n"));
        var merged = PackageUpdate.Merge(own, files.With("PKGBUILD", pkgbuild with { Bytes = formatted.Value }));
        return (
            new FolderChange(package.Pkgbase, old, GitFolders.Of(merged)),
            $"made from {(aur ? "the AUR" : Polite.Shown.Short(source.Value, 120))} at commit {Commits.CommitMessage.ShortOf(cloned.Value.Commit)}");
    }
}
