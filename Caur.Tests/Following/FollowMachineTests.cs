using Caur.Contracts.Sources;
using Caur.Grains.Following;

namespace Caur.Tests.Following;

public sealed class FollowMachineTests
{
    private const string Pipeline = "on-commit";

    private static readonly DateTimeOffset Time = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Order_WhileOneRuns_IsOneRunAfterwardsHoweverOftenItIsWanted()
    {
        var state = FollowMachine.Begin(Order(new FollowState()).Next, Time);

        var (next, first) = Order(state);
        (next, var second) = Order(next);
        (next, var dry) = FollowMachine.Order(next, new RunOrder { Pipeline = Pipeline, DryRun = true }, RunCause.Order, Time);

        (first.Number, second.Number, dry.Number).ShouldBe((2, 2, 3));
        next.Waiting.Select(one => (one.Number, one.DryRun)).ShouldBe([(2, false), (3, true)]);
        next.Running!.Number.ShouldBe(1);
        FollowMachine.Begin(next, Time).Waiting.Length.ShouldBe(2, "one at a time");
    }

    [Fact]
    public void Begin_WhenARunWasCutOff_BeginsTheSameAgain()
    {
        var state = FollowMachine.Begin(Order(new FollowState()).Next, Time);

        var again = FollowMachine.Begin(state, Time.AddMinutes(1)).Running.ShouldNotBeNull();

        (again.Number, again.Attempts, again.Started).ShouldBe((1, 2, Time.AddMinutes(1)));
    }

    [Fact]
    public void Look_WhenNothingIsNewOrItIsOwn_WantsNoRun()
    {
        var seen = FollowMachine.Look(new FollowState(), Pipeline, new FoundMark(null, "c1"), isOwn: false, RunCause.Poll, Time);
        seen.Waiting.ShouldHaveSingleItem().Cause.ShouldBe(RunCause.Poll);

        FollowMachine.Look(seen, Pipeline, new FoundMark(null, "c1"), isOwn: false, RunCause.Webhook, Time).ShouldBe(seen);
        var own = FollowMachine.Look(seen, Pipeline, new FoundMark(null, "c2"), isOwn: true, RunCause.Poll, Time);
        own.Waiting.ShouldBe(seen.Waiting);
        FollowMachine.Look(own, Pipeline, new FoundMark(null, "c2"), isOwn: false, RunCause.Poll, Time).ShouldBe(own, "it is known");
        FollowMachine.Look(own, Pipeline, new FoundMark(null, "c3"), isOwn: false, RunCause.Poll, Time).LastRun.ShouldBe(1, "one that waits will find it");
    }

    [Fact]
    public void Look_WhenTheClockIsSetBack_WantsNothingTwice()
    {
        var state = Ended(FollowMachine.Look(new FollowState(), Pipeline, FoundMark.Of(null, Time), isOwn: false, RunCause.Schedule, Time));

        FollowMachine.Look(state, Pipeline, FoundMark.Of(null, Time.AddMinutes(-30)), isOwn: false, RunCause.Schedule, Time).ShouldBe(state);
        FollowMachine.Look(state, Pipeline, FoundMark.Of(null, Time.AddMinutes(30)), isOwn: false, RunCause.Schedule, Time).Waiting.Length.ShouldBe(1);

        // It had been wrong by years.
        FollowMachine.Look(state, Pipeline, FoundMark.Of(null, Time.AddYears(-3)), isOwn: false, RunCause.Schedule, Time).Waiting.Length.ShouldBe(1);
    }

    [Fact]
    public void End_WhenALookFoundSomethingNewerMeanwhile_LeavesItKnown()
    {
        var state = FollowMachine.Begin(FollowMachine.Look(new FollowState(), Pipeline, new FoundMark(null, "c1"), isOwn: false, RunCause.Poll, Time), Time);
        state = FollowMachine.Look(state, Pipeline, new FoundMark(null, "c2"), isOwn: false, RunCause.Poll, Time);

        state = FollowMachine.End(state, RunViews.Of(state.Running!, isRunning: true), mayPass: false, "c1", [], Time);

        state.Waiting.Length.ShouldBe(1);
        var second = FollowMachine.Begin(state, Time);
        FollowMachine.Look(second, Pipeline, new FoundMark(null, "c2"), isOwn: false, RunCause.Poll, Time).ShouldBe(second, "a run of it is under way");
    }

    [Fact]
    public void Begin_WhenACommitWaitsBesideTheSchedule_TakesItFirst()
    {
        var state = FollowMachine.Order(new FollowState(), new RunOrder { Pipeline = "on-schedule" }, RunCause.Schedule, Time).Next;
        state = Order(state).Next;

        FollowMachine.Begin(state, Time).Running!.Pipeline.ShouldBe(Pipeline);
    }

    [Fact]
    public void End_WhenItIsTriedAgain_IsTheSameOrderUnderAnotherNumber()
    {
        var first = FollowMachine.Begin(Order(new FollowState()).Next, Time);
        var again = Failed(first, Time, mayPass: true).Waiting.ShouldHaveSingleItem();

        (again.Number, again.Operation).ShouldBe((2, first.Running!.Operation));
        Order(new FollowState()).Ticket.Operation.ShouldNotBe(again.Operation);
    }

    [Fact]
    public void Begin_WhenTheClockWasYearsAheadOnce_WaitsForNobody()
    {
        var state = Failed(FollowMachine.Begin(Order(new FollowState()).Next, Time.AddYears(5)), Time.AddYears(5), mayPass: true);

        FollowMachine.Begin(state, Time).Running.ShouldNotBeNull();
    }

    [Fact]
    public void Look_WhenATriggersTimeCame_WantsARunOfItBesideTheOrdinaryOne()
    {
        var state = FollowMachine.Look(new FollowState(), Pipeline, FoundMark.Of(null, Time), isOwn: false, RunCause.Schedule, Time);
        state = FollowMachine.Look(state, Pipeline, FoundMark.Of("daily", Time), isOwn: false, RunCause.Schedule, Time);

        state.Waiting.Select(one => (one.Number, one.Trigger)).ShouldBe([(1, null), (2, "daily")]);
        FollowMachine.Look(state, Pipeline, FoundMark.Of("daily", Time), isOwn: false, RunCause.Schedule, Time).ShouldBe(state);
        FollowMachine.Begin(state, Time).Running!.Trigger.ShouldBeNull();
        var second = FollowMachine.Begin(Failed(FollowMachine.Begin(state, Time), Time, mayPass: false), Time);
        second.Running!.Trigger.ShouldBe("daily");
        Failed(second, Time, mayPass: true).Waiting.ShouldHaveSingleItem().Trigger.ShouldBe("daily");
        RunViews.Of(second.Running, isRunning: true).Trigger.ShouldBe("daily");
    }

    [Fact]
    public void End_WhenWhatFailedMayPass_TriesAgainLaterAndLater()
    {
        var state = Order(new FollowState()).Next;
        var (now, pauses) = (Time, new List<double>());

        for (var tries = 0; tries < 50; tries++)
        {
            state = Failed(FollowMachine.Begin(state, now), now, mayPass: true);
            var due = FollowMachine.NextDue(state).ShouldNotBeNull();
            FollowMachine.Begin(state, due.AddSeconds(-1)).Running.ShouldBeNull();
            pauses.Add((due - now).TotalMinutes);
            now = due;
        }

        pauses.ShouldBe([1, 2, 4, 8, 16, .. Enumerable.Repeat(30.0, 45)]);
        state.Waiting.ShouldHaveSingleItem().Number.ShouldBe(51);
    }

    [Fact]
    public void End_WhenItWasRefusedOrSomethingElseWaits_TriesNothingAgain()
    {
        Failed(FollowMachine.Begin(Order(new FollowState()).Next, Time), Time, mayPass: false).Waiting.ShouldBeEmpty();

        var waiting = Order(FollowMachine.Begin(Order(new FollowState()).Next, Time)).Next;
        Failed(waiting, Time, mayPass: true).Waiting.ShouldHaveSingleItem().NotBefore.ShouldBeNull();
    }

    [Fact]
    public void Order_WhenOneWaitsForItsNextTry_HasItBegin()
    {
        var state = Failed(FollowMachine.Begin(Order(new FollowState()).Next, Time), Time, mayPass: true);
        FollowMachine.Begin(state, Time).Running.ShouldBeNull();

        var (next, ticket) = Order(state);

        (ticket.Number, ticket.Cause, next.LastRun).ShouldBe((2, RunCause.Order, 2));
        FollowMachine.Begin(next, Time).Running!.Number.ShouldBe(2);
    }

    [Fact]
    public void End_Always_KeepsTheNewestRunsAndWhereTheyStood()
    {
        var state = new FollowState();
        for (var i = 0; i < 30; i++)
        {
            state = FollowMachine.Begin(Order(state).Next, Time);
            state = FollowMachine.End(state, RunViews.Of(state.Running!, isRunning: true), mayPass: false, $"c{i}", [], Time);
        }

        state.Ended.Select(run => run.Number).ShouldBe(Enumerable.Range(11, 20).Select(number => (long)number));
        state.Marks[Pipeline].ShouldBe("c29");
    }

    private static (FollowState Next, RunTicket Ticket) Order(FollowState state) =>
        FollowMachine.Order(state, new RunOrder { Pipeline = Pipeline }, RunCause.Order, Time);

    private static FollowState Ended(FollowState state) => Failed(FollowMachine.Begin(state, Time), Time, mayPass: false);

    private static FollowState Failed(FollowState state, DateTimeOffset now, bool mayPass) =>
        FollowMachine.End(state, RunViews.Of(state.Running!, isRunning: true) with { State = RunState.Failed }, mayPass, null, [], now);
}
