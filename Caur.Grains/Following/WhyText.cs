using System.Collections.Immutable;
using System.Globalization;
using Caur.Contracts.Packages;
using Caur.Contracts.Sources;
using Caur.Pipelines.Commits;
using Caur.Pipelines.Reading;

namespace Caur.Grains.Following;

/// <summary>Says why a package is as it is, by what runs decided and by what its folder says. Decides only.</summary>
internal static class WhyText
{
    /// <summary>Puts together what is known; null when nothing is.</summary>
    /// <param name="source">The source repository.</param>
    /// <param name="pkgbase">The package folder.</param>
    /// <param name="snapshot">The repository as it was read last; null when it was not.</param>
    /// <param name="decisions">What runs decided of it, the newest first.</param>
    /// <param name="runs">The repository's runs, the newest first.</param>
    public static PackageWhy? Of(
        string source, string pkgbase, SourceSnapshot? snapshot, ImmutableArray<DecidedPackage> decisions, IEnumerable<RunSummary> runs)
    {
        var folder = snapshot?.Folders.GetValueOrDefault(pkgbase);
        if (folder is null && decisions.IsEmpty)
        {
            return null;
        }

        var ended = runs.Where(run => run.State > RunState.Running && !run.DryRun).ToList();
        return new PackageWhy
        {
            Source = source,
            Pkgbase = pkgbase,
            Summary = [.. Sentences(pkgbase, snapshot, folder, decisions, ended)],
            Commit = snapshot?.Commit,
            Tracked = folder is null ? null : Tracked(folder),
            CheckedAt = ended.FirstOrDefault()?.Ended,
            CheckedBy = ended.FirstOrDefault()?.Number,
            Decisions = decisions,
        };
    }

    private static TrackedPackage Tracked(PackageFolder folder) => new()
    {
        Version = folder.Srcinfo?.Version.ToString(),
        Problem = folder.Problem,
        Upstream = folder.Config["CI_PKGBUILD_SOURCE"],
        UpstreamCommit = folder.Config["CI_GIT_COMMIT"],
        Triggers = folder.Config["CI_ON_TRIGGER"],
        RebuildTriggers = folder.Config["CI_REBUILD_TRIGGERS"],
        Bump = folder.Config["CI_PACKAGE_BUMP"],
        BuilderClass = folder.Config["BUILDER_CLASS"],
    };

    private static IEnumerable<string> Sentences(
        string pkgbase, SourceSnapshot? snapshot, PackageFolder? folder, ImmutableArray<DecidedPackage> decisions, List<RunSummary> ended)
    {
        var newest = decisions.FirstOrDefault();
        if (folder?.Problem is { } problem)
        {
            yield return $"it cannot be built: {problem}";
        }
        else if (folder is null && snapshot is not null)
        {
            yield return $"there is no folder {pkgbase} at {CommitMessage.ShortOf(snapshot.Commit)}";
        }

        if (newest is not null)
        {
            yield return Decided(newest);
        }

        if (ended.FirstOrDefault() is { } last && last.Number != newest?.Run)
        {
            yield return last.State == RunState.Failed
                ? Text($"run {last.Number} failed, and decided nothing of it: {last.Summary}")
                : Text($"run {last.Number} ({last.Pipeline}) found nothing to do for it{(last.Commit is { } commit ? $" up to {CommitMessage.ShortOf(commit)}" : "")}");
        }
        else if (newest is null)
        {
            yield return ended.Count == 0 ? "no run of this repository is remembered: nobody decided anything of it yet" : "no run that is remembered decided anything of it";
        }
    }

    private static string Decided(DecidedPackage decision)
    {
        var what = decision.Kind switch
        {
            RunDecisionKind.Build => "scheduled",
            RunDecisionKind.Remove => "removed",
            RunDecisionKind.Update => "updated, and not built now,",
            RunDecisionKind.Review => "put up for review",
            RunDecisionKind.Skipped => "not looked at, or not wholly,",
            _ => "left as it is",
        };
        var at = decision.Commit is { } commit ? $" at {CommitMessage.ShortOf(commit)}" : "";
        var why = string.Join("; ", decision.Reasons);
        return decision.Problem is { } problem
            ? Text($"to be {what} by run {decision.Run} ({decision.Pipeline}){at}, and it was not: {problem} ({why})")
            : Text($"{what} by run {decision.Run} ({decision.Pipeline}){at}: {why}");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
