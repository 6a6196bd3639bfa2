using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Grains.Queue;
using static Caur.Tests.Queue.QueueHarness;

namespace Caur.Tests.Queue;

public sealed class QueueOfferTests
{
    private readonly QueueHarness _queue = new();

    [Fact]
    public void Take_WhenSlotsAreFew_OffersNoMore()
    {
        _queue.Enqueue(Request("a"), Request("b"), Request("c"));

        _queue.Take(Profile(slots: 2), 5).Length.ShouldBe(2);
        _queue.Take(Profile(slots: 2), 5).ShouldBeEmpty();
        _queue.Take(Profile("b2", 5), 1).Length.ShouldBe(1);
    }

    [Fact]
    public void Take_WhenTheSlotIsFreeAgain_OffersTheNext()
    {
        _queue.Enqueue(Request("a"), Request("b"));
        var first = _queue.Start(Profile());
        _queue.Take(Profile()).ShouldBeEmpty();
        _queue.State.Publish(_queue.State.Current(first)!, _queue.Now);

        _queue.Take(Profile()).ShouldHaveSingleItem();
    }

    [Fact]
    public void Take_WhenTheBuilderDrainsOrTheQueueIsPaused_OffersNothing()
    {
        _queue.Enqueue("a");
        _queue.Take(Profile() with { Draining = true }).ShouldBeEmpty();
        _queue.State.Paused = true;
        _queue.Take().ShouldBeEmpty();
        _queue.State.Resume();
        _queue.Take().ShouldHaveSingleItem();
    }

    [Fact]
    public void Sweep_WhenAnOfferIsNotAcceptedInTime_OffersItAgain()
    {
        _queue.Enqueue("a");
        var offer = _queue.Take(Profile("slow")).ShouldHaveSingleItem();
        _queue.Now += QueueState.OfferTime - TimeSpan.FromMilliseconds(1);
        _queue.Sweep();
        _queue.View(offer.Attempt.Build).State.ShouldBe(BuildState.Assigned);
        _queue.Now += TimeSpan.FromMilliseconds(1);
        _queue.Sweep();

        _queue.State.Accept(offer.Attempt, _queue.Now).ShouldBeNull();
        var second = _queue.Take(Profile("quick")).ShouldHaveSingleItem();
        second.Attempt.Number.ShouldBe(1);
        _queue.State.Accept(offer.Attempt, _queue.Now).ShouldBeNull();
        _queue.State.Accept(second.Attempt, _queue.Now).ShouldNotBeNull();
    }

    [Fact]
    public void Accept_WhenRepeated_ChangesNothing()
    {
        _queue.Enqueue("a");
        var attempt = _queue.Start();
        var before = _queue.Slots.Values.Single();

        _queue.State.Accept(attempt, _queue.Now).ShouldNotBeNull();
        _queue.Save();
        _queue.Slots.Values.Single().ShouldBe(before);
        before.ShouldSatisfyAllConditions(
            slot => slot.State.ShouldBe(BuildState.Running), slot => slot.Attempts.ShouldBe(1), slot => slot.Builder.ShouldBe(attempt.Builder));
    }

    [Fact]
    public void Accept_WhenAnotherBuildersOffer_IsRefused()
    {
        _queue.Enqueue("a");
        var offer = _queue.Take(Profile("b1")).ShouldHaveSingleItem().Attempt;

        _queue.State.Accept(offer with { Builder = Profile("b2").Builder }, _queue.Now).ShouldBeNull();
        _queue.State.Accept(offer with { Number = 2 }, _queue.Now).ShouldBeNull();
        _queue.State.Accept(offer, _queue.Now).ShouldNotBeNull();
    }

    [Fact]
    public void Unregister_WhenItHoldsAnOffer_OffersItToOthers()
    {
        _queue.Enqueue("a");
        _queue.Take(Profile("b1")).ShouldHaveSingleItem();
        _queue.State.Unregister(Profile("b1").Builder);

        _queue.Take(Profile("b2")).ShouldHaveSingleItem();
    }

    [Fact]
    public void Register_WhenAnAttemptIsNotCurrent_NamesIt()
    {
        _queue.Enqueue("a");
        var attempt = _queue.Start();
        var older = attempt with { Number = 7 };

        _queue.State.Register(Profile("starter"), [attempt, older], _queue.Now).ShouldBe([older]);
    }

    [Fact]
    public void Retry_WhenLost_CountsAndOffersTheNextNumber()
    {
        _queue.Enqueue("a");
        var first = _queue.Start();
        _queue.Retry(first, loss: true);

        _queue.Slots.Values.Single().ShouldSatisfyAllConditions(
            slot => slot.Losses.ShouldBe(1), slot => slot.Builder.ShouldBeNull(), slot => slot.State.ShouldBe(BuildState.Waiting));
        _queue.State.Uploading(first).ShouldBeFalse();
        _queue.Take().ShouldHaveSingleItem().Attempt.Number.ShouldBe(2);
    }

    [Fact]
    public void Register_WhenALostAttemptStillRuns_TakesTheLossBackOnce()
    {
        _queue.Enqueue("a");
        var first = _queue.Start();
        _queue.Retry(first, loss: true);
        _queue.State.Register(Profile("starter"), [first], _queue.Now).ShouldBe([first]);
        _queue.State.Register(Profile("starter"), [first], _queue.Now).ShouldBe([first]);
        _queue.Save();

        _queue.Slots.Values.Single().Losses.ShouldBe(0);
    }

    [Fact]
    public void Register_WhenAnotherBuilderNamesALostAttempt_TakesNoLossBack()
    {
        _queue.Enqueue("a");
        var lost = _queue.Start();
        _queue.Retry(lost, loss: true);
        var claimed = lost with { Builder = new BuilderId("other", "0") };

        _queue.State.Register(Profile("other"), [claimed], _queue.Now).ShouldBe([claimed]);
        _queue.Save();
        _queue.Slots.Values.Single().Losses.ShouldBe(1);
        var restarted = _queue.Restarted();
        restarted.State.Register(Profile("other"), [claimed], restarted.Now);
        restarted.State.Register(Profile("starter"), [lost], restarted.Now);
        restarted.Save();
        restarted.Slots.Values.Single().Losses.ShouldBe(0);
    }

    [Fact]
    public void Retry_WhenWithAPause_WaitsForItAlsoOverARestart()
    {
        _queue.Enqueue("a");
        _queue.Retry(_queue.Start(), loss: true, TimeSpan.FromSeconds(20));
        _queue.ReasonOf(_queue.State.Entries.Single().Build).ShouldBe(WaitReason.RetryPause);
        var restarted = _queue.Restarted();

        foreach (var queue in new[] { _queue, restarted })
        {
            queue.Sweep();
            queue.TakeAll().ShouldBeEmpty();
            queue.Now += TimeSpan.FromSeconds(20);
            queue.Sweep();
            queue.TakeAll().ShouldBe(["a"]);
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(-2)]
    public void OnClockSet_WhileOffersPausesAndBuildersCount_LetsEachHaveItsTime(int hours)
    {
        var step = TimeSpan.FromHours(hours);
        _queue.Enqueue("rests");
        _queue.Retry(_queue.Start(), loss: true, TimeSpan.FromSeconds(20));
        _queue.Enqueue("offered");
        var offer = _queue.Take().ShouldHaveSingleItem();

        _queue.Now += step;
        _queue.State.OnClockSet(step);
        _queue.Save();
        _queue.Now += QueueState.OfferTime - TimeSpan.FromSeconds(1);
        _queue.Sweep();

        _queue.State.Find(offer.Attempt.Build)!.Offered.ShouldBeTrue("it stands for its time");
        _queue.Snapshot.Builders.ShouldAllBe(builder => !builder.Lost);
        _queue.Now += TimeSpan.FromSeconds(1);
        _queue.Sweep();
        _queue.State.Find(offer.Attempt.Build)!.Offered.ShouldBeFalse("and no longer");
        var restarted = _queue.Restarted();
        foreach (var queue in new[] { _queue, restarted })
        {
            queue.Sweep();
            queue.TakeAll().ShouldBe(["offered"]);
            queue.Now += TimeSpan.FromSeconds(15);
            queue.Sweep();
            queue.TakeAll().ShouldContain("rests");
        }
    }

    [Fact]
    public void Sweep_WhenTheClockWasSetBackWhileNobodyLooked_WakesWhatRests()
    {
        _queue.Enqueue("a");
        _queue.Retry(_queue.Start(), loss: true, TimeSpan.FromSeconds(20));
        var restarted = _queue.Restarted();
        restarted.Now -= TimeSpan.FromDays(400);

        restarted.Sweep();

        restarted.TakeAll().ShouldBe(["a"]);
    }

    [Fact]
    public void Pokes_WhenSomethingFits_ComeOncePerBuilderWithRoom()
    {
        _queue.State.Register(Profile("b1", 1), [], _queue.Now);
        _queue.State.Register(Profile("b2", 1) with { Draining = true }, [], _queue.Now);
        _queue.State.Register(Profile("b3", 1, "1"), [], _queue.Now);
        _queue.Enqueue(Request("a") with { BuilderClass = "2" }, Request("b") with { BuilderClass = "2" });

        _queue.Pokes.ShouldBe([Profile("b1").Builder]);
        _queue.Enqueue(Request("c") with { BuilderClass = "2" });
        _queue.Pokes.Count.ShouldBe(1);
    }

    [Fact]
    public void Pokes_WhenTheBuilderDidNotCome_AreRepeatedByTheSweep()
    {
        _queue.State.Register(Profile("b1"), [], _queue.Now);
        _queue.Enqueue("a");
        _queue.Sweep();

        _queue.Pokes.Count.ShouldBe(2);
    }

    [Fact]
    public void Pokes_WhenThePauseEnds_AreSent()
    {
        _queue.State.Paused = true;
        _queue.State.Register(Profile("b1"), [], _queue.Now);
        _queue.Enqueue("a");
        _queue.Pokes.ShouldBeEmpty();
        _queue.State.Resume();
        _queue.Save();

        _queue.Pokes.ShouldBe([Profile("b1").Builder]);
    }

    [Fact]
    public void Pokes_WhenADependencyIsDone_GoToIdleBuilders()
    {
        _queue.Enqueue(Request("lib"), Request("app", "lib"));
        var running = _queue.Start();
        _queue.State.Register(Profile("idle"), [], _queue.Now);
        _queue.Pokes.ShouldBeEmpty();
        _queue.Finish(running, BuildState.Published);

        _queue.Pokes.ShouldContain(Profile("idle").Builder);
    }

    [Fact]
    public void Sweep_WhenABuilderIsSilentForLong_ForgetsItUnlessItHasBuilds()
    {
        _queue.Enqueue("a");
        _queue.Start(Profile("busy"));
        _queue.State.Register(Profile("idle"), [], _queue.Now);
        _queue.Now += QueueState.BuilderSilence * 10 + TimeSpan.FromSeconds(1);
        _queue.Sweep();

        var left = _queue.Snapshot.Builders.ShouldHaveSingleItem();
        left.Profile.Builder.Name.ShouldBe("busy");
        left.Lost.ShouldBeTrue();
        left.Busy.ShouldBe(1);
    }

    [Fact]
    public void Register_WhenTheBuilderIsForAnotherArch_IsNotCountedOn()
    {
        var build = _queue.Enqueue("a");
        var stranger = Profile() with { Architectures = ["aarch64"] };
        _queue.State.Register(stranger, [], _queue.Now);
        _queue.Save();
        _queue.Pokes.ShouldBeEmpty();
        _queue.ReasonOf(build).ShouldBe(WaitReason.NoFittingBuilder);
        _queue.Take(stranger).ShouldBeEmpty();
    }
}
