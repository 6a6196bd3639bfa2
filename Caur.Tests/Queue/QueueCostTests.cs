using System.Diagnostics;
using Caur.Contracts.Builds;
using static Caur.Tests.Queue.QueueHarness;

namespace Caur.Tests.Queue;

/// <summary>What comes from outside cannot keep the queue busy: what it costs is compared with a plain case of the same size.</summary>
public sealed class QueueCostTests
{
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(750);

    [Fact]
    public void Enqueue_WhenAllNameEachOther_CostsLittleMoreThanAsManyEdgesWithoutACycle()
    {
        const int Count = 400;
        var names = Names(Count).ToArray();
        BuildRequest[] cyclic = [.. names.Select(name => Request(name, names))];

        // The same edges, all from a first half to a second.
        var ends = Names(Count * 2).ToArray();
        BuildRequest[] plain = [.. ends.Select((name, i) => Request(name, i < Count ? ends[Count..] : []))];

        Measure(cyclic).ShouldBeLessThan((Measure(plain) * 6) + Slack);
    }

    [Fact]
    public void Enqueue_WhenHalfOfThoseThatNameEachOtherAreOrderedAgain_CostsLittleMoreThanAllOfThem()
    {
        const int Count = 200;
        var names = Names(Count).ToArray();
        BuildRequest[] all = [.. names.Select(name => Request(name, names))];
        var queue = new QueueHarness();
        var first = Measure(queue, all);

        Measure(queue, [.. all.Where((_, i) => i % 2 == 0)]).ShouldBeLessThan((first * 6) + Slack);
        queue.TakeAll().ShouldBe([names[0]]);
    }

    [Fact]
    public void Enqueue_WhenARingIsAsLongAsARepository_CostsLittleMoreThanAChain()
    {
        const int Count = 2_500;
        var names = Names(Count).ToArray();
        BuildRequest[] chain = [.. names.Select((name, i) => Request(name, i == 0 ? [] : [names[i - 1]]))];
        BuildRequest[] ring = [Request(names[0], names[^1]), .. chain.Skip(1)];

        Measure(ring).ShouldBeLessThan((Measure(chain) * 6) + Slack);
    }

    private static IEnumerable<string> Names(int count) => Enumerable.Range(0, count).Select(i => $"p{i:D5}");

    private static TimeSpan Measure(BuildRequest[] requests) => Measure(new QueueHarness(), requests);

    private static TimeSpan Measure(QueueHarness queue, BuildRequest[] requests)
    {
        var watch = Stopwatch.StartNew();
        queue.Enqueue(requests);
        return watch.Elapsed;
    }
}
