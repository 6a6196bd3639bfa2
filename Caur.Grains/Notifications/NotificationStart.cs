using Caur.Contracts.Farm;
using Caur.Contracts.Notifications;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;

namespace Caur.Grains.Notifications;

/// <summary>Has notifications begin with the process, where somebody is to be told. Later the grain's reminder sees to it.</summary>
internal sealed partial class NotificationStart(
    IGrainFactory grains,
    IOptions<FarmOptions> farm,
    IOptions<NotificationOptions> options,
    NotificationInstruments instruments,
    TimeProvider clock,
    ILogger<NotificationStart> logger) : BackgroundService
{
    private static readonly TimeSpan TryEvery = TimeSpan.FromSeconds(10);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // The numbers are there from the start, also where nobody is told.
        instruments.Report([]);
        if (NotificationPlan.Channels(farm.Value, options.Value).IsEmpty)
        {
            return;
        }

        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await grains.GetGrain<INotificationsGrain>(INotificationsGrain.Key).WakeAsync();
                return;
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                LogNotStarted(logger, exception);
                await Task.Delay(TryEvery, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch
            {
                // The process ends.
            }
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "Notifications could not be started, and nobody is told anything until they can")]
    private static partial void LogNotStarted(ILogger logger, Exception exception);
}
