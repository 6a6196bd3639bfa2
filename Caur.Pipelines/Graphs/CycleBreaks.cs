namespace Caur.Pipelines.Graphs;

/// <summary>Which edges are ignored when a strongly connected set is broken at its first node, and what is left of it again and again.
/// </summary>
/// <remarks>
/// Nodes are numbers in the order in which they begin. What is broken at a node is the strongly connected set that it forms with nodes
/// behind it: all before it are out of every cycle by then, and none behind it is. So an edge is ignored when it leads to a later node,
/// and both are in one set of the graph of these and all later nodes. Instead of looking at every node's graph, halves are: an edge
/// whose ends are in one set of the graph from the middle on is decided there, any other among the earlier nodes, with each set as one
/// node. Every edge is looked at once per halving: edges times the logarithm of the nodes, also when all nodes name each other.
/// </remarks>
internal sealed class CycleBreaks
{
    private readonly int[] _sets;
    private readonly List<(int From, int To)> _ignored = [];

    private CycleBreaks(int count) => _sets = [.. Enumerable.Range(0, count)];

    /// <summary>The edges to ignore. No cycle is left without them.</summary>
    /// <param name="count">How many nodes there are: 0 up to this.</param>
    /// <param name="edges">The edges between them; all nodes reach each other by them. None leads from a node to itself.</param>
    public static IReadOnlyList<(int From, int To)> Find(int count, IEnumerable<(int From, int To)> edges)
    {
        var breaks = new CycleBreaks(count);
        breaks.Search(0, count - 1, [.. edges]);
        return breaks._ignored;
    }

    /// <summary>Decides about edges whose ends come into one set when the graph begins at a node from <paramref name="low"/> to
    /// <paramref name="high"/>; those that did with a later beginning are in one set already.</summary>
    private void Search(int low, int high, List<(int From, int To)> edges)
    {
        if (edges.Count == 0)
        {
            return;
        }

        if (low == high)
        {
            _ignored.AddRange(edges.Where(edge => edge.From == low));
            edges.ForEach(edge => _sets[SetOf(edge.From)] = SetOf(edge.To));
            return;
        }

        var middle = low + ((high - low + 1) / 2);
        var together = SetsFrom(middle, edges);
        var (later, earlier) = (new List<(int From, int To)>(), new List<(int From, int To)>());
        foreach (var edge in edges)
        {
            var isTogether = together.TryGetValue(SetOf(edge.From), out var set) && together.TryGetValue(SetOf(edge.To), out var other) && set == other;
            (isTogether ? later : earlier).Add(edge);
        }

        Search(middle, high, later);
        Search(low, middle - 1, earlier);
    }

    /// <summary>The strongly connected sets of the graph of the nodes from one on: to each node that is in one, which.</summary>
    private Dictionary<int, int> SetsFrom(int first, List<(int From, int To)> edges)
    {
        var next = new Dictionary<int, List<int>>();
        foreach (var (from, to) in edges)
        {
            if (from >= first && to >= first)
            {
                if (!next.TryGetValue(SetOf(from), out var list))
                {
                    next[SetOf(from)] = list = [];
                }

                list.Add(SetOf(to));
            }
        }

        var sets = new Dictionary<int, int>();
        foreach (var set in StronglyConnected.Cycles(next.Keys, node => next.TryGetValue(node, out var list) ? list : []))
        {
            foreach (var node in set)
            {
                sets[node] = set[0];
            }
        }

        return sets;
    }

    private int SetOf(int node)
    {
        while (_sets[node] != node)
        {
            // Halves the way for the next who asks.
            node = _sets[node] = _sets[_sets[node]];
        }

        return node;
    }
}
