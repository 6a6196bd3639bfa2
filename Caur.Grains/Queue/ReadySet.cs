using System.Numerics;
using Caur.Contracts.Queue;

namespace Caur.Grains.Queue;

/// <summary>The builds that could start now, so that the next one for a builder is found without a look at all that wait. Sorted
/// together are those of one demand; demands are filed by class, labels, and the powers of two of memory and disk. A drawer of which a
/// builder has enough, or too little, takes one look, and of those there are few, however many demands there are. Only in a drawer that
/// a builder's own memory or disk falls into are demands looked at one by one, in their order, up to the first that fits.</summary>
internal sealed class ReadySet
{
    private readonly Dictionary<(string Class, string Labels, int Memory, int Disk), Drawer> _drawers = [];

    public int Count { get; private set; }

    public void Add(QueueEntry entry)
    {
        if (!_drawers.TryGetValue(KeyOf(entry.Demand), out var drawer))
        {
            _drawers[KeyOf(entry.Demand)] = drawer = new Drawer(entry.Demand);
        }

        Count += drawer.Add(entry) ? 1 : 0;
    }

    public bool Remove(QueueEntry entry)
    {
        if (!_drawers.TryGetValue(KeyOf(entry.Demand), out var drawer) || !drawer.Remove(entry))
        {
            return false;
        }

        Count--;
        if (drawer.IsEmpty)
        {
            _drawers.Remove(KeyOf(entry.Demand));
        }

        return true;
    }

    /// <summary>The first build for this builder, or null.</summary>
    public QueueEntry? First(BuilderProfile builder)
    {
        QueueEntry? best = null;
        foreach (var drawer in _drawers.Values)
        {
            best = drawer.First(builder, best) ?? best;
        }

        return best;
    }

    public bool Any(BuilderProfile builder) => _drawers.Values.Any(drawer => drawer.First(builder, before: null) is not null);

    private static (string Class, string Labels, int Memory, int Disk) KeyOf(BuildDemand demand) =>
        (demand.Class, demand.Labels, PowerOf(demand.MemoryMiB), PowerOf(demand.DiskMiB));

    /// <summary>0 for no wish, 1 for 1, 2 for 2 and 3, 3 for 4 to 7, and so on.</summary>
    private static int PowerOf(int wish) => wish <= 0 ? 0 : BitOperations.Log2((uint)wish) + 1;

    /// <summary>Demands of one class, the same labels, and about as much memory and disk.</summary>
    private sealed class Drawer(BuildDemand any)
    {
        private readonly BuildDemand _least = any with { MemoryMiB = Least(any.MemoryMiB), DiskMiB = Least(any.DiskMiB) };
        private readonly Dictionary<BuildDemand, SortedSet<QueueEntry>> _byDemand = [];

        /// <summary>The first build of each demand.</summary>
        private readonly SortedSet<QueueEntry> _firsts = new(QueueRank.Instance);

        public bool IsEmpty => _byDemand.Count == 0;

        public bool Add(QueueEntry entry)
        {
            if (!_byDemand.TryGetValue(entry.Demand, out var set))
            {
                _byDemand[entry.Demand] = set = new SortedSet<QueueEntry>(QueueRank.Instance);
            }

            var first = set.Min;
            if (!set.Add(entry))
            {
                return false;
            }

            Replace(first, set.Min);
            return true;
        }

        public bool Remove(QueueEntry entry)
        {
            if (!_byDemand.TryGetValue(entry.Demand, out var set))
            {
                return false;
            }

            var first = set.Min;
            if (!set.Remove(entry))
            {
                return false;
            }

            Replace(first, set.Min);
            if (set.Count == 0)
            {
                _byDemand.Remove(entry.Demand);
            }

            return true;
        }

        /// <summary>The first build for a builder, if it comes before another; else null.</summary>
        public QueueEntry? First(BuilderProfile builder, QueueEntry? before)
        {
            if (!BuilderMatch.Fits(_least, builder))
            {
                return null;
            }

            foreach (var first in _firsts)
            {
                if (before is not null && QueueRank.Instance.Compare(first, before) >= 0)
                {
                    return null;
                }

                if (BuilderMatch.Fits(first.Demand, builder))
                {
                    return first;
                }
            }

            return null;
        }

        private static int Least(int wish) => wish <= 0 ? 0 : 1 << BitOperations.Log2((uint)wish);

        private void Replace(QueueEntry? first, QueueEntry? next)
        {
            if (ReferenceEquals(first, next))
            {
                return;
            }

            if (first is not null)
            {
                _firsts.Remove(first);
            }

            if (next is not null)
            {
                _firsts.Add(next);
            }
        }
    }
}
