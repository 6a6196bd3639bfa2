using Caur.Contracts.Builds;
using Caur.Contracts.Queue;
using static Caur.Tests.Queue.QueueHarness;

namespace Caur.Tests.Queue;

public sealed class QueueDependencyTests
{
    private readonly QueueHarness _queue = new();

    [Fact]
    public void Take_WhenTheDependencyCameFirst_WaitsForItsPublication()
    {
        _queue.Enqueue("lib");
        var app = _queue.Enqueue("app", "lib");
        CheckOrder(app);
    }

    [Fact]
    public void Take_WhenTheDependencyCameLater_WaitsForItsPublication()
    {
        var app = _queue.Enqueue("app", "lib");
        _queue.Enqueue("lib");
        CheckOrder(app);
    }

    [Fact]
    public void Take_WhenTheDependencyIsNotQueued_DoesNotWait()
    {
        _queue.Enqueue("app", "lib", "app");
        _queue.TakeAll().ShouldBe(["app"]);
    }

    [Fact]
    public void Take_WhenTheDependencyIsOfAnotherTarget_DoesNotWait()
    {
        _queue.Enqueue(Request("lib") with { Package = new(new("other", "x86_64"), "lib") });
        _queue.Enqueue("app", "lib");
        _queue.TakeAll().ShouldBe(["lib", "app"]);
    }

    [Fact]
    public void Take_WhenTheDependencyIsReplaced_WaitsForTheNewOne()
    {
        _queue.Enqueue("lib");
        var app = _queue.Enqueue("app", "lib");
        _queue.Enqueue("lib");
        CheckOrder(app);
    }

    [Fact]
    public void Finish_WhenFailed_HoldsDependantsUntilItSucceeds()
    {
        _queue.Enqueue("lib");
        var app = _queue.Enqueue("app", "lib");
        _queue.Finish(_queue.Start(), BuildState.Failed);

        _queue.ReasonOf(app).ShouldBe(WaitReason.Held);
        _queue.View(app).Explanation.ShouldContain("lib");
        _queue.TakeAll().ShouldBeEmpty();
        _queue.Restarted().ReasonOf(app).ShouldBe(WaitReason.Held);

        _queue.Enqueue("lib");
        _queue.Finish(_queue.Start(), BuildState.Published);
        _queue.TakeAll().ShouldBe(["app"]);
    }

    [Theory]
    [InlineData(BuildState.AlreadyBuilt)]
    [InlineData(BuildState.Skipped)]
    public void Finish_WhenNothingWasToBeDone_ReleasesDependants(BuildState state)
    {
        _queue.Enqueue("lib");
        _queue.Enqueue("app", "lib");
        _queue.Finish(_queue.Start(), state);

        _queue.TakeAll().ShouldBe(["app"]);
    }

    [Theory]
    [InlineData(BuildState.TimedOut)]
    [InlineData(BuildState.Stalled)]
    [InlineData(BuildState.OutOfMemory)]
    [InlineData(BuildState.SystemError)]
    [InlineData(BuildState.Cancelled)]
    public void Finish_WhenItDidNotSucceed_HoldsDependants(BuildState state)
    {
        _queue.Enqueue("lib");
        var app = _queue.Enqueue("app", "lib");
        _queue.Finish(_queue.Start(), state);

        _queue.ReasonOf(app).ShouldBe(WaitReason.Held);
    }

    [Fact]
    public void Finish_WhenItsSourceRepositoryLetsDependantsGo_DoesNotHold()
    {
        _queue.Enqueue(Request("lib") with { HoldDependants = false });
        _queue.Enqueue("app", "lib");
        _queue.Finish(_queue.Start(), BuildState.Failed);

        _queue.TakeAll().ShouldBe(["app"]);
    }

    [Fact]
    public void Finish_WhenFailedTwice_IsReleasedByOneSuccess()
    {
        _queue.Enqueue("lib");
        _queue.Enqueue("app", "lib");
        _queue.Finish(_queue.Start(), BuildState.Failed);
        _queue.Cancel(_queue.Enqueue("lib"));
        _queue.Enqueue("lib");
        _queue.Finish(_queue.Start(), BuildState.Published);

        _queue.TakeAll().ShouldBe(["app"]);
    }

    [Fact]
    public void Finish_WhenOneOfTwoDependenciesFailed_StaysHeldAfterTheOther()
    {
        _queue.Enqueue(Request("lib1"), Request("lib2"), Request("app", "lib1", "lib2"));
        var first = _queue.Start();
        var second = _queue.Start();
        _queue.Finish(first, BuildState.Failed);
        _queue.Finish(second, BuildState.Published);
        _queue.TakeAll().ShouldBeEmpty();
        _queue.Enqueue(first.Build.Pkgbase);
        _queue.Finish(_queue.Start(), BuildState.Published);

        _queue.TakeAll().ShouldBe(["app"]);
    }

    [Fact]
    public void Enqueue_WhenTheHeldOneIsOrderedAgain_GoesOnWithoutTheFailedOne()
    {
        _queue.Enqueue("lib");
        _queue.Enqueue("app", "lib");
        _queue.Finish(_queue.Start(), BuildState.Failed);
        _queue.Enqueue("app", "lib");

        _queue.TakeAll().ShouldBe(["app"]);
    }

    [Fact]
    public void Finish_WhenFailed_HoldsWhatDependsOnItAndWhatDependsOnThat()
    {
        _queue.Enqueue(Request("a"), Request("b", "a"), Request("c", "b"));
        _queue.Finish(_queue.Start(), BuildState.Failed);

        _queue.ReasonOf(_queue.State.FindPackage("b", null)!.Build).ShouldBe(WaitReason.Held);
        _queue.View(_queue.State.FindPackage("c", null)!.Build).ShouldSatisfyAllConditions(
            item => item.Wait.ShouldBe(WaitReason.Held), item => item.Explanation.ShouldContain("depends on b, which is held because a"));
    }

    [Fact]
    public void Enqueue_WhenTheFailedOneOfACycleIsOrderedAgain_ReleasesTheOneThatItHeld()
    {
        _queue.Enqueue(Request("a", "b"), Request("b", "a"));
        _queue.Finish(_queue.Start(), BuildState.Published);
        var b = _queue.Start();
        _queue.Enqueue("a", "b");
        _queue.Finish(b, BuildState.Failed);
        _queue.ReasonOf(_queue.State.FindPackage("a", null)!.Build).ShouldBe(WaitReason.Held);

        _queue.Enqueue("b", "a");

        _queue.TakeAll().ShouldBe(["a"]);
    }

    [Fact]
    public void Take_WhenCycleCameTogether_StartsWithTheFirstName()
    {
        _queue.Enqueue(Request("c", "b"), Request("b", "a"), Request("a", "c"));

        var first = _queue.Take().ShouldHaveSingleItem().Attempt;
        first.Build.Pkgbase.ShouldBe("a");
        _queue.View(first.Build).State.ShouldBe(BuildState.Assigned);
        _queue.TakeAll().ShouldBeEmpty();
        _queue.State.Accept(first, _queue.Now).ShouldNotBeNull();
        _queue.Finish(first, BuildState.Published);
        _queue.TakeAll().ShouldBe(["b"]);
    }

    [Fact]
    public void Take_WhenNamesShareABeginning_BreaksTheCycleAtTheShorter()
    {
        _queue.Enqueue(Request("a-b", "a"), Request("a", "a-b"));
        _queue.TakeAll().ShouldBe(["a"]);
    }

    [Fact]
    public void Enqueue_WhenTheLastMemberClosesACycle_MakesItsBreakerReady()
    {
        _queue.Enqueue("a", "b");
        _queue.Finish(_queue.Start(), BuildState.Published);
        _queue.Enqueue("b", "c");
        _queue.Enqueue("a", "b");
        _queue.Enqueue("c", "a");

        _queue.TakeAll().ShouldBe(["a"]);
    }

    [Fact]
    public void Enqueue_WhenTheNewBuildHasNoCycleAnyMore_IsWaitedForAgain()
    {
        _queue.Enqueue(Request("a", "b"), Request("b", "a"));
        _queue.Enqueue("b");

        _queue.TakeAll().ShouldBe(["b"]);
        _queue.ReasonOf(_queue.State.FindPackage("a", null)!.Build).ShouldBe(WaitReason.Dependency);
    }

    [Fact]
    public void Retry_WhenADependencyCameMeanwhile_WaitsForIt()
    {
        _queue.Enqueue("app", "lib");
        var running = _queue.Start();
        _queue.Enqueue("lib");
        _queue.Retry(running);

        _queue.TakeAll().ShouldBe(["lib"]);
    }

    [Fact]
    public void Accept_WhenADependencyCameAfterTheOffer_Stands()
    {
        _queue.Enqueue("app", "lib");
        var offer = _queue.Take().ShouldHaveSingleItem().Attempt;
        _queue.Enqueue("lib");

        _queue.State.Accept(offer, _queue.Now).ShouldNotBeNull();
        _queue.TakeAll().ShouldBe(["lib"]);
    }

    private void CheckOrder(Contracts.Ids.BuildId app)
    {
        _queue.ReasonOf(app).ShouldBe(WaitReason.Dependency);
        _queue.View(app).Explanation.ShouldContain("lib");
        var lib = _queue.Start();
        lib.Build.Pkgbase.ShouldBe("lib");
        _queue.TakeAll().ShouldBeEmpty();
        _queue.State.Uploading(lib);
        _queue.State.Publish(_queue.State.Current(lib)!, _queue.Now);
        _queue.TakeAll().ShouldBeEmpty();
        _queue.Finish(lib, BuildState.Published);
        _queue.TakeAll().ShouldBe(["app"]);
    }

    [Fact]
    public void View_WhenTheHeldOneIsAtTheEndOfAVeryLongChain_IsToldToAll()
    {
        const int Length = 20_000;
        _queue.Enqueue([.. Enumerable.Range(0, Length).Select(i => Request($"p{i}", i == 0 ? [] : [$"p{i - 1}"]))]);
        _queue.Finish(_queue.Start(), BuildState.Failed);

        _queue.Snapshot.Items.Count(item => item.Wait == WaitReason.Held).ShouldBe(Length - 1);
        _queue.Snapshot.Items.Count(item => item.Explanation.Contains("depends on p1, which is held because p0 did not succeed", StringComparison.Ordinal))
            .ShouldBe(Length - 2);
    }

    [Fact]
    public void Enqueue_WhenANewMemberJoinsABrokenCycle_BreaksAllOfItAnew()
    {
        _queue.Enqueue([Request("b", "c"), Request("c", "b", "a")]);
        _queue.State.FindPackage("b", null)!.Durable.Ignores.ShouldBe(["c"]);
        _queue.Enqueue("a", "b");

        // Together: a begins, and of what is left b does.
        _queue.State.FindPackage("a", null)!.Durable.Ignores.ShouldBe(["b"]);
        _queue.State.FindPackage("b", null)!.Durable.Ignores.ShouldBe(["c"]);
        _queue.TakeAll().ShouldBe(["a", "b"], ignoreOrder: true);
    }
}
