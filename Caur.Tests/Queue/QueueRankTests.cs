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
            item => item.Wait.ShouldBe(WaitReason.NoFittingBuilder), item => item.Explanation.ShouldContain("no builder for x86_64 is here"));
        _queue.State.Register(Profile("small", 1, "2"), [], _queue.Now);
        _queue.View(build).ShouldSatisfyAllConditions(
            item => item.Wait.ShouldBe(WaitReason.NoFittingBuilder), item => item.Explanation.ShouldContain("class 9"));
        _queue.State.Register(Profile("big", 1, "9"), [], _queue.Now);
        _queue.ReasonOf(build).ShouldBe(WaitReason.Turn);
        _queue.Now += QueueState.BuilderSilence + TimeSpan.FromSeconds(1);
        _queue.ReasonOf(build).ShouldBe(WaitReason.NoFittingBuilder);
        _queue.State.Paused = true;
        _queue.ReasonOf(build).ShouldBe(WaitReason.Paused);
    }

    [Theory]
    [InlineData("avx512", 0, 0, "labels avx512")]
    [InlineData("", 64000, 0, "64000 MiB of memory")]
    [InlineData("", 0, 64000, "64000 MiB of disk")]
    public void View_WhenBuildersLackWhatItWants_SaysWhat(string label, int memory, int disk, string says)
    {
        _queue.State.Register(Profile(), [], _queue.Now);
        var build = _queue.Enqueue(Request("a") with { Labels = label.Length > 0 ? [label] : [], MemoryMiB = memory, DiskMiB = disk })[0].Build;

        _queue.View(build).Wait.ShouldBe(WaitReason.NoFittingBuilder);
        _queue.View(build).Explanation.ShouldContain(says);
        _queue.Take().ShouldBeEmpty();
        _queue.Take(Profile() with { Labels = ["avx512"], MemoryMiB = 64000, DiskMiB = 64000 }).ShouldHaveSingleItem();
    }

    [Fact]
    public void View_WhenTheOnlyBuilderCannotRunBuilds_SaysWhichAndWhy()
    {
        var build = _queue.Enqueue("a");
        _queue.State.Register(Profile("tower") with { Problem = "image missing" }, [], _queue.Now);
        _queue.View(build).Explanation.ShouldBe("builder tower cannot run builds: image missing");
        _queue.ReasonOf(build).ShouldBe(WaitReason.NoFittingBuilder);
        _queue.Take(Profile("tower") with { Problem = "image missing" }).ShouldBeEmpty();

        _queue.State.Register(Profile("tower") with { Draining = true }, [], _queue.Now);
        _queue.View(build).Explanation.ShouldBe("builder tower takes no more builds");

        _queue.Pokes.Clear();
        _queue.State.Register(Profile("tower"), [], _queue.Now);
        _queue.Save();
        _queue.ReasonOf(build).ShouldBe(WaitReason.Turn);
        _queue.Pokes.ShouldHaveSingleItem();
    }

    [Fact]
    public void View_WhenItRestsBeforeTheNextTry_NamesWhatWentWrong()
    {
        _queue.Enqueue("a");
        _queue.Retry(_queue.Start(), loss: true, TimeSpan.FromSeconds(20), "attempt 1 on tower: no space left on device");
        var item = _queue.Snapshot.Items.ShouldHaveSingleItem();
        item.Wait.ShouldBe(WaitReason.RetryPause);
        item.Explanation.ShouldBe("tried again in 20 s: attempt 1 on tower: no space left on device");
        _queue.Restarted().Snapshot.Items[0].Explanation.ShouldBe(item.Explanation);
    }

    [Fact]
    public void Promote_WhenItWaits_ComesNextWithWhatItWaitsFor()
    {
        _queue.Enqueue("urgent");
        _queue.Enqueue(Request("lib") with { Priority = BuildPriority.MassRebuild });
        var app = _queue.Enqueue(Request("app", "lib") with { Priority = BuildPriority.MassRebuild })[0].Build;

        var reply = _queue.State.Promote(app, _queue.Now);
        _queue.Save();

        reply.Done.ShouldBeTrue(reply.Explanation);
        reply.Promoted.Select(build => build.Pkgbase).ShouldBe(["app", "lib"]);
        _queue.Restarted().TakeAll().ShouldBe(["lib", "urgent"]);
        _queue.Finish(_queue.Start(), BuildState.Published);
        _queue.TakeAll().ShouldBe(["app", "urgent"]);
    }

    [Fact]
    public void Promote_WhenItDoesNotWait_SaysSo()
    {
        var build = _queue.Enqueue("a");
        _queue.Start();
        _queue.State.Promote(build, _queue.Now).ShouldSatisfyAllConditions(
            reply => reply.Done.ShouldBeFalse(), reply => reply.Explanation.ShouldContain("running already"));
        _queue.Finish(build, BuildState.Published);
        _queue.State.Promote(build, _queue.Now).Explanation.ShouldContain("finished, or never was");
    }

    [Fact]
    public void Promote_WhenSomethingWaitedForDays_DoesNotComeBeforeIt()
    {
        _queue.Enqueue("old");
        _queue.Now += QueueState.PromotedBy + TimeSpan.FromSeconds(1);
        var build = _queue.Enqueue("new");
        _queue.State.Promote(build, _queue.Now).Done.ShouldBeTrue();
        _queue.TakeAll().ShouldBe(["old", "new"]);
    }

    [Fact]
    public void Promote_WhenItCannotComeNext_SaysWhereItStandsAndWhatKeepsIt()
    {
        var lib = _queue.Enqueue("lib");
        var app = _queue.Enqueue("app", "lib");
        _queue.State.Promote(app, _queue.Now).Explanation
            .ShouldBe("it stands, with 1 that it waits for, before what came in the last 24 hours; waits for lib, which it depends on");
        _queue.Finish(lib, BuildState.Failed);

        _queue.State.Promote(app, _queue.Now).Explanation
            .ShouldBe("it stands before what came in the last 24 hours; held: it depends on lib, whose last build did not succeed");
    }

    [Fact]
    public void Note_WhenThePublicationIsKeptUp_IsSeenAtOnce()
    {
        var build = _queue.Enqueue("a");
        _queue.Start();
        var entry = _queue.State.Find(build)!;
        _queue.State.Publish(entry, _queue.Now);
        _queue.Snapshot.Items.ShouldHaveSingleItem().Explanation.ShouldBeEmpty();
        _queue.State.Note(entry, "waits for its publication: no key");

        var snapshot = _queue.Snapshot;
        snapshot.Items.ShouldHaveSingleItem().Explanation.ShouldBe("waits for its publication: no key");
        _queue.State.Note(entry, "waits for its publication: no key");
        _queue.Snapshot.ShouldBeSameAs(snapshot, "nothing new was said");
    }

    [Fact]
    public void Snapshot_WhenNothingChanges_IsMadeOnceAndNeverStale()
    {
        _queue.State.Register(Profile(), [], _queue.Now);
        var build = _queue.Enqueue("a");
        var first = _queue.Snapshot;
        _queue.State.Register(first.Builders[0].Profile, [], _queue.Now);
        _queue.Sweep();
        _queue.Snapshot.ShouldBeSameAs(first);

        _queue.Now += QueueState.BuilderSilence + TimeSpan.FromSeconds(1);
        _queue.Snapshot.Builders.ShouldHaveSingleItem().Lost.ShouldBeTrue("time alone changes that");
        _queue.State.Register(Profile(), [], _queue.Now);
        _queue.Snapshot.Builders.ShouldHaveSingleItem().Lost.ShouldBeFalse();
        _queue.State.Paused = true;
        _queue.ReasonOf(build).ShouldBe(WaitReason.Paused);
        _queue.Snapshot.Paused.ShouldBeTrue();
    }
}
