using Caur.Pipelines.Graphs;
using FsCheck;
using FsCheck.Fluent;

namespace Caur.Tests.Pipelines.Graphs;

public sealed class CycleBreaksTests
{
    [Fact]
    public void Find_WhenARing_BreaksItAtItsFirst() => Find(3, (0, 1), (1, 2), (2, 0)).ShouldBe([(0, 1)]);

    [Fact]
    public void Find_WhenARingIsLeft_BreaksThatAtItsFirst() =>
        Find(4, (0, 1), (1, 2), (2, 3), (3, 1), (3, 0)).ShouldBe([(0, 1), (1, 2)]);

    [Fact]
    public void Find_WhenTwoAreLeft_BreaksEachAlone() =>
        Find(5, (0, 1), (0, 3), (1, 2), (2, 1), (2, 0), (3, 4), (4, 3), (3, 1), (4, 0)).ShouldBe([(0, 1), (0, 3), (1, 2), (3, 4)]);

    [Fact]
    public void Find_WhenAnyGraph_DoesWhatBreakingOneByOneDoes() =>
        Prop.ForAll(
                Gen.Choose(0, int.MaxValue - 1).ToArbitrary(),
                seed =>
                {
                    var random = new Random(seed);
                    var count = random.Next(2, 25);
                    var part = random.NextDouble();

                    // A ring through all of them in any order, so that all reach each other, and others at random.
                    var ring = Enumerable.Range(0, count).ToArray();
                    random.Shuffle(ring);
                    var edges = ring.Select((node, i) => (From: node, To: ring[(i + 1) % count])).ToHashSet();
                    edges.UnionWith(
                        from a in Enumerable.Range(0, count) from b in Enumerable.Range(0, count) where a != b && random.NextDouble() < part * part select (a, b));

                    Find(count, [.. edges]).ShouldBe(OneByOne(count, edges));
                })
            .Check(Config.QuickThrowOnFailure.WithMaxTest(500).WithQuietOnSuccess(true));

    private static List<(int From, int To)> Find(int count, params (int From, int To)[] edges) => [.. CycleBreaks.Find(count, edges).Order()];

    /// <summary>The rule as it is told: as long as there is a set, its first member ignores what it depends on in it.</summary>
    private static List<(int From, int To)> OneByOne(int count, IEnumerable<(int From, int To)> edges)
    {
        var left = edges.ToHashSet();
        var ignored = new List<(int, int)>();
        while (StronglyConnected.Cycles(Enumerable.Range(0, count), node => left.Where(edge => edge.From == node).Select(edge => edge.To).ToList())
            .FirstOrDefault() is { } set)
        {
            var first = set.Min();
            var broken = left.Where(edge => edge.From == first && set.Contains(edge.To)).ToList();
            ignored.AddRange(broken);
            left.ExceptWith(broken);
        }

        return [.. ignored.Order()];
    }
}
