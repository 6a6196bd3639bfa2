namespace Caur.Grains.Queue;

/// <summary>Which held build stands in the way of one that waits, directly or not. Each entry is looked at once, however many ask; the
/// answers hold until the queue changes.</summary>
internal sealed class HeldPaths
{
    private readonly Dictionary<QueueEntry, (int Distance, QueueEntry Held)?> _known = [];

    /// <summary>The nearest build that this one waits for, directly or not, and that is held itself; of several the first by name.</summary>
    public QueueEntry? Before(QueueEntry entry)
    {
        var open = new Stack<QueueEntry>([entry]);
        while (open.TryPeek(out var top))
        {
            if (_known.ContainsKey(top))
            {
                open.Pop();
                continue;
            }

            // Without recursion: chains may be as long as the queue. There is no cycle among those that wait.
            var unknown = top.WaitsFor.Where(first => !IsEnd(first) && !_known.ContainsKey(first)).ToList();
            if (unknown.Count == 0)
            {
                _known[top] = Nearest(top);
                open.Pop();
            }

            unknown.ForEach(open.Push);
        }

        return _known[entry]?.Held;
    }

    private (int Distance, QueueEntry Held)? Nearest(QueueEntry entry)
    {
        (int Distance, QueueEntry Held)? best = null;
        foreach (var first in entry.WaitsFor)
        {
            (int Distance, QueueEntry Held)? found = !IsEnd(first) ? _known[first] is { } path ? (path.Distance + 1, path.Held) : null
                : first.IsWaiting ? (1, first)
                : null;
            if (found is { } candidate && (best is not { } known || IsBetter(candidate, known)))
            {
                best = candidate;
            }
        }

        return best;
    }

    /// <summary>Nothing behind it is looked at: it is held itself, or somebody has it already.</summary>
    private static bool IsEnd(QueueEntry entry) => !entry.IsWaiting || !entry.Durable.HeldBy.IsEmpty;

    private static bool IsBetter((int Distance, QueueEntry Held) a, (int Distance, QueueEntry Held) b) =>
        a.Distance != b.Distance ? a.Distance < b.Distance
        : string.CompareOrdinal(a.Held.Package.Pkgbase, b.Held.Package.Pkgbase) is var byName && byName != 0 ? byName < 0
        : a.Held.Build.Timestamp < b.Held.Build.Timestamp;
}
