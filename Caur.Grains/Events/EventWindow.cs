using System.Collections.Immutable;
using Caur.Contracts.Events;

namespace Caur.Grains.Events;

/// <summary>The newest events, numbered from 1. Bounded.</summary>
/// <param name="run">Names this count.</param>
/// <param name="size">So many are kept.</param>
internal sealed class EventWindow(string run, int size)
{
    /// <summary>Far more than a farm has at a time; the others came and went, as builders do.</summary>
    internal const int MostSources = 4096;

    private readonly Dictionary<string, Known> _sources = new(StringComparer.Ordinal);
    private readonly FarmEvent?[] _ring = new FarmEvent?[size];
    private long _heard;
    private bool _hasForgotten;

    /// <summary>How many sources are known.</summary>
    public int Sources => _sources.Count;

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
        else if (_hasForgotten && batch.Number > 1)
        {
            // It may be one that was forgotten, and what it said meanwhile may be lost.
            Append(new FarmEvent { Time = now, Kind = FarmEventKind.Reset, Reason = $"{batch.Source} was quiet for long" });
        }

        _sources[batch.Source] = new Known(batch.Run, batch.Number, ++_heard);
        if (_sources.Count > MostSources)
        {
            ForgetQuietest();
        }

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

    /// <summary>A half at once: that is looked for seldom.</summary>
    private void ForgetQuietest()
    {
        _hasForgotten = true;
        foreach (var source in _sources.OrderBy(source => source.Value.Heard).Take(MostSources / 2).Select(source => source.Key).ToList())
        {
            _sources.Remove(source);
        }
    }

    /// <summary>Where a source is.</summary>
    /// <param name="Run">Its activation.</param>
    /// <param name="Number">Its newest batch.</param>
    /// <param name="Heard">When that came, counted in batches.</param>
    private readonly record struct Known(Guid Run, long Number, long Heard);

    private void Append(FarmEvent item)
    {
        Last++;
        _ring[Last % size] = item with { Number = Last };
    }
}
