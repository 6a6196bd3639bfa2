using System.Collections.Immutable;
using Orleans;
using Orleans.Concurrency;

namespace Caur.Contracts.Events;

/// <summary>The newest events of the farm, in memory, for those who follow it. There is one, with the key <see cref="Key"/>.</summary>
[Alias("caur.IFarmEventsGrain")]
public interface IFarmEventsGrain : IGrainWithStringKey
{
    /// <summary>The key of the only one.</summary>
    const string Key = "farm";

    /// <summary>Takes events in. A batch that was lost on its way is noticed by the next one's number, and becomes a reset.</summary>
    [Alias("Publish")]
    [OneWay]
    Task PublishAsync(EventBatch batch);

    /// <summary>What came after an event.</summary>
    /// <param name="run">The run that <paramref name="after"/> counts in; null for the newest event's.</param>
    /// <param name="after">The number of the last event that is known; null for the newest.</param>
    /// <param name="most">So many at most.</param>
    [Alias("Read")]
    [ReadOnly]
    Task<EventPage> ReadAsync(string? run, long? after, int most);

    /// <summary>Tells an observer of new events for the next 30 s, at most every 100 ms; repeated every 10 s.</summary>
    [Alias("Watch")]
    Task WatchAsync(IFarmEventsObserver observer);
}

/// <summary>Somebody who follows the farm's events. The call may be lost.</summary>
[Alias("caur.IFarmEventsObserver")]
public interface IFarmEventsObserver : IGrainObserver
{
    /// <summary>There is something to read.</summary>
    [Alias("Available")]
    [OneWay]
    Task AvailableAsync();
}

/// <summary>Events of one source, in their order.</summary>
[GenerateSerializer, Alias("caur.EventBatch"), Immutable]
public sealed record EventBatch
{
    /// <summary>Who tells: a kind and a key.</summary>
    [Id(0)]
    public required string Source { get; init; }

    /// <summary>New whenever the source begins anew.</summary>
    [Id(1)]
    public required Guid Run { get; init; }

    /// <summary>Counts the batches of a run, from 1.</summary>
    [Id(2)]
    public required long Number { get; init; }

    /// <summary>What happened.</summary>
    [Id(3)]
    public required ImmutableArray<FarmEvent> Events { get; init; }
}

/// <summary>Some events.</summary>
[GenerateSerializer, Alias("caur.EventPage"), Immutable]
public sealed record EventPage
{
    /// <summary>New whenever numbers are counted anew: they mean something within a run only.</summary>
    [Id(0)]
    public required string Run { get; init; }

    /// <summary>The events asked for, the oldest first.</summary>
    [Id(1)]
    public required ImmutableArray<FarmEvent> Events { get; init; }

    /// <summary>The number of the oldest event that is kept; one more than <see cref="Last"/> when there is none.</summary>
    [Id(2)]
    public required long First { get; init; }

    /// <summary>The number of the newest event; 0 before the first.</summary>
    [Id(3)]
    public required long Last { get; init; }

    /// <summary>True when events after the one named are gone: those given are all that is kept.</summary>
    [Id(4)]
    public bool Gap { get; init; }
}
