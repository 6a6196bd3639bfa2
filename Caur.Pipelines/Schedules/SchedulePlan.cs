using System.Collections.Immutable;
using System.Globalization;
using Caur.Pacman;
using Caur.Pipelines.Changes;
using Caur.Pipelines.Hosting;
using Caur.Pipelines.Pushes;
using Caur.Pipelines.Reading;
using Caur.Pipelines.State;
using Shown = Caur.Pipelines.Runs.PackageDecision;
using ShownKind = Caur.Pipelines.Runs.DecisionKind;

namespace Caur.Pipelines.Schedules;

/// <summary>What a run does: made of what was decided of each package and of the reviews. Decides only.</summary>
internal sealed record SchedulePlan
{
    /// <summary>What is to be built now.</summary>
    public required ImmutableArray<WantedPackage> Builds { get; init; }

    /// <summary>What changes on main, and how.</summary>
    public required IReadOnlyList<PlannedFolder> Folders { get; init; }

    /// <summary>What is remembered of each package.</summary>
    public required IReadOnlyDictionary<string, PackageState> States { get; init; }

    /// <summary>What <see cref="AurWatermark.Path"/> is to say.</summary>
    public required long Watermark { get; init; }

    /// <summary>For people.</summary>
    public required ImmutableArray<Shown> Decisions { get; init; }

    /// <summary>Counts in words.</summary>
    public string Words
    {
        get
        {
            var text = new List<string>();
            Add(Folders.Count(one => one.Files is not null), "updated");
            Add(Folders.Count(one => one.Files is null), "bumped");
            Add(Decisions.Count(one => one.Kind == ShownKind.Review), "to review");
            Add(Decisions.Count(one => one.Kind == ShownKind.Skipped), "skipped");
            Add(Builds.Length, "to build");
            return $"{Decisions.Length.ToString("N0", CultureInfo.InvariantCulture)} packages: {(text.Count == 0 ? "nothing is new" : string.Join(", ", text))}";

            void Add(int count, string what)
            {
                if (count > 0)
                {
                    text.Add(string.Create(CultureInfo.InvariantCulture, $"{count} {what}"));
                }
            }
        }
    }

    /// <summary>Plans.</summary>
    /// <param name="source">The commit.</param>
    /// <param name="before">What was remembered.</param>
    /// <param name="outcome">What was decided.</param>
    /// <param name="verdicts">What of it waits for somebody.</param>
    /// <param name="settings">The repository's settings.</param>
    public static SchedulePlan Make(
        ScheduleSource source, StateContent before, ScheduleOutcome outcome, IReadOnlyDictionary<string, ReviewVerdict> verdicts, RepositorySettings settings)
    {
        var (builds, folders, shown) = (new List<WantedPackage>(), new List<PlannedFolder>(), new List<Shown>());
        var states = new Dictionary<string, PackageState>(StringComparer.Ordinal);
        var watermark = outcome.Watermark;
        foreach (var decision in outcome.Decisions)
        {
            var package = source.Packages[decision.PkgBase];
            var verdict = verdicts.GetValueOrDefault(decision.PkgBase);
            var waits = verdict is { Waits: true } && decision.Files is not null;
            var was = before[decision.PkgBase];
            var build = waits ? IsBuiltAnyway(package, decision, was) : decision.Schedule;
            var files = waits ? null : decision.Files;
            if (files is not null || decision.Config is not null)
            {
                folders.Add(new PlannedFolder(decision.PkgBase, files is null ? null : GitFolders.Of(files), decision.Config));
            }

            var builderClass = (decision.Config ?? package.Config).Settings["BUILDER_CLASS"] is null ? settings.DefaultClass : null;
            if (build)
            {
                builds.Add(new WantedPackage(decision.PkgBase, builderClass));
            }

            var remembers = verdict is null or { Remember: true };
            states[decision.PkgBase] = remembers ? decision.State : decision.State with
            {
                // Not null, where the watermark would count, which others move on.
                AurTimestamp = decision.State.AurTimestamp is null ? null : was.AurTimestamp ?? 1,
                UpstreamCommit = was.UpstreamCommit,
            };
            if (!remembers && decision.State.AurTimestamp is { } time)
            {
                watermark = Math.Max(AurWatermark.Parse(source.Watermark), Math.Min(watermark, time - 1));
            }

            shown.Add(new Shown(decision.PkgBase, KindOf(decision, build, waits, files is not null || decision.Config is not null), [.. decision.Reasons, .. verdict is null ? [] : (string[])[verdict.Words]])
            {
                BuilderClass = build ? builderClass : null,
                Problem = verdict is { IsProblem: true } ? verdict.Words : null,
            });
        }

        return new SchedulePlan { Builds = [.. builds], Folders = folders, States = states, Watermark = watermark, Decisions = [.. shown] };
    }

    private static ShownKind KindOf(PackageDecision decision, bool build, bool waits, bool changes) =>
        build ? ShownKind.Build
        : waits ? ShownKind.Review
        : changes ? ShownKind.Update
        : decision.Kind == DecisionKind.Skipped ? ShownKind.Skipped
        : ShownKind.None;

    /// <summary>A package whose update waits is built as it is for what else is new of it: its libraries, or the commits that it is made of.</summary>
    private static bool IsBuiltAnyway(SchedulePackage package, PackageDecision decision, PackageState before)
    {
        var known = before.GitCommit ?? package.Config.Settings["CI_GIT_COMMIT"];
        var isNew = decision.Config is not null || (known is not null && decision.State.GitCommit is { } commit && commit != known);
        return isNew && TriggerRules.NotScheduled(package.Config.Settings) is null;
    }
}

/// <summary>What becomes of a folder.</summary>
/// <param name="Pkgbase">Which.</param>
/// <param name="Files">All of its files; null when only its <c>.CI/config</c> changes.</param>
/// <param name="Config">That file; null when it stays.</param>
internal sealed record PlannedFolder(string Pkgbase, FolderTree? Files, CiConfigText? Config)
{
    /// <summary>The change.</summary>
    public async Task<FolderChange> ChangeAsync(GitFolders folders, CancellationToken cancellationToken)
    {
        var old = await folders.TreeAsync(Pkgbase, cancellationToken);
        return new FolderChange(Pkgbase, old, Files ?? GitFolders.WithConfig(old, Config!.Bytes));
    }
}
