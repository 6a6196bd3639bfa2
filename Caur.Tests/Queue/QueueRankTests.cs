using Caur.Contracts.Builds;
using Caur.Contracts.Queue;
using Caur.Grains.Queue;
using static Caur.Tests.Queue.QueueHarness;

namespace Caur.Tests.Queue;

public sealed class QueueRankTests
{
    private readonly QueueHarness _queue = new();

    [Fact]
    public void Take_WhenOfDifferentUrgency_OffersTheUrgentFirst()
    {
        _queue.Enqueue(
            Request("mass") with { Priority = BuildPriority.MassRebuild },
            Request("schedule") with { Priority = BuildPriority.Schedule },
            Request("commit") with { Priority = BuildPriority.Commit },
            Request("manual"));

        _queue.TakeAll().ShouldBe(["manual", "commit", "schedule", "mass"]);
    }

    [Theory]
    [InlineData(BuildPriority.Commit)]
    [InlineData(BuildPriority.Schedule)]
    [InlineData(BuildPriority.MassRebuild)]
    public void Take_WhenItWaitedLongEnough_ComesBeforeUrgentOnes(BuildPriority priority)
    {
        _queue.Enqueue(Request("old") with { Priority = priority });
        _queue.Now += QueueRank.Penalty(priority) + TimeSpan.FromMilliseconds(1);
        _queue.Enqueue("new");

        _queue.TakeAll().ShouldBe(["old", "new"]);
    }

    [Fact]
    public void Take_WhenEquallyUrgent_OffersTheLongestChainFirst()
    {
        _queue.Enqueue(
            Request("alone"),
            Request("root"),
            Request("middle", "root"),
            Request("leaf", "middle"),
            Request("long") with { EstimatedDuration = TimeSpan.FromMinutes(11) });

        _queue.TakeAll().ShouldBe(["root", "long", "alone"]);
    }

    [Fact]
    public void Take_WhenTheChainBehindIsCancelled_CountsNoMore()
    {
        _queue.Enqueue(Request("root"), Request("long") with { EstimatedDuration = TimeSpan.FromMinutes(6) });
        var leaf = _queue.Enqueue(Request("leaf", "root") with { EstimatedDuration = TimeSpan.FromHours(1) })[0].Build;
        _queue.Snapshot.Items[0].Build.Pkgbase.ShouldBe("root");
        _queue.Cancel(leaf);

        _queue.TakeAll().ShouldBe(["long", "root"]);
    }

    [Fact]
    public void Enqueue_WhenTheGraphHasManyPaths_EndsSoon()
    {
        // A ladder of 200 rungs: with the wrong order of correction the work doubles at each.
        var requests = new List<BuildRequest>();
        for (var i = 0; i < 200; i++)
        {
            requests.Add(Request($"l{i}", $"l{i + 1}", $"r{i + 1}") with { EstimatedDuration = TimeSpan.FromMinutes(i + 1) });
            requests.Add(Request($"r{i}", $"l{i + 1}", $"r{i + 1}"));
        }

        _queue.Enqueue([.. requests]);

        _queue.TakeAll().Order().ShouldBe(["l199", "r199"]);
    }

    [Fact]
    public void Snapshot_WhenSomeRunAndSomeWait_IsInTheOrderOfTheirTurns()
    {
        _queue.Enqueue(Request("z"), Request("dep", "z"));
        var running = _queue.Start();
        _queue.Now += TimeSpan.FromSeconds(1);
        _queue.Enqueue("first");
        _queue.Now += TimeSpan.FromSeconds(1);
        _queue.Enqueue("second");

        _queue.Snapshot.Items.Select(item => item.Build.Pkgbase).ShouldBe(["z", "first", "second", "dep"]);
        _queue.Snapshot.Items[0].State.ShouldBe(BuildState.Running);
        _queue.Snapshot.Items[0].Builder.ShouldBe(running.Builder);
    }

    [Fact]
    public void View_WhenNoBuilderFits_SaysSo()
    {
        var build = _queue.Enqueue(Request("a") with { BuilderClass = "9" })[0].Build;
        _queue.View(build).ShouldSatisfyAllConditions(
            item => item.Wait.ShouldBe(WaitReason.NoFittingBuilder), item => item.Explanation.ShouldContain("no builder is here"));
        _queue.State.Register(Builder("small", 1, "2"), [], _queue.Now);
        _queue.View(build).ShouldSatisfyAllConditions(
            item => item.Wait.ShouldBe(WaitReason.NoFittingBuilder), item => item.Explanation.ShouldContain("class 9"));
        _queue.State.Register(Builder("big", 1, "9"), [], _queue.Now);
        _queue.ReasonOf(build).ShouldBe(WaitReason.Turn);
        _queue.Now += QueueState.BuilderSilence + TimeSpan.FromSeconds(1);
        _queue.ReasonOf(build).ShouldBe(WaitReason.NoFittingBuilder);
        _queue.State.Paused = true;
        _queue.ReasonOf(build).ShouldBe(WaitReason.Paused);
    }
}
