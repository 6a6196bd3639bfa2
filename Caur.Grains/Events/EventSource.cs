using System.Collections.Immutable;
using Caur.Contracts.Events;
using Orleans;

namespace Caur.Grains.Events;

/// <summary>Sends a grain's events in the order in which they were decided, each when it is durable. Used from the grain's own turns only;
/// a grain that may have lost some is dropped, and its next activation's source is another run.</summary>
/// <param name="grains">Where the events go.</param>
/// <param name="name">The source, a kind and a key.</param>
internal sealed class EventSource(IGrainFactory grains, string name)
{
    private readonly Guid _run = Guid.NewGuid();
    private readonly Queue<Pending> _pending = new();
    private readonly ImmutableArray<FarmEvent>.Builder _ready = ImmutableArray.CreateBuilder<FarmEvent>();
    private Task? _sending;
    private long _number;

    /// <summary>Takes a place for events that are not durable yet: later ones wait for them.</summary>
    public Pending Reserve(ImmutableArray<FarmEvent> events)
    {
        var pending = new Pending(events);
        _pending.Enqueue(pending);
        return pending;
    }

    /// <summary>These are durable now. Completes when they are on their way, unless earlier ones are not durable yet.</summary>
    public Task ReleaseAsync(Pending durable)
    {
        durable.IsDurable = true;
        if (_pending.Peek() != durable)
        {
            return Task.CompletedTask;
        }

        while (_pending.TryPeek(out var first) && first.IsDurable)
        {
            _ready.AddRange(first.Events);
            _pending.Dequeue();
        }

        return _sending ??= SendReadyAsync();
    }

    /// <summary>Sends what is durable already.</summary>
    public Task TellAsync(params ImmutableArray<FarmEvent> events) => ReleaseAsync(Reserve(events));

    /// <summary>Says that there is a source: what its former activation did not tell is a gap that nobody would notice otherwise.</summary>
    public Task BeginAsync() => SendAsync([]);

    /// <summary>One commit makes the events of many turns durable, and they are told together: whatever the grain goes on with now comes first.</summary>
    private async Task SendReadyAsync()
    {
        await Task.Yield();
        _sending = null;
        await SendAsync(_ready.DrainToImmutable());
    }

    private Task SendAsync(ImmutableArray<FarmEvent> events) =>
        grains.GetGrain<IFarmEventsGrain>(IFarmEventsGrain.Key).PublishAsync(new EventBatch
        {
            Source = name,
            Run = _run,
            Number = ++_number,
            Events = events,
        });

    /// <summary>Events that have their place.</summary>
    public sealed class Pending(ImmutableArray<FarmEvent> events)
    {
        public ImmutableArray<FarmEvent> Events => events;

        public bool IsDurable { get; set; }
    }
}
