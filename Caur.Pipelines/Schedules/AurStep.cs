using System.Collections.Concurrent;
using Caur.Pipelines.ManagedAur;
using Caur.Pipelines.Pushes;
using Caur.Pipelines.Runs;
using Caur.Pipelines.State;
using Caur.Storage.Processes;

namespace Caur.Pipelines.Schedules;

/// <summary>Has the AUR have the managed packages as they are on main. A package is asked for only when its folder differs from what the AUR was seen
/// to have, so that what failed is tried again by the next run, and what an on-commit pipeline brought is noticed too.</summary>
internal sealed class AurStep(PushRepository repository, OnScheduleOptions options, GitIdentity identity, ProcessRunner processes, TimeProvider time)
{
    /// <summary>So many connections to the AUR at the same time.</summary>
    private const int MostAtOnce = 4;

    /// <summary>Pushes.</summary>
    /// <param name="source">The commit that was looked at, whose settings count.</param>
    /// <param name="commit">The commit as it is now.</param>
    /// <param name="states">What is remembered.</param>
    /// <param name="recorder">Is told what failed.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The folders that the AUR has now, and whether there was anything to do.</returns>
    public async Task<(IReadOnlyDictionary<string, string> Published, StepResult Result)> RunAsync(
        ScheduleSource source, string commit, IReadOnlyDictionary<string, PackageState> states, RunRecorder recorder, CancellationToken cancellationToken)
    {
        var published = new ConcurrentDictionary<string, string>(StringComparer.Ordinal);
        var managed = source.Packages.Values.Where(package => package.Problem is null && AurPublisher.IsManaged(source.Config.Value, package.Config.Settings)).ToList();
        if (managed.Count == 0)
        {
            return (published, StepResult.Skipped("no package is kept in the AUR"));
        }

        if (options.Aur is not { } setup)
        {
            recorder.Note("CI_MANAGE_AUR is set, and there is no AUR_KEY: nothing is pushed to the AUR");
            return (published, StepResult.Skipped("there is no key for the AUR"));
        }

        var trees = await repository.FoldersAsync(commit, cancellationToken);
        var wanted = managed.Where(package => trees.TryGetValue(package.PkgBase, out var tree) && states.GetValueOrDefault(package.PkgBase)?.PublishedTree != tree).ToList();
        if (wanted.Count == 0)
        {
            return (published, StepResult.Done("the AUR has everything"));
        }

        var defaults = new AurOptions { Identity = identity, CommitsPage = setup.CommitsPage, RunPage = options.Page };
        await using var aur = new AurPublisher(
            setup.Key,
            Path.Combine(options.Host.Folder, "managed"),
            defaults with { Address = setup.Address ?? defaults.Address, KnownHosts = setup.KnownHosts ?? defaults.KnownHosts },
            processes,
            time);
        var outcomes = new ConcurrentBag<AurOutcome>();
        await Parallel.ForEachAsync(
            wanted,
            new ParallelOptions { MaxDegreeOfParallelism = MostAtOnce, CancellationToken = cancellationToken },
            async (package, token) =>
            {
                var outcome = await aur.PushAsync(package.PkgBase, await repository.ReadAsync(commit, package.PkgBase, token), token);
                outcomes.Add(outcome);
                if (outcome.State is AurState.Pushed or AurState.Unchanged)
                {
                    published[package.PkgBase] = trees[package.PkgBase];
                }
            });
        foreach (var outcome in outcomes.Where(one => !published.ContainsKey(one.Pkgbase)).OrderBy(one => one.Pkgbase, StringComparer.Ordinal))
        {
            recorder.Note($"{outcome.Pkgbase} was not pushed to the AUR, and is tried again by the next run: {outcome.Words}");
        }

        var pushed = outcomes.Count(one => one.State == AurState.Pushed);
        return (published, StepResult.Done(FormattableString.Invariant($"{pushed} pushed, {published.Count - pushed} were there, {outcomes.Count - published.Count} failed")));
    }
}
