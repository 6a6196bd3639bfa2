using Caur.Contracts.Builds;
using Caur.Tests.Support;
using static Caur.Tests.Queue.QueueHarness;

namespace Caur.Tests.Queue;

/// <summary>What comes from outside cannot keep the queue busy: what it costs is compared with a plain case of the same size.</summary>
public sealed class QueueCostTests
{
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(500);

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

    /// <summary>Builds that are ordered again are replaced one by one, and each of them may have all others behind it.</summary>
    [Fact]
    public void Enqueue_WhenALongRingIsOrderedAgain_CostsLittleMoreThanTheFirstTime()
    {
        const int Count = 2_500;
        var names = Names(Count).ToArray();
        BuildRequest[] ring = [.. names.Select((name, i) => Request(name, names[(i + 1) % Count]))];
        var queue = new QueueHarness();
        var first = Measure(queue, ring);

        Measure(queue, ring).ShouldBeLessThan((first * 6) + Slack);
        queue.TakeAll().ShouldBe([names[0]]);
    }

    [Fact]
    public void Take_WhenEachBuildWantsOtherMemory_CostsLittleMoreThanWhenAllWantTheSame()
    {
        var same = Work(_ => 1, memory: 100_000);

        Work(i => i + 1, memory: 100_000).ShouldBeLessThan((same * 6) + Slack, "all fit");
        Work(i => i + 1, memory: 6_000).ShouldBeLessThan((same * 6) + Slack, "some fit");
        Work(i => 20_000 - i, memory: 4_096, builds: 0).ShouldBeLessThan((same * 6) + Slack, "none fits, and builders ask all the same");

        static TimeSpan Work(Func<int, int> wish, int memory, int builds = 200)
        {
            var queue = new QueueHarness();
            queue.Enqueue([.. Names(10_000).Select((name, i) => Request(name) with { MemoryMiB = wish(i) })]);
            var builder = Profile() with { MemoryMiB = memory };
            return ThreadTime.Of(() =>
            {
                for (var i = 0; i < builds; i++)
                {
                    queue.Finish(queue.Start(builder), BuildState.Published);
                }

                for (var i = builds; i < 400; i++)
                {
                    queue.State.Register(builder, [], queue.Now);
                    queue.Take(builder);
                }
            });
        }
    }

    [Fact]
    public void Overview_WhenThousandsWaitAndAllChanges_CostsLessThanASnapshot()
    {
        var queue = new QueueHarness();
        queue.Enqueue([.. Names(2_533).Select((name, i) => Request(name, i < 10 ? [] : [$"p{i / 2:D5}"]))]);
        var overview = Work(() => queue.State.Overview(queue.Now).Waiting.Length);

        overview.ShouldBeLessThan(Work(() => queue.State.Snapshot(queue.Now).Items.Length));

        TimeSpan Work(Func<int> look) => ThreadTime.Of(() =>
        {
            for (var i = 0; i < 20; i++)
            {
                queue.Enqueue(Guid.NewGuid().ToString("n"));
                look().ShouldBeGreaterThan(2_533);
            }
        });
    }

    private static IEnumerable<string> Names(int count) => Enumerable.Range(0, count).Select(i => $"p{i:D5}");

    private static TimeSpan Measure(BuildRequest[] requests) => Measure(new QueueHarness(), requests);

    private static TimeSpan Measure(QueueHarness queue, BuildRequest[] requests) => ThreadTime.Of(() => queue.Enqueue(requests));
}
