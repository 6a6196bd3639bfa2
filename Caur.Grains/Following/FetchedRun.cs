using System.Collections.Immutable;
using System.Globalization;
using Caur.Contracts.Farm;
using Caur.Grains.Sources;
using Caur.Pipelines.Commits;
using Caur.Pipelines.Git;
using Caur.Pipelines.Reading;
using Caur.Pipelines.Runs;

namespace Caur.Grains.Following;

/// <summary>A run that the farm itself makes: its first step, which fetches, and the pipeline's own behind it, told without the folders of this
/// machine.</summary>
internal sealed class FetchedRun
{
    private readonly PipelineStart _start;
    private readonly KeptClone _clone;
    private readonly RunRecorder _first;

    private FetchedRun(string pipeline, PipelineStart start, KeptClone clone, TimeProvider clock)
    {
        (_start, _clone) = (start, clone);
        _first = new RunRecorder(
            new PipelineRun { Pipeline = pipeline, DryRun = start.DryRun, SourceRepository = start.Source, Started = clock.GetUtcNow() },
            clock,
            now => _start.Changed(Clean(now)));
    }

    /// <summary>The newest commit; null when it could not be had.</summary>
    public SourceSnapshot? Snapshot { get; private set; }

    /// <summary>The run, when there was no commit to be had.</summary>
    public StartedRun Unavailable => new(Clean(_first.Run), MayPass: true, null);

    /// <summary>The run, when it cannot go on after all.</summary>
    public StartedRun Failed(string problem) => new(Clean(_first.End(RunOutcome.Failed, problem)), MayPass: false, null);

    public static async Task<FetchedRun> BeginAsync(string pipeline, PipelineStart start, KeptClone clone, TimeProvider clock, CancellationToken cancellationToken)
    {
        var run = new FetchedRun(pipeline, start, clone, clock);
        try
        {
            await run._first.StepAsync("fetch", async () =>
            {
                var snapshot = await clone.ReadAsync(commit: null, cancellationToken);
                run.Snapshot = snapshot;
                return StepResult.Done(string.Create(
                    CultureInfo.InvariantCulture, $"the newest commit is {CommitMessage.ShortOf(snapshot.Commit)}, with {snapshot.Names.Count} package folders"));
            });
        }
        catch (SourceUnavailableException unavailable)
        {
            run._first.End(RunOutcome.Failed, unavailable.Message);
        }

        return run;
    }

    /// <summary>All that the repository's target is built for. When it names none of the farm's, the pipeline says so.</summary>
    public ImmutableArray<string> Architectures(FarmOptions farm) =>
        farm.TargetRepositories.TryGetValue(RepositorySettings.Read(Snapshot!.Config.Value).TargetRepository, out var target)
            ? [.. target.Architectures]
            : ["x86_64"];

    /// <summary>Tells how the pipeline stands.</summary>
    public void Tell(PipelineRun now) => _start.Changed(Together(now));

    /// <summary>The pipeline's run behind the first step.</summary>
    public PipelineRun Together(PipelineRun now) => Clean(now with { Started = _first.Run.Started, Steps = _first.Run.Steps.AddRange(now.Steps) });

    private PipelineRun Clean(PipelineRun now) => now with
    {
        SourceRepository = _start.Source,
        Summary = _clone.WithoutPaths(now.Summary),
        Steps = [.. now.Steps.Select(step => step with { Detail = _clone.WithoutPaths(step.Detail) })],
        Notes = [.. now.Notes.Select(_clone.WithoutPaths)],
    };
}
