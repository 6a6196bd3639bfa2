using Caur.Contracts.Farm;
using Caur.Contracts.Sources;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;

namespace Caur.Grains.Following;

/// <summary>Has source repositories followed from the process's start, and those looked at whose webhooks may have come meanwhile. Later, and for
/// a run that the end of a process cut off, the grain's reminder sees to it.</summary>
internal sealed partial class FollowStart(
    IGrainFactory grains, IEnumerable<IPipelineStarter> starters, IOptions<FarmOptions> farm, TimeProvider clock, ILogger<FollowStart> logger) : BackgroundService
{
    private static readonly TimeSpan TryEvery = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var waiting = farm.Value.SourceRepositories
            .Where(source => starters.Any(starter => starter.Watches(source.Value))).Select(source => source.Key).ToList();
        while (waiting.Count > 0 && !stoppingToken.IsCancellationRequested)
        {
            foreach (var source in waiting.ToList())
            {
                try
                {
                    await grains.GetGrain<ISourceRepositoryGrain>(source).WakeAsync();
                    waiting.Remove(source);
                }
                catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
                {
                    LogNotStarted(logger, source, exception);
                }
                catch
                {
                    // The process ends.
                }
            }

            if (waiting.Count > 0)
            {
                await Task.Delay(TryEvery, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Source repository {Source} cannot be followed; it is tried again")]
    private static partial void LogNotStarted(ILogger logger, string source, Exception exception);
}
