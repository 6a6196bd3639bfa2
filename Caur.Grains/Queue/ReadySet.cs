using Caur.Contracts.Queue;

namespace Caur.Grains.Queue;

/// <summary>The builds that could start now, sorted, one sorted set per builder class asked for: so that the next build for a builder
/// is found in time that does not depend on how many wait.</summary>
internal sealed class ReadySet
{
    private readonly Dictionary<string, SortedSet<QueueEntry>> _byClass = new(StringComparer.Ordinal);

    public int Count { get; private set; }

    public bool Contains(QueueEntry entry) => _byClass.TryGetValue(ClassOf(entry), out var set) && set.Contains(entry);

    public void Add(QueueEntry entry)
    {
        if (!_byClass.TryGetValue(ClassOf(entry), out var set))
        {
            _byClass[ClassOf(entry)] = set = new SortedSet<QueueEntry>(QueueRank.Instance);
        }

        Count += set.Add(entry) ? 1 : 0;
    }

    public bool Remove(QueueEntry entry)
    {
        if (!_byClass.TryGetValue(ClassOf(entry), out var set) || !set.Remove(entry))
        {
            return false;
        }

        Count--;
        if (set.Count == 0)
        {
            _byClass.Remove(ClassOf(entry));
        }

        return true;
    }

    /// <summary>The first build for this builder, or null.</summary>
    public QueueEntry? First(BuilderProfile builder)
    {
        QueueEntry? best = null;
        foreach (var (wanted, set) in _byClass)
        {
            if (BuilderMatch.Fits(wanted, builder) && set.Min is { } min && (best is null || QueueRank.Instance.Compare(min, best) < 0))
            {
                best = min;
            }
        }

        return best;
    }

    public bool Any(BuilderProfile builder) => First(builder) is not null;

    private static string ClassOf(QueueEntry entry) =>
        string.IsNullOrEmpty(entry.Request.BuilderClass) ? BuilderMatch.DefaultClass : entry.Request.BuilderClass;
}
