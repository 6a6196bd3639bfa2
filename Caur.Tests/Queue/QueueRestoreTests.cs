using Caur.Contracts.Builds;
using Caur.Contracts.Queue;
using static Caur.Tests.Queue.QueueHarness;

namespace Caur.Tests.Queue;

public sealed class QueueRestoreTests
{
    private readonly QueueHarness _queue = new();

    [Fact]
    public void Restore_WhenCrashedBeforeTheReplacedRecordWasCleared_KeepsTheNewer()
    {
        var first = _queue.Enqueue("a");
        _queue.ClearsSlots = false;
        var second = _queue.Enqueue("a");
        var restarted = _queue.Restarted();

        restarted.Closed.ShouldHaveSingleItem().Build.ShouldBe(first);
        restarted.Take(slots: 5).ShouldHaveSingleItem().Attempt.Build.ShouldBe(second);
        restarted.Slots.Count.ShouldBe(1);
    }

    [Fact]
    public void Restore_WhenABuildRuns_KnowsItsBuilderAndAttempt()
    {
        _queue.Enqueue(Request("a"), Request("b"));
        var attempt = _queue.Start(Profile("b1"));
        var restarted = _queue.Restarted();

        restarted.State.Held().ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            held => held.Builder.ShouldBe(attempt.Builder), held => held.Attempts.ShouldBe([attempt]));
        restarted.State.Current(attempt).ShouldNotBeNull();
        restarted.Take(Profile("b1")).ShouldBeEmpty("its only slot is taken");
        restarted.State.Accept(attempt, restarted.Now).ShouldNotBeNull();
    }

    [Fact]
    public void Restore_WhenABuildPublishes_DoesNotCountItForItsBuilder()
    {
        _queue.Enqueue(Request("a"), Request("b"));
        var attempt = _queue.Start(Profile("b1"));
        _queue.State.Publish(_queue.State.Current(attempt)!, _queue.Now);
        _queue.Save();
        var restarted = _queue.Restarted();

        restarted.State.Held().ShouldBeEmpty();
        restarted.Take(Profile("b1")).ShouldHaveSingleItem();
    }

    [Fact]
    public void Restore_WhenAnOfferWasOut_OffersItAgain()
    {
        _queue.Enqueue("a");
        _queue.Take().ShouldHaveSingleItem();

        _queue.Restarted().TakeAll().ShouldBe(["a"]);
    }

    [Fact]
    public void Restore_WhenANewOrderWaitsBehindOneThatUploads_KeepsItWaiting()
    {
        _queue.Enqueue("a");
        var attempt = _queue.Start();
        _queue.State.Uploading(attempt).ShouldBeTrue();
        var second = _queue.Enqueue("a");
        var restarted = _queue.Restarted();

        restarted.ReasonOf(second).ShouldBe(WaitReason.SamePackage);
        restarted.Finish(attempt, BuildState.Published);
        restarted.TakeAll().ShouldBe(["a"]);
    }

    [Fact]
    public void Restore_WhenACycleWasBroken_BreaksItTheSameWay()
    {
        _queue.Enqueue(Request("a", "b"), Request("b", "c"), Request("c", "a"));
        _queue.Cancel(_queue.State.FindPackage("c", null)!.Build);

        _queue.Restarted().TakeAll().ShouldBe(_queue.TakeAll());
    }
}
