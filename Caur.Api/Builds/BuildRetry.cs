using System.Diagnostics;
using Caur.Api.Queue;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Sources;
using Caur.Contracts.Tracing;
using Orleans;

namespace Caur.Api.Builds;

/// <summary>Orders a build that was ordered before once more.</summary>
internal sealed class BuildRetry(IGrainFactory grains, QueueReader queues)
{
    /// <summary>Queues the same pkgbase of the same commit for the same repository.</summary>
    /// <returns>The new build; or why there is none, for people; neither when there was no such build.</returns>
    public async Task<(RetryReply? Reply, string? Problem)> RunAsync(BuildId id, Guid operation)
    {
        if (!queues.Architectures.Contains(id.Arch))
        {
            return default;
        }

        var request = (await queues.Queue(id.Arch).FindAsync(id))?.Request ?? (await grains.GetGrain<IBuildGrain>(id.ToString()).GetAsync())?.Request;
        if (request is null)
        {
            return default;
        }

        var reply = await grains.GetGrain<ISourceRepositoryGrain>(request.SourceRepository).ScheduleAsync(new ScheduleRequest
        {
            Operation = operation,
            Target = id.Target,
            Commit = request.Commit,
            Packages = [new ScheduledPackage(id.Pkgbase, request.BuilderClass)],
            Priority = BuildPriority.Manual,
            Pipeline = request.Pipeline,
            Trace = TraceContext.Of(Activity.Current),
        });
        return reply.Builds is [var queued, ..]
            ? (new RetryReply(queued.Build, id, reply.Commit, queued.Replaced), null)
            : (null, reply.Error ?? reply.Refused.FirstOrDefault()?.Reason ?? $"{id.Pkgbase} was not queued");
    }
}
