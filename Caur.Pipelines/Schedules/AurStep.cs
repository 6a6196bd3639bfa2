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
        var published = new Dictionary<string, string>(StringComparer.Ordinal);
        var managed = source.Packages.Values.Where(package => package.Problem is null && AurPublisher.IsManaged(source.Config.Value, package.Config.Settings)).ToList();
        if (managed.Count == 0)
        {
            return (published, StepResult.Skipped("no package is kept in the AUR"));
        }

        if (options.Aur is not { } setup)
        {
            recorder.Note(AurDelivery.NoKey);
            return (published, StepResult.Skipped("there is no key for the AUR"));
        }

        var trees = await repository.FoldersAsync(commit, cancellationToken);
        var wanted = managed.Where(package => trees.TryGetValue(package.PkgBase, out var tree) && states.GetValueOrDefault(package.PkgBase)?.PublishedTree != tree).ToList();
        if (wanted.Count == 0)
        {
            return (published, StepResult.Done("the AUR has everything"));
        }

        var (done, result) = await new AurDelivery(repository, setup, options.Host.Folder, options.Page, identity, processes, time)
            .PushAsync([.. wanted.Select(package => package.PkgBase)], commit, recorder, cancellationToken);
        return (done.ToDictionary(package => package, package => trees[package], StringComparer.Ordinal), result);
    }
}
