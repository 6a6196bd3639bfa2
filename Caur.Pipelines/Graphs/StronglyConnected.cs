namespace Caur.Pipelines.Graphs;

/// <summary>Finds cycles in a directed graph (Tarjan's algorithm, without recursion), looking only at what the given nodes reach. Each
/// edge is looked at once.</summary>
internal static class StronglyConnected
{
    /// <summary>All strongly connected sets of two or more nodes; an edge from a node to itself is no cycle. The graph must not change
    /// while they are looked for.</summary>
    public static IEnumerable<IReadOnlyList<T>> Cycles<T>(IEnumerable<T> roots, Func<T, IEnumerable<T>> next)
        where T : notnull
    {
        // By the order in which nodes are met; low is None once a node's set is known.
        const int None = int.MaxValue;
        var places = new Dictionary<T, int>();
        var low = new List<int>();
        var stack = new Stack<(T Node, int Place)>();
        var work = new Stack<(int Place, IEnumerator<T> Next)>();

        foreach (var root in roots)
        {
            Open(root);
            while (work.TryPeek(out var top))
            {
                if (top.Next.MoveNext())
                {
                    var reached = top.Next.Current;
                    if (!Open(reached))
                    {
                        var place = places[reached];
                        low[top.Place] = low[place] == None ? low[top.Place] : Math.Min(low[top.Place], place);
                    }

                    continue;
                }

                work.Pop();
                var lowest = low[top.Place];
                if (work.TryPeek(out var parent))
                {
                    low[parent.Place] = Math.Min(low[parent.Place], lowest);
                }

                if (lowest == top.Place && Close(top.Place) is { Count: > 1 } cycle)
                {
                    yield return cycle;
                }
            }
        }

        bool Open(T node)
        {
            if (!places.TryAdd(node, places.Count))
            {
                return false;
            }

            var place = places.Count - 1;
            low.Add(place);
            stack.Push((node, place));
            work.Push((place, next(node).GetEnumerator()));
            return true;
        }

        List<T> Close(int head)
        {
            var members = new List<T>();
            int place;
            do
            {
                (var member, place) = stack.Pop();
                low[place] = None;
                members.Add(member);
            }
            while (place != head);
            return members;
        }
    }
}
