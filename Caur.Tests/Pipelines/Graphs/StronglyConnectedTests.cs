using Caur.Pipelines.Graphs;
using FsCheck;
using FsCheck.Fluent;

namespace Caur.Tests.Pipelines.Graphs;

public sealed class StronglyConnectedTests
{
    [Fact]
    public void Cycles_WhenThereAreTwo_FindsBothAndNoSelfEdge()
    {
        var edges = new Dictionary<int, int[]> { [1] = [2, 1], [2] = [3], [3] = [1, 4], [4] = [5], [5] = [4, 6], [6] = [6] };

        var cycles = StronglyConnected.Cycles([1], node => edges[node]).Select(cycle => string.Join(",", cycle.Order())).ToList();

        cycles.ShouldBe(["4,5", "1,2,3"]);
        StronglyConnected.Cycles([6], node => edges[node]).ShouldBeEmpty();
    }

    [Fact]
    public void Cycles_WhenTheChainIsLong_DoesNotRecurse() =>
        StronglyConnected.Cycles([0], node => node < 200_000 ? [node + 1] : Array.Empty<int>()).ShouldBeEmpty();

    [Fact]
    public void Cycles_WhenAnyGraph_AreTheMutuallyReachable() =>
        Prop.ForAll<int[]>(codes =>
        {
            var edges = Enumerable.Range(0, 7).ToDictionary(node => node, _ => new HashSet<int>());
            foreach (var code in codes.Select(code => Math.Abs((long)code) % 49))
            {
                edges[(int)code / 7].Add((int)code % 7);
            }

            bool Reaches(int from, int to)
            {
                var seen = new HashSet<int>();
                var open = new Stack<int>(edges[from]);
                while (open.TryPop(out var node))
                {
                    if (seen.Add(node))
                    {
                        edges[node].ToList().ForEach(open.Push);
                    }
                }

                return seen.Contains(to);
            }

            var expected = edges.Keys
                .Select(node => string.Join(",", edges.Keys.Where(other => other == node || (Reaches(node, other) && Reaches(other, node)))))
                .Where(group => group.Contains(','))
                .Distinct()
                .Order();
            StronglyConnected.Cycles(edges.Keys, node => edges[node]).Select(cycle => string.Join(",", cycle.Order())).Order().ShouldBe(expected);
        }).Check(Config.QuickThrowOnFailure.WithQuietOnSuccess(true));
}
