using Caur.Contracts.Events;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;

namespace Caur.Api.Events;

/// <summary>Follows the farm's events once for all clients of this gateway.</summary>
internal sealed partial class EventFeed(
    IGrainFactory grains, EventStreamOptions options, IOptions<JsonOptions> json, TimeProvider clock, ILogger<EventFeed> logger)
    : BackgroundService, IFarmEventsObserver
{
    /// <summary>Also the time after which it looks although nobody said that there is something.</summary>
    private static readonly TimeSpan WatchEvery = TimeSpan.FromSeconds(10);

    private const int PageSize = 1024;

    private readonly TaskCompletionSource _isUp = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _available = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The newest events.</summary>
    public EventRing<FeedEvent> Ring { get; } = new("", options.Kept);

    /// <summary>Completes when the events of now are known: before, no client could be given a place.</summary>
    public Task IsUp => _isUp.Task;

    Task IFarmEventsObserver.AvailableAsync()
    {
        Volatile.Read(ref _available).TrySetResult();
        return Task.CompletedTask;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var reference = grains.CreateObjectReference<IFarmEventsObserver>(this);
        var farm = grains.GetGrain<IFarmEventsGrain>(IFarmEventsGrain.Key);
        var (run, last) = ((string?)null, 0L);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var available = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                Volatile.Write(ref _available, available);
                await farm.WatchAsync(reference);
                while (true)
                {
                    // What comes while this reads is told, and then read at once.
                    Volatile.Write(ref _available, available = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
                    var page = await farm.ReadAsync(run, last, PageSize);
                    Take(page, isFirst: run is null);
                    (run, last) = (page.Run, page.Events.IsEmpty ? page.Last : page.Events[^1].Number);
                    _isUp.TrySetResult();
                    if (last >= page.Last)
                    {
                        break;
                    }
                }

                await WaitAsync(available.Task, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                // The gateway ends.
            }
            catch (Exception exception)
            {
                LogNotRead(logger, exception);
                await Task.Delay(TimeSpan.FromSeconds(1), clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private void Take(EventPage page, bool isFirst)
    {
        if (isFirst || page.Gap)
        {
            // Clients that were before this are behind what is kept, and are told so.
            Ring.Restart(page.Run, page.Events.IsEmpty ? page.Last : page.Events[0].Number - 1);
        }

        foreach (var item in page.Events)
        {
            Ring.Append(number => new FeedEvent(new StreamPlace(page.Run, number).ToString(), item, json.Value.SerializerOptions));
        }
    }

    private async Task WaitAsync(Task available, CancellationToken cancellationToken)
    {
        try
        {
            await available.WaitAsync(WatchEvery, clock, cancellationToken);
        }
        catch (TimeoutException)
        {
            // It looks all the same, and watches on.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The farm's events could not be read; it is tried again")]
    private static partial void LogNotRead(ILogger logger, Exception exception);
}
