namespace Caur.Grains.Queue;

/// <summary>Finds cycles in a directed graph (Tarjan's algorithm, without recursion), looking only at what the given nodes reach.</summary>
internal static class StronglyConnected
{
    /// <summary>One strongly connected set of two or more nodes, or null. An edge from a node to itself is no cycle.</summary>
    public static IReadOnlyList<T>? FirstCycle<T>(IEnumerable<T> roots, Func<T, IEnumerable<T>> next)
        where T : notnull => Cycles(roots, next).FirstOrDefault();

    /// <summary>All strongly connected sets of two or more nodes. The graph must not change while they are looked for.</summary>
    public static IEnumerable<IReadOnlyList<T>> Cycles<T>(IEnumerable<T> roots, Func<T, IEnumerable<T>> next)
        where T : notnull
    {
        var index = new Dictionary<T, int>();
        var low = new Dictionary<T, int>();
        var onStack = new HashSet<T>();
        var stack = new Stack<T>();
        var work = new Stack<(T Node, IEnumerator<T> Next)>();

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
                    var reached = top.Next.Current;
                    if (!index.TryGetValue(reached, out var seen))
                    {
                        Open(reached);
                    }
                    else if (onStack.Contains(reached))
                    {
                        low[top.Node] = Math.Min(low[top.Node], seen);
                    }

                    continue;
                }

                work.Pop();
                if (work.TryPeek(out var parent))
                {
                    low[parent.Node] = Math.Min(low[parent.Node], low[top.Node]);
                }

                if (low[top.Node] == index[top.Node] && Close(top.Node) is { Count: > 1 } cycle)
                {
                    yield return cycle;
                }
            }
        }

        void Open(T node)
        {
            index[node] = low[node] = index.Count;
            stack.Push(node);
            onStack.Add(node);
            work.Push((node, next(node).GetEnumerator()));
        }

        List<T> Close(T head)
        {
            var members = new List<T>();
            T member;
            do
            {
                member = stack.Pop();
                onStack.Remove(member);
                members.Add(member);
            }
            while (!EqualityComparer<T>.Default.Equals(member, head));
            return members;
        }
    }
}
