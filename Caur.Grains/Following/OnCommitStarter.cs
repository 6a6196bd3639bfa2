using System.Collections.Immutable;
using System.Globalization;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Grains.Sources;
using Caur.Pipelines.Commits;
using Caur.Pipelines.Git;
using Caur.Pipelines.Reading;
using Caur.Pipelines.Runs;
using Microsoft.Extensions.Options;
using Orleans;

namespace Caur.Grains.Following;

/// <summary>The on-commit pipeline, for each new head of a source repository's default branch.</summary>
internal sealed class OnCommitStarter(SourceClones clones, IGrainFactory grains, IOptions<FarmOptions> farm, TimeProvider clock) : IPipelineStarter
{
    public string Pipeline => OnCommitPipeline.Name;

    public Task<string?> LookAsync(string source, SourceRepositoryOptions options, CancellationToken cancellationToken) =>
        clones.Of(source, options.Url).LookAsync(cancellationToken);

    public async Task<StartedRun> RunAsync(PipelineStart run, CancellationToken cancellationToken)
    {
        var clone = clones.Of(run.Source, run.Options.Url);
        var first = new RunRecorder(
            new PipelineRun { Pipeline = Pipeline, DryRun = run.DryRun, SourceRepository = run.Source, Started = clock.GetUtcNow() }, clock, Tell);
        SourceSnapshot? snapshot = null;
        try
        {
            await first.StepAsync("fetch", async () =>
            {
                snapshot = await clone.ReadAsync(commit: null, cancellationToken);
                return StepResult.Done(string.Create(
                    CultureInfo.InvariantCulture, $"the newest commit is {CommitMessage.ShortOf(snapshot.Commit)}, with {snapshot.Names.Count} package folders"));
            });
        }
        catch (SourceUnavailableException unavailable)
        {
            return new StartedRun(Clean(first.End(RunOutcome.Failed, unavailable.Message)), MayPass: true, null);
        }

        var pipeline = new OnCommitPipeline(
            clone.Clone.Git,
            clone.Remote,
            settings => new OwnFarm(run.Source, settings.SourceRepository, grains, farm.Value, clock),
            new OnCommitOptions
            {
                Commit = snapshot!.Commit,
                Architectures = Architectures(snapshot),
                DryRun = run.DryRun,
                Nearest = static (name, names) => NearestNames.Of(name, names),
            },
            clock,
            now => Tell(Together(now)),
            clone.Reader);
        var ended = await pipeline.RunAsync(cancellationToken);
        return new StartedRun(Clean(Together(ended)), pipeline.MayPass, snapshot.Commit);

        void Tell(PipelineRun now) => run.Changed(Clean(now));

        PipelineRun Together(PipelineRun now) => now with { Started = first.Run.Started, Steps = first.Run.Steps.AddRange(now.Steps) };

        PipelineRun Clean(PipelineRun now) => now with
        {
            SourceRepository = run.Source,
            Summary = clone.WithoutPaths(now.Summary),
            Steps = [.. now.Steps.Select(step => step with { Detail = clone.WithoutPaths(step.Detail) })],
            Notes = [.. now.Notes.Select(clone.WithoutPaths)],
        };
    }

    /// <summary>All that its target repository is built for. When it names none of the farm's, the pipeline says so.</summary>
    private ImmutableArray<string> Architectures(SourceSnapshot snapshot) =>
        farm.Value.TargetRepositories.TryGetValue(RepositorySettings.Read(snapshot.Config.Value).TargetRepository, out var target)
            ? [.. target.Architectures]
            : ["x86_64"];
}
