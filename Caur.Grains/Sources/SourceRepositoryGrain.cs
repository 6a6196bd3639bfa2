using System.Collections.Immutable;
using Caur.Contracts.Builds;
using Caur.Contracts.Farm;
using Caur.Contracts.Queue;
using Caur.Contracts.Sources;
using Caur.Contracts.Tracing;
using Caur.Grains.Following;
using Caur.Grains.Packages;
using Caur.Grains.State;
using Caur.Grains.Tracing;
using Caur.Pipelines.Git;
using Caur.Pipelines.Reading;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;

namespace Caur.Grains.Sources;

/// <summary>One source repository: reads it off the turn, hands what is wanted to the queue, and follows it. One that the configuration
/// names stays in memory.</summary>
[KeepAlive]
internal sealed partial class SourceRepositoryGrain(
    ISourceReader reader,
    IEnumerable<IPipelineStarter> starters,
    FollowInstruments instruments,
    IOptions<FarmOptions> options,
    TimeProvider clock,
    ILogger<SourceRepositoryGrain> logger) : Grain, ISourceRepositoryGrain, IRemindable
{
    private string Id => this.GetPrimaryKeyString();

    public async Task<ScheduleReply> ScheduleAsync(ScheduleRequest request)
    {
        if (!options.Value.SourceRepositories.TryGetValue(Id, out var source))
        {
            // Any name can be asked for: none of them stays.
            DeactivateOnIdle();
            return new ScheduleReply { Error = $"there is no source repository '{Id}'; known: {Known(options.Value.SourceRepositories.Keys)}" };
        }

        if (!options.Value.TargetRepositories.TryGetValue(request.Target.Name, out var target))
        {
            return new ScheduleReply
            {
                Error = $"there is no target repository '{request.Target.Name}'; known: {Known(options.Value.TargetRepositories.Keys)}",
            };
        }

        if (!target.Architectures.Contains(request.Target.Arch))
        {
            return new ScheduleReply
            {
                Error = $"{request.Target.Name} is not built for {request.Target.Arch}, only for {Known(target.Architectures)}",
            };
        }

        using var span = FarmSpans.Plan(request, Id);
        request = request with { Trace = TraceContext.Of(span) ?? request.Trace };
        SourceSnapshot snapshot;
        try
        {
            snapshot = await reader.ReadAsync(Id, source.Url, request.Commit, CancellationToken.None);
        }
        catch (SourceUnavailableException unavailable)
        {
            LogUnavailable(logger, Id, unavailable.Detail);
            return new ScheduleReply { Error = unavailable.Message, MayPass = true };
        }

        var plan = SchedulePlanner.Plan(Id, source, request, snapshot);
        if (plan.Error is { } error)
        {
            return new ScheduleReply { Error = error, Commit = snapshot.Commit };
        }

        if (plan.Builds.IsEmpty)
        {
            return new ScheduleReply { Commit = snapshot.Commit, Refused = plan.Refused, Notes = plan.Notes };
        }

        var builds = await EstimateAsync(request.Target.Arch, plan.Builds);
        var queued = await GrainFactory.GetGrain<IBuildQueueGrain>(request.Target.Arch)
            .EnqueueAsync(new EnqueueRequest { Operation = request.Operation, Builds = builds, Order = OrderHash.Of(Id, request) });
        if (Stranger(request, queued) is { } stranger)
        {
            return new ScheduleReply
            {
                Error = $"operation {request.Operation} stands for another order already, of {stranger}: use a new one for each order, and the same only to repeat it",
                Commit = snapshot.Commit,
            };
        }

        LogScheduled(logger, queued.Length, Id, snapshot.Commit, plan.Refused.Length);
        var requests = plan.Builds.ToDictionary(build => build.Package);
        return new ScheduleReply
        {
            Commit = snapshot.Commit,
            Builds = [.. queued.Select(reply => new QueuedBuild(reply.Build, reply.Replaced, requests.GetValueOrDefault(reply.Build.Package)?.DependsOn ?? []))],
            Refused = plan.Refused,
            Notes = plan.Notes,
        };
    }

    /// <summary>A build of the order that the operation stands for, when that is another one. The queue says so, but for orders that it remembers
    /// from before it told them apart: of those a build that was not asked for now does.</summary>
    private static string? Stranger(ScheduleRequest request, ImmutableArray<QueuedReply> queued)
    {
        var asked = request.Packages.Select(package => package.Pkgbase).ToHashSet(StringComparer.Ordinal);
        return queued
            .Where(reply => reply.OfAnother || (!request.All && (reply.Build.Target != request.Target || !asked.Contains(reply.Build.Pkgbase))))
            .Select(reply => reply.Build.ToString())
            .FirstOrDefault();
    }

    /// <summary>Puts in how long each will probably take, as far as its package says so.</summary>
    private async Task<ImmutableArray<BuildRequest>> EstimateAsync(string arch, ImmutableArray<BuildRequest> builds)
    {
        var read = await EstimateReader.ReadAsync(GrainFactory, Id, arch, builds.Select(build => build.Package.Pkgbase), clock);
        if (read.Missing > 0)
        {
            LogNotEstimated(logger, read.Missing, builds.Length, Id, read.Problem);
        }

        return [.. builds.Select(build => build with
        {
            EstimatedDuration = read.Durations.GetValueOrDefault(build.Package.Pkgbase, build.EstimatedDuration),
        })];
    }

    private static string Known(IEnumerable<string> names) =>
        string.Join(", ", names.Order(StringComparer.Ordinal)) is { Length: > 0 } list ? list : "none, the configuration names none";

    [LoggerMessage(Level = LogLevel.Information, Message = "{Count} builds of {Repository} at {Commit} queued, {Refused} refused")]
    private static partial void LogScheduled(ILogger logger, int count, string repository, string commit, int refused);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Source repository {Repository} could not be read: {Problem}")]
    private static partial void LogUnavailable(ILogger logger, string repository, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Missing} of {Count} packages of {Repository} did not say how long they take")]
    private static partial void LogNotEstimated(ILogger logger, int missing, int count, string repository, Exception? exception);
}
