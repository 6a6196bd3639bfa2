using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Caur.Pipelines.Aur;
using Caur.Pipelines.Git;
using Caur.Pipelines.Polite;
using Caur.Pipelines.Rebuilds;
using Caur.Pipelines.State;
using Caur.Pipelines.Upstream;

namespace Caur.Pipelines.Schedules;

/// <summary>What a schedule run decided for a whole repository.</summary>
internal sealed record ScheduleOutcome
{
    /// <summary>One for each package, sorted by pkgbase.</summary>
    public required IReadOnlyList<PackageDecision> Decisions { get; init; }

    /// <summary>The state to write. It is of the same form as the one that was read.</summary>
    public required StateContent State { get; init; }

    /// <summary>What <see cref="AurWatermark.Path"/> is to say.</summary>
    public required long Watermark { get; init; }

    /// <summary>What of the AUR was asked; null in the run of a trigger.</summary>
    public AurSnapshot? Aur { get; init; }

    /// <summary>What went wrong for more than one package, in words.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];
}

/// <summary>
/// Runs the on-schedule decisions for a whole repository: what all packages share is asked once, then packages are looked at in parallel with a
/// bound. Whatever happens to one package is its own decision's reason, and never another's.
/// </summary>
internal sealed class ScheduleRunner(ScheduleServices services, ScheduleSettings settings)
{
    /// <summary>Decides for all packages.</summary>
    /// <param name="packages">All package folders of the commit.</param>
    /// <param name="folders">Gives their files.</param>
    /// <param name="state">What is remembered.</param>
    /// <param name="watermark">What <see cref="AurWatermark.Path"/> says.</param>
    /// <param name="told">Is told each decision as it falls, on any thread; for whoever watches a run.</param>
    /// <param name="cancellationToken">Ends the run, as an exception: nothing is decided then.</param>
    public async Task<ScheduleOutcome> RunAsync(
        IReadOnlyCollection<SchedulePackage> packages,
        IPackageFolders folders,
        StateContent state,
        long watermark,
        Action<PackageDecision>? told,
        CancellationToken cancellationToken)
    {
        var asking = services.Aur.AskAsync(AurQueries(packages), cancellationToken);
        var reading = services.Databases.ReadAsync(settings.Databases, cancellationToken);
        var aur = new AurFacts(await asking, watermark) { IsRemembered = state.IsOurs };
        var libraries = LibraryChanges.Compare(state.Versions, await reading);
        var check = new PackageCheck(services, settings, folders, aur, state.Versions, libraries);
        var decisions = new ConcurrentDictionary<string, PackageDecision>(StringComparer.Ordinal);
        await Parallel.ForEachAsync(
            packages,
            new ParallelOptions { MaxDegreeOfParallelism = settings.MaxParallel, CancellationToken = cancellationToken },
            async (package, token) =>
            {
                var decision = await DecideAsync(check, package, state[package.PkgBase], token);
                decisions[package.PkgBase] = decision;
                told?.Invoke(decision);
            });

        var sorted = decisions.Values.OrderBy(decision => decision.PkgBase, StringComparer.Ordinal).ToArray();
        return new ScheduleOutcome
        {
            Decisions = sorted,
            State = state with
            {
                Packages = sorted.ToDictionary(decision => decision.PkgBase, decision => decision.State, StringComparer.Ordinal),
                Versions = libraries.Now,
            },
            Watermark = AurWatermark.Next(watermark, aur.Snapshot.Value?.Newest ?? 0, Open(aur.Snapshot.Value, sorted)),
            Aur = aur.Snapshot.Value,
            Problems = [.. aur.Snapshot.IsGiven ? [] : new[] { aur.Snapshot.Problem }, .. libraries.Problems],
        };
    }

    /// <summary>Decides for the run of a trigger, which asks nobody.</summary>
    public static ScheduleOutcome Triggered(IReadOnlyCollection<SchedulePackage> packages, StateContent state, long watermark, string trigger) => new()
    {
        Decisions = [.. packages.Select(package => TriggerRules.Decide(package, trigger, state[package.PkgBase])).OrderBy(decision => decision.PkgBase, StringComparer.Ordinal)],
        State = state,
        Watermark = watermark,
    };

    /// <summary>The times of changes in the AUR that were seen, and of which nobody can say that they were taken over.</summary>
    private static IEnumerable<long> Open(AurSnapshot? aur, IEnumerable<PackageDecision> decisions)
    {
        foreach (var decision in decisions)
        {
            if (aur?.Packages.GetValueOrDefault(decision.PkgBase) is { } package && decision.State.AurTimestamp != package.LastModified)
            {
                yield return package.LastModified;
            }
        }
    }

    private List<AurQuery> AurQueries(IReadOnlyCollection<SchedulePackage> packages)
    {
        var queries = new List<AurQuery>();
        foreach (var package in packages)
        {
            var config = package.Config.Settings;
            if (package.Problem is null && !config.IsTrue("CI_NVCHECKER")
                && PkgbuildSource.Parse(config["CI_PKGBUILD_SOURCE"], services.UrlRules).Kind == PkgbuildSourceKind.Aur)
            {
                queries.Add(new AurQuery(package.PkgBase, [.. package.Srcinfo?.Packages.Select(known => known.Name.ToString()) ?? []]));
            }
        }

        return queries;
    }

    [SuppressMessage("Design", "CA1031", Justification = "A fault in the look at one package must not cost all others theirs.")]
    private static async Task<PackageDecision> DecideAsync(
        PackageCheck check, SchedulePackage package, PackageState state, CancellationToken cancellationToken)
    {
        try
        {
            return await check.DecideAsync(package, state, cancellationToken);
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            return new PackageDecision
            {
                PkgBase = package.PkgBase,
                Kind = DecisionKind.Skipped,
                Reasons = [error is SourceUnavailableException ? $"skipped: {Shown.Short(error.Message)}" : $"skipped: an error of the farm itself, {error.GetType().Name}: {Shown.Short(error.Message)}"],
                State = check.Undecided(package, state),
            };
        }
    }
}
