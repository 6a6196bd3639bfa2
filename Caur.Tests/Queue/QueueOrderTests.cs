using Caur.Contracts.Builds;
using Caur.Contracts.Queue;
using static Caur.Tests.Queue.QueueHarness;

namespace Caur.Tests.Queue;

public sealed class QueueOrderTests
{
    private readonly QueueHarness _queue = new();

    [Fact]
    public void Enqueue_WhenNew_WaitsInARecordOfItsOwn()
    {
        var replies = _queue.Enqueue(Request("a"), Request("b"));

        replies.Select(reply => reply.Build.Pkgbase).ShouldBe(["a", "b"]);
        replies.ShouldAllBe(reply => reply.Replaced == null);
        _queue.Slots.Values.Select(slot => slot.Build).ShouldBe(replies.Select(reply => reply.Build), ignoreOrder: true);
    }

    [Fact]
    public void Enqueue_WhenNamedTwiceInOneCall_CountsOnceAndTheLast()
    {
        var replies = _queue.Enqueue(Request("a") with { Commit = "old" }, Request("b"), Request("a") with { Commit = "new" });

        replies.Length.ShouldBe(2);
        _queue.View(replies[0].Build).Request.Commit.ShouldBe("new");
    }

    [Fact]
    public void Enqueue_WhenTheSameWaits_ReplacesItAndKeepsItsPlace()
    {
        var first = _queue.Enqueue("a");
        _queue.Now += TimeSpan.FromSeconds(1);
        _queue.Enqueue("b");
        _queue.Now += TimeSpan.FromSeconds(1);
        var reply = _queue.Enqueue(Request("a") with { Commit = "new" })[0];

        reply.Replaced.ShouldBe(first);
        _queue.Closed.ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            closed => closed.Build.ShouldBe(first), closed => closed.Verdict.State.ShouldBe(BuildState.Replaced));
        _queue.TakeAll().ShouldBe(["a", "b"]);
    }

    [Fact]
    public void Enqueue_WhenLessUrgentThanTheOneThatWaits_DoesNotPutItBack()
    {
        _queue.Enqueue("a");
        _queue.Now += TimeSpan.FromSeconds(1);
        _queue.Enqueue("b");
        _queue.Enqueue(Request("a") with { Priority = BuildPriority.MassRebuild });

        _queue.TakeAll().ShouldBe(["a", "b"]);
    }

    [Fact]
    public void Enqueue_WhenMoreUrgentThanTheOneThatWaits_MovesForward()
    {
        _queue.Enqueue(Request("a") with { Priority = BuildPriority.MassRebuild });
        _queue.Now += TimeSpan.FromSeconds(1);
        _queue.Enqueue("b");
        _queue.Enqueue("a");

        _queue.TakeAll().ShouldBe(["a", "b"]);
    }

    [Fact]
    public void Enqueue_WhenTheSameIsOffered_WithdrawsTheOffer()
    {
        _queue.Enqueue("a");
        var offer = _queue.Take().ShouldHaveSingleItem();
        var second = _queue.Enqueue("a");

        _queue.State.Accept(offer.Attempt, _queue.Now).ShouldBeNull();
        _queue.Take().ShouldHaveSingleItem().Attempt.Build.ShouldBe(second);
    }

    [Fact]
    public void Enqueue_WhenTheSameRuns_EndsItAndWaitsForItsEnd()
    {
        _queue.Enqueue("a");
        var running = _queue.Start();
        var reply = _queue.Enqueue(Request("a"))[0];

        reply.Replaced.ShouldBe(running.Build);
        _queue.Cancelled.ShouldBe([running]);
        _queue.ReasonOf(reply.Build).ShouldBe(WaitReason.SamePackage);
        _queue.TakeAll().ShouldBeEmpty();

        _queue.Finish(running, BuildState.Replaced);
        _queue.TakeAll().ShouldBe(["a"]);
    }

    [Theory]
    [InlineData(BuildState.Published)]
    [InlineData(BuildState.Failed)]
    public void Enqueue_WhenTheSameUploads_LetsItFinishAndThenBuildsAgain(BuildState end)
    {
        _queue.Enqueue("a");
        var uploading = _queue.Start();
        _queue.State.Uploading(uploading).ShouldBeTrue();
        var reply = _queue.Enqueue(Request("a"))[0];

        reply.Replaced.ShouldBeNull();
        _queue.Cancelled.ShouldBeEmpty();
        _queue.ReasonOf(reply.Build).ShouldBe(WaitReason.SamePackage);

        _queue.Finish(uploading, end);
        _queue.TakeAll().ShouldBe(["a"]);
    }

    [Fact]
    public void Enqueue_WhenTheSameUploadsAndItsBuilderIsLost_BuildsOnlyTheNewOne()
    {
        _queue.Enqueue("a");
        var uploading = _queue.Start();
        _queue.State.Uploading(uploading).ShouldBeTrue();
        var second = _queue.Enqueue("a");
        _queue.Retry(uploading, loss: true);

        _queue.Closed.ShouldHaveSingleItem().Build.ShouldBe(uploading.Build);
        _queue.Take(slots: 5).ShouldHaveSingleItem().Attempt.Build.ShouldBe(second);
    }

    [Fact]
    public void Enqueue_WhenRepeatedWhileItWaits_QueuesNothingTwice()
    {
        var operation = Guid.NewGuid();
        var first = _queue.Enqueue(operation, Request("a"), Request("b"));

        _queue.Enqueue(operation, Request("a"), Request("b")).ShouldBe(first);
        _queue.State.Count.ShouldBe(2);
        _queue.Restarted().Enqueue(operation, Request("a"), Request("b")).Select(reply => reply.Build).ShouldBe(first.Select(reply => reply.Build));
    }

    [Fact]
    public void Enqueue_WhenRepeatedAfterItFinished_QueuesNothingTwice()
    {
        var operation = Guid.NewGuid();
        var first = _queue.Enqueue(operation, Request("a"));
        _queue.Finish(_queue.Start(), BuildState.Published);

        _queue.Enqueue(operation, Request("a")).ShouldBe(first);
        _queue.State.Count.ShouldBe(0);
    }

    [Fact]
    public void Enqueue_WhenRepeatedAfterANewerOrder_LeavesTheNewer()
    {
        var operation = Guid.NewGuid();
        _queue.Enqueue(operation, Request("a"));
        var newer = _queue.Enqueue("a");

        _queue.Enqueue(operation, Request("a"));

        _queue.State.Entries.ShouldHaveSingleItem().Build.ShouldBe(newer);
    }

    [Fact]
    public void Enqueue_WhenTheClockStands_GivesEachBuildOfAPackageAnIdOfItsOwn()
    {
        var first = _queue.Enqueue("a");
        _queue.Finish(_queue.Start(), BuildState.Published);
        var second = _queue.Enqueue("a");
        var third = _queue.Enqueue("a");

        new[] { first, second, third }.Distinct().Count().ShouldBe(3);
    }

    [Fact]
    public void Enqueue_WhenMany_KeepsTimestampsAtTheTime()
    {
        for (var i = 0; i < 1000; i++)
        {
            _queue.Enqueue($"p{i}").QueuedAt.ShouldBe(_queue.Now);
        }
    }

    [Fact]
    public void Cancel_WhenWaitingOrOffered_ClosesIt()
    {
        var waiting = _queue.Enqueue("a");
        _queue.Cancel(waiting).Done.ShouldBeTrue();
        var offered = _queue.Enqueue("b");
        var offer = _queue.Take().ShouldHaveSingleItem();
        _queue.Cancel(offered).Done.ShouldBeTrue();

        _queue.Closed.Select(closed => (closed.Build, closed.Verdict.State))
            .ShouldBe([(waiting, BuildState.Cancelled), (offered, BuildState.Cancelled)]);
        _queue.State.Accept(offer.Attempt, _queue.Now).ShouldBeNull();
        _queue.State.Count.ShouldBe(0);
        _queue.Slots.ShouldBeEmpty();
    }

    [Fact]
    public void Cancel_WhenRunning_AsksItsBuilderAndKeepsOnAsking()
    {
        _queue.Enqueue("a");
        var running = _queue.Start();
        _queue.Cancel(running.Build).Done.ShouldBeTrue();
        _queue.Cancelled.ShouldBe([running]);
        _queue.State.Uploading(running).ShouldBeFalse();

        _queue.State.Register(Profile("starter"), [running], _queue.Now).ShouldBeEmpty();
        _queue.Save();
        _queue.Cancelled.ShouldBe([running, running]);
        _queue.Restarted().Cancelled.ShouldBe([running]);
    }

    [Fact]
    public void Cancel_WhenRunningAndItsBuilderIsLost_DoesNotTryAgain()
    {
        _queue.Enqueue("a");
        var running = _queue.Start();
        _queue.Cancel(running.Build);
        _queue.Retry(running);

        _queue.Closed.ShouldHaveSingleItem().Verdict.State.ShouldBe(BuildState.Cancelled);
        _queue.State.Count.ShouldBe(0);
    }

    [Theory]
    [InlineData(BuildState.Uploading)]
    [InlineData(BuildState.Publishing)]
    public void Cancel_WhenTooLate_SaysSo(BuildState state)
    {
        _queue.Enqueue("a");
        var attempt = _queue.Start();
        _queue.State.Uploading(attempt).ShouldBeTrue();
        if (state == BuildState.Publishing)
        {
            _queue.State.Publish(_queue.State.Current(attempt)!, _queue.Now);
        }

        var reply = _queue.Cancel(attempt.Build);

        reply.Done.ShouldBeFalse();
        reply.Explanation.ShouldContain(state.ToString().ToLowerInvariant());
        _queue.Cancelled.ShouldBeEmpty();
    }

    [Fact]
    public void Cancel_WhenUnknown_SaysSo()
    {
        var build = _queue.Enqueue("a");
        _queue.Finish(_queue.Start(), BuildState.Published);

        _queue.Cancel(build).Done.ShouldBeFalse();
    }
}
