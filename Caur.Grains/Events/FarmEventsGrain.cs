using Caur.Contracts.Events;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;
using Orleans.Utilities;

namespace Caur.Grains.Events;

/// <summary>Keeps the newest events in memory and tells gateways that there are some. Nothing of it is durable: after a restart the
/// numbers have another run, and whoever followed reads its lists again.</summary>
[KeepAlive]
internal sealed class FarmEventsGrain : Grain, IFarmEventsGrain
{
    /// <summary>So many events are kept: minutes of a farm that starts a thousand builds at once, days of a quiet one.</summary>
    internal const int Kept = 16_384;

    private static readonly TimeSpan TellEvery = TimeSpan.FromMilliseconds(100);

    private readonly EventWindow _window = new(Guid.NewGuid().ToString("n")[..12], Kept);
    private readonly ObserverManager<IFarmEventsObserver> _observers;
    private readonly TimeProvider _clock;
    private IGrainTimer? _teller;
    private bool _telling;

    public FarmEventsGrain(TimeProvider clock, ILogger<FarmEventsGrain> logger)
    {
        _clock = clock;
        _observers = new ObserverManager<IFarmEventsObserver>(TimeSpan.FromSeconds(30), logger)
        {
            GetDateTime = () => clock.GetUtcNow().UtcDateTime,
        };
    }

    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _teller = this.RegisterGrainTimer(
            TellAsync, new GrainTimerCreationOptions(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan) { Interleave = true });
        return Task.CompletedTask;
    }

    public async Task PublishAsync(EventBatch batch)
    {
        _window.Add(batch, _clock.GetUtcNow());
        if (!_telling && _observers.Count > 0)
        {
            // At once, and the next time after a while: thousands of builds a second are told together.
            _telling = true;
            await NotifyAsync();
            _teller?.Change(TellEvery, Timeout.InfiniteTimeSpan);
        }
    }

    public Task<EventPage> ReadAsync(string? run, long? after, int most) => Task.FromResult(_window.Read(run, after, Math.Clamp(most, 0, Kept)));

    public Task WatchAsync(IFarmEventsObserver observer)
    {
        _observers.Subscribe(observer, observer);
        return Task.CompletedTask;
    }

    private Task TellAsync()
    {
        _telling = false;
        return NotifyAsync();
    }

    private Task NotifyAsync() => _observers.Notify(observer => observer.AvailableAsync());
}
