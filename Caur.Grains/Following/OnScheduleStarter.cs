using System.Collections.Immutable;
using System.Globalization;
using Caur.Contracts.Builds;
using Caur.Contracts.Farm;
using Caur.Contracts.Sources;
using Caur.Grains.Sources;
using Caur.Pipelines.Forges;
using Caur.Pipelines.Pushes;
using Caur.Pipelines.Schedules;
using Caur.Storage.Processes;
using Microsoft.Extensions.Options;
using Orleans;

namespace Caur.Grains.Following;

/// <summary>The on-schedule pipeline and its triggers, whenever their cron expressions come true. A moment that passed while no hub ran is made up
/// for, once.</summary>
internal sealed class OnScheduleStarter(
    SourceClones clones, ISourceForges forges, ScheduleHosts hosts, ProcessRunner processes, IGrainFactory grains, IOptions<FarmOptions> farm, TimeProvider clock)
    : IPipelineStarter
{
    private const int LongestTrigger = 100;

    public string Pipeline => OnSchedulePipeline.Name;

    public RunCause Cause => RunCause.Schedule;

    public string? Refuse(RunOrder order) =>
        order.Packages.Length > 0 ? $"the pipeline {Pipeline} takes no names of packages; schedule does"
        : order.Trigger is { } trigger && (trigger.Length is 0 or > LongestTrigger || trigger.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)))
            ? $"a trigger is a word of at most {LongestTrigger.ToString(CultureInfo.InvariantCulture)} characters, as CI_ON_TRIGGER names it"
        : null;

    public bool Looks(SourceRepositoryOptions options) => options.Schedule is not null || options.Triggers.Count > 0;

    public DateTimeOffset? NextLook(SourceRepositoryOptions options)
    {
        var now = clock.GetUtcNow();
        return options.Triggers.Values.Append(options.Schedule).OfType<string>().Min(cron => CronTimes.Next(cron, now));
    }

    public Task<ImmutableArray<FoundMark>> LookAsync(string source, SourceRepositoryOptions options, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var marks = new List<FoundMark>();
        Add(null, options.Schedule);
        foreach (var (trigger, cron) in options.Triggers.OrderBy(one => one.Key, StringComparer.Ordinal))
        {
            Add(trigger, cron);
        }

        return Task.FromResult<ImmutableArray<FoundMark>>([.. marks]);

        void Add(string? trigger, string? cron)
        {
            if (cron is not null && CronTimes.Last(cron, now) is { } last)
            {
                marks.Add(FoundMark.Of(trigger, last));
            }
        }
    }

    public async Task<StartedRun> RunAsync(PipelineStart run, CancellationToken cancellationToken)
    {
        var clone = clones.Of(run.Source, run.Options.Url);
        var fetched = await FetchedRun.BeginAsync(Pipeline, run, clone, clock, cancellationToken);
        if (fetched.Snapshot is null)
        {
            return fetched.Unavailable;
        }

        if (ScheduleHosts.PushesOf(run.Options, clone, processes, out var problem) is not { } pushes)
        {
            return fetched.Failed(problem!);
        }

        var project = ForgeProject.Of(run.Options.Url);
        var pipeline = new OnSchedulePipeline(
            clone.Clone.Git,
            pushes,
            settings => new OwnFarm(run.Source, settings.SourceRepository, BuildPriority.Schedule, grains, farm.Value, clock),
            new OnScheduleOptions
            {
                Architectures = fetched.Architectures(farm.Value),
                DryRun = run.DryRun,
                Trigger = run.Trigger,
                RunId = run.Operation.ToString(),
                Skip = project?.Kind == ForgeKind.GitLab ? CiSkip.PushOption : CiSkip.Marker,
                Host = hosts.Of(run.Source),
                Forge = forges.Of(run.Options),
                Aur = run.Options.AurKey is { } key ? new ManagedAurSetup(key) : null,
                Made = run.Own.Add,
            },
            processes,
            clock,
            fetched.Tell);
        var ended = fetched.Together(await pipeline.RunAsync(cancellationToken));
        return new StartedRun(ended, pipeline.MayPass, null);
    }
}
