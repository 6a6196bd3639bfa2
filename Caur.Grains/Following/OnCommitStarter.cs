using System.Collections.Immutable;
using Caur.Contracts.Builds;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Sources;
using Caur.Grains.Sources;
using Caur.Pipelines.Commits;
using Caur.Pipelines.Git;
using Caur.Pipelines.ManagedAur;
using Microsoft.Extensions.Options;
using Orleans;

namespace Caur.Grains.Following;

/// <summary>The on-commit pipeline, for each new head of a source repository's default branch.</summary>
internal sealed class OnCommitStarter(
    SourceClones clones, ScheduleHosts hosts, IGrainFactory grains, IOptions<FarmOptions> farm, TimeProvider clock) : IPipelineStarter
{
    public string Pipeline => OnCommitPipeline.Name;

    public RunCause Cause => RunCause.Poll;

    public string? Refuse(RunOrder order) =>
        order.Trigger is not null ? $"the pipeline {Pipeline} has no triggers; on-schedule has"
        : order.Packages.Length > 0 ? $"the pipeline {Pipeline} takes no names of packages; schedule does"
        : null;

    public bool Looks(SourceRepositoryOptions options) => options.Follow ?? farm.Value.Follow;

    public bool Watches(SourceRepositoryOptions options) => Looks(options) || options.WebhookSecret is not null;

    public async Task<ImmutableArray<FoundMark>> LookAsync(string source, SourceRepositoryOptions options, CancellationToken cancellationToken) =>
        await clones.Of(source, options.Url).LookAsync(cancellationToken) is { } commit
            ? [new FoundMark(null, commit)]
            : throw new SourceUnavailableException($"source repository {source} has no commit on its default branch: there is none yet, or the branch is gone");

    public async Task<StartedRun> RunAsync(PipelineStart run, CancellationToken cancellationToken)
    {
        var clone = clones.Of(run.Source, run.Options.Url);
        var fetched = await FetchedRun.BeginAsync(Pipeline, run, clone, clock, cancellationToken);
        if (fetched.Snapshot is not { } snapshot)
        {
            return fetched.Unavailable;
        }

        var pipeline = new OnCommitPipeline(
            clone.Clone.Git,
            clone.Remote,
            settings => new OwnFarm(run.Source, settings.SourceRepository, BuildPriority.Commit, grains, farm.Value, clock),
            new OnCommitOptions
            {
                Commit = snapshot.Commit,
                Architectures = fetched.Architectures(farm.Value),
                DryRun = run.DryRun,
                Nearest = static (name, names) => NearestNames.Of(name, names),
            },
            clock,
            fetched.Tell,
            clone.Reader);
        var ended = await pipeline.RunAsync(cancellationToken);
        if (pipeline.Managed.Count > 0)
        {
            ended = await AurDelivery.AfterAsync(
                ended, pipeline.Managed, hosts.DeliveryOf(run, clone, pipeline.Settings), clock, fetched.Tell, cancellationToken);
        }

        return new StartedRun(fetched.Together(ended), pipeline.MayPass, snapshot.Commit);
    }
}
