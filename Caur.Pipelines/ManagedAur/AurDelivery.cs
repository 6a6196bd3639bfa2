using System.Collections.Concurrent;
using Caur.Pipelines.Pushes;
using Caur.Pipelines.Runs;
using Caur.Pipelines.Schedules;
using Caur.Storage.Processes;

namespace Caur.Pipelines.ManagedAur;

/// <summary>Has the AUR have managed packages as they are in a commit, some at a time. What fails is noted, and fails nothing.</summary>
/// <param name="repository">The clone.</param>
/// <param name="setup">How they reach the AUR.</param>
/// <param name="folder">Where clones and the key lie for a moment.</param>
/// <param name="page">The web page of the CI job, for the message; null for none.</param>
/// <param name="identity">Who commits.</param>
/// <param name="processes">Runs git and ssh.</param>
/// <param name="time">The clock.</param>
internal sealed class AurDelivery(
    PushRepository repository, ManagedAurSetup setup, string folder, string? page, GitIdentity identity, ProcessRunner processes, TimeProvider time)
{
    public const string NoKey = "CI_MANAGE_AUR is set, and there is no AUR_KEY: nothing is pushed to the AUR";

    /// <summary>So many connections to the AUR at the same time.</summary>
    private const int MostAtOnce = 4;

    /// <summary>The last step of a run of the on-commit pipeline: pushes what it scheduled and what is managed.</summary>
    /// <param name="run">The run, as it ended.</param>
    /// <param name="managed">The packages.</param>
    /// <param name="delivery">Null without a key.</param>
    /// <param name="time">The clock.</param>
    /// <param name="changed">Told of the step.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<PipelineRun> AfterAsync(
        PipelineRun run, IReadOnlyList<string> managed, AurDelivery? delivery, TimeProvider time, Action<PipelineRun>? changed, CancellationToken cancellationToken)
    {
        if (managed.Count == 0 || run.DryRun || run.Commit is not { } commit || run.Outcome is not (RunOutcome.Succeeded or RunOutcome.Incomplete))
        {
            return run;
        }

        var recorder = new RunRecorder(run, time, changed);
        if (delivery is null)
        {
            recorder.Note(NoKey);
            return recorder.Run;
        }

        await recorder.StepAsync("aur", async () => (await delivery.PushAsync(managed, commit, recorder, cancellationToken)).Result);
        return recorder.End(run.Outcome, run.Summary);
    }

    /// <summary>Pushes.</summary>
    /// <param name="packages">Which.</param>
    /// <param name="commit">As they are there.</param>
    /// <param name="recorder">Is told what failed.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>The packages that the AUR has now, and how it went.</returns>
    public async Task<(IReadOnlyCollection<string> Published, StepResult Result)> PushAsync(
        IReadOnlyList<string> packages, string commit, RunRecorder recorder, CancellationToken cancellationToken)
    {
        var defaults = new AurOptions { Identity = identity, CommitsPage = setup.CommitsPage, RunPage = page };
        await using var aur = new AurPublisher(
            setup.Key,
            Path.Combine(folder, "managed"),
            defaults with { Address = setup.Address ?? defaults.Address, KnownHosts = setup.KnownHosts ?? defaults.KnownHosts },
            processes,
            time);
        var outcomes = new ConcurrentBag<AurOutcome>();
        await Parallel.ForEachAsync(
            packages,
            new ParallelOptions { MaxDegreeOfParallelism = MostAtOnce, CancellationToken = cancellationToken },
            async (package, token) => outcomes.Add(await aur.PushAsync(package, await repository.ReadAsync(commit, package, token), token)));
        var published = outcomes.Where(one => one.State is AurState.Pushed or AurState.Unchanged).Select(one => one.Pkgbase).ToHashSet(StringComparer.Ordinal);
        foreach (var outcome in outcomes.Where(one => !published.Contains(one.Pkgbase)).OrderBy(one => one.Pkgbase, StringComparer.Ordinal))
        {
            recorder.Note($"{outcome.Pkgbase} was not pushed to the AUR, and is tried again by the next run: {outcome.Words}");
        }

        var pushed = outcomes.Count(one => one.State == AurState.Pushed);
        return (published, StepResult.Done(FormattableString.Invariant($"{pushed} pushed, {published.Count - pushed} were there, {outcomes.Count - published.Count} failed")));
    }
}
