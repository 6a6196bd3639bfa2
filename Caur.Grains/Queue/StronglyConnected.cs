namespace Caur.Grains.Queue;

/// <summary>Finds cycles among waiting builds (Tarjan's algorithm, without recursion), looking only at what the given entries reach.</summary>
internal static class StronglyConnected
{
    /// <summary>One strongly connected set of two or more entries, or null.</summary>
    public static IReadOnlyList<QueueEntry>? FirstCycle(IEnumerable<QueueEntry> roots)
    {
        var index = new Dictionary<QueueEntry, int>();
        var low = new Dictionary<QueueEntry, int>();
        var onStack = new HashSet<QueueEntry>();
        var stack = new Stack<QueueEntry>();
        var work = new Stack<(QueueEntry Entry, IEnumerator<QueueEntry> Next)>();

        foreach (var root in roots)
        {
            if (index.ContainsKey(root))
            {
                continue;
            }

            Open(root);
            while (work.TryPeek(out var top))
            {
                if (top.Next.MoveNext())
                {
                    var next = top.Next.Current;
                    if (!index.TryGetValue(next, out var seen))
                    {
                        Open(next);
                    }
                    else if (onStack.Contains(next))
                    {
                        low[top.Entry] = Math.Min(low[top.Entry], seen);
                    }

                    continue;
                }

                work.Pop();
                if (work.TryPeek(out var parent))
                {
                    low[parent.Entry] = Math.Min(low[parent.Entry], low[top.Entry]);
                }

                if (low[top.Entry] == index[top.Entry] && Close(top.Entry) is { Count: > 1 } cycle)
                {
                    return cycle;
                }
            }
        }

        return null;

        void Open(QueueEntry entry)
        {
            index[entry] = low[entry] = index.Count;
            stack.Push(entry);
            onStack.Add(entry);
            work.Push((entry, entry.WaitsFor.GetEnumerator()));
        }

        List<QueueEntry> Close(QueueEntry head)
        {
            var members = new List<QueueEntry>();
            QueueEntry member;
            do
            {
                member = stack.Pop();
                onStack.Remove(member);
                members.Add(member);
            }
            while (!ReferenceEquals(member, head));
            return members;
        }
    }
}
