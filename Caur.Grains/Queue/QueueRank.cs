using Caur.Contracts.Builds;

namespace Caur.Grains.Queue;

/// <summary>The order among builds that could start now. A less urgent build stands as if it had come later, by a fixed time per
/// priority: so urgency counts, and whatever waits long enough comes first. Equal ones: the longest chain of builds behind it first.</summary>
internal sealed class QueueRank : IComparer<QueueEntry>
{
    public static QueueRank Instance { get; } = new();

    /// <summary>How much later a build of this priority stands than a manual one of the same moment.</summary>
    public static TimeSpan Penalty(BuildPriority priority) => priority switch
    {
        BuildPriority.Manual => TimeSpan.Zero,
        BuildPriority.Commit => TimeSpan.FromMinutes(10),
        BuildPriority.Schedule => TimeSpan.FromHours(1),
        _ => TimeSpan.FromHours(12),
    };

    /// <summary>The rank of a build that takes the place of one that waits: never behind it, also when it is less urgent.</summary>
    public static long Keep(QueueEntry waiting, BuildPriority priority)
    {
        var lost = Penalty(priority) - Penalty(waiting.Request.Priority);
        return waiting.Durable.Rank - Math.Max(0, (long)lost.TotalMilliseconds);
    }

    public int Compare(QueueEntry? x, QueueEntry? y)
    {
        if (ReferenceEquals(x, y) || x is null || y is null)
        {
            return 0;
        }

        var byRank = Place(x).CompareTo(Place(y));
        if (byRank != 0)
        {
            return byRank;
        }

        var byChain = y.Chain.CompareTo(x.Chain);
        return byChain != 0 ? byChain : x.SlotNumber.CompareTo(y.SlotNumber);
    }

    /// <summary>The moment by which it is sorted; the earlier comes first. Milliseconds since 1970.</summary>
    public static long Place(QueueEntry entry) =>
        entry.Durable.Rank + (long)Penalty(entry.Request.Priority).TotalMilliseconds;
}
