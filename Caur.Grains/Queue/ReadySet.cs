using Caur.Contracts.Queue;

namespace Caur.Grains.Queue;

/// <summary>The builds that could start now, sorted, one sorted set per demand: so that the next build for a builder is found in
/// time that does not depend on how many wait.</summary>
internal sealed class ReadySet
{
    private readonly Dictionary<BuildDemand, SortedSet<QueueEntry>> _byDemand = [];

    public int Count { get; private set; }

    public bool Contains(QueueEntry entry) => _byDemand.TryGetValue(entry.Demand, out var set) && set.Contains(entry);

    public void Add(QueueEntry entry)
    {
        if (!_byDemand.TryGetValue(entry.Demand, out var set))
        {
            _byDemand[entry.Demand] = set = new SortedSet<QueueEntry>(QueueRank.Instance);
        }

        Count += set.Add(entry) ? 1 : 0;
    }

    public bool Remove(QueueEntry entry)
    {
        if (!_byDemand.TryGetValue(entry.Demand, out var set) || !set.Remove(entry))
        {
            return false;
        }

        Count--;
        if (set.Count == 0)
        {
            _byDemand.Remove(entry.Demand);
        }

        return true;
    }

    /// <summary>The first build for this builder, or null.</summary>
    public QueueEntry? First(BuilderProfile builder)
    {
        QueueEntry? best = null;
        foreach (var (wanted, set) in _byDemand)
        {
            if (BuilderMatch.Fits(wanted, builder) && set.Min is { } min && (best is null || QueueRank.Instance.Compare(min, best) < 0))
            {
                best = min;
            }
        }

        return best;
    }

    public bool Any(BuilderProfile builder) => First(builder) is not null;
}
