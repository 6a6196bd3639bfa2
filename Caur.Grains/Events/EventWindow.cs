using System.Collections.Immutable;
using Caur.Contracts.Events;

namespace Caur.Grains.Events;

/// <summary>The newest events, numbered from 1. Bounded.</summary>
/// <param name="run">Names this count.</param>
/// <param name="size">So many are kept.</param>
internal sealed class EventWindow(string run, int size)
{
    private readonly Dictionary<string, (Guid Run, long Number)> _sources = new(StringComparer.Ordinal);
    private readonly FarmEvent?[] _ring = new FarmEvent?[size];

    /// <summary>The newest event's number; 0 before the first.</summary>
    public long Last { get; private set; }

    /// <summary>The oldest kept event's number.</summary>
    public long First => Math.Max(1, Last - size + 1);

    /// <summary>Takes a batch in. What is missing before it, because a source began anew or a batch was lost, becomes a reset: nobody
    /// must believe that nothing happened.</summary>
    public void Add(EventBatch batch, DateTimeOffset now)
    {
        if (_sources.TryGetValue(batch.Source, out var known))
        {
            if (known.Run != batch.Run)
            {
                Append(new FarmEvent { Time = now, Kind = FarmEventKind.Reset, Reason = $"{batch.Source} began anew" });
            }
            else if (batch.Number != known.Number + 1)
            {
                Append(new FarmEvent { Time = now, Kind = FarmEventKind.Reset, Reason = $"events of {batch.Source} were lost" });
            }
        }

        _sources[batch.Source] = (batch.Run, batch.Number);
        foreach (var item in batch.Events)
        {
            Append(item);
        }
    }

    /// <summary>What came after an event.</summary>
    public EventPage Read(string? ofRun, long? after, int most)
    {
        var known = after ?? Last;
        var isLost = (ofRun is not null && ofRun != run) || known < First - 1 || known > Last;
        var from = isLost ? First : known + 1;
        var count = (int)Math.Clamp(Last - from + 1, 0, most);
        var events = ImmutableArray.CreateBuilder<FarmEvent>(count);
        for (var number = from; number < from + count; number++)
        {
            events.Add(_ring[number % size]!);
        }

        return new EventPage { Run = run, Events = events.MoveToImmutable(), First = First, Last = Last, Gap = isLost };
    }

    private void Append(FarmEvent item)
    {
        Last++;
        _ring[Last % size] = item with { Number = Last };
    }
}
