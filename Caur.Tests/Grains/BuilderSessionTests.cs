using Caur.Api.Builders;
using Caur.Contracts.Builders;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Protocol.Builders;
using Caur.Tests.Link;
using Microsoft.Extensions.Logging.Abstractions;

namespace Caur.Tests.Grains;

/// <summary>Leases: builders that vanish, return, restart and say goodbye.</summary>
public sealed class BuilderSessionTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Lease_WhenItEnds_GivesTheBuildToAnotherBuilder()
    {
        await using var farm = await Farm.StartAsync();
        var build = await farm.EnqueueAsync("a");
        var (dying, other) = (new ScriptedBuilder(farm, "dying"), new ScriptedBuilder(farm, "other"));
        await dying.JoinAsync();
        var first = await dying.StartAsync();
        await farm.AdvanceAsync(TimeSpan.FromSeconds(29));
        await other.JoinAsync();
        (await other.TakeAsync()).ShouldBeEmpty();
        await farm.AdvanceUntilAsync(async () => (await farm.Queue.FindAsync(build))!.State == BuildState.Waiting, "the lease ends", 4);

        var second = await other.StartAsync();
        second.Number.ShouldBe(2);
        (await dying.CompleteAsync(first, AttemptEnd.Built)).ShouldBeFalse();
        (await dying.WriteAsync(first, "late")).Verdict.ShouldBe(Contracts.Logs.LogVerdict.Stale);
        await other.FinishAsync(second);
        var view = await farm.WaitForAsync(build, BuildState.Published);
        view.Attempts.Select(attempt => attempt.End).ShouldBe([AttemptEnd.BuilderLost, AttemptEnd.Built]);
    }

    [Fact]
    public async Task Lease_WhenRenewed_LastsForHours()
    {
        await using var farm = await Farm.StartAsync();
        await farm.EnqueueAsync("a");
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        var attempt = await builder.StartAsync();
        for (var i = 0; i < 20; i++)
        {
            await farm.AdvanceAsync(TimeSpan.FromSeconds(10));
            (await builder.RenewAsync()).ShouldSatisfyAllConditions(renewed => renewed.Known.ShouldBeTrue(), renewed => renewed.Lost.ShouldBeEmpty());
        }

        await builder.FinishAsync(attempt);
    }

    [Fact]
    public async Task Build_WhenThreeBuildersDie_IsASystemError()
    {
        await using var farm = await Farm.StartAsync();
        var build = await farm.EnqueueAsync("a");
        for (var i = 1; i <= 3; i++)
        {
            var builder = new ScriptedBuilder(farm, $"b{i}");
            await builder.JoinAsync();
            await builder.StartAsync();
            await farm.AdvanceUntilAsync(async () => (await farm.Queue.FindAsync(build))?.State != BuildState.Running, "the lease ends", 40);
        }

        (await farm.WaitForAsync(build, BuildState.SystemError)).Attempts.Length.ShouldBe(3);
    }

    [Fact]
    public async Task Join_WhenTheLinkReturnsWithinTheLease_ChangesNothing()
    {
        await using var farm = await Farm.StartAsync();
        var (build, builder) = await farm.EnqueueAndJoinAsync("a");
        var attempt = await builder.StartAsync();
        await farm.AdvanceAsync(TimeSpan.FromSeconds(25));

        (await builder.JoinAsync()).Current.ShouldBe([attempt]);
        await farm.AdvanceAsync(TimeSpan.FromSeconds(25));
        await builder.FinishAsync(attempt);
        (await farm.WaitForAsync(build, BuildState.Published)).Attempts.Length.ShouldBe(1);
    }

    [Fact]
    public async Task Join_WhenTheLinkReturnsTooLate_EndsTheAttemptAndCountsNoLoss()
    {
        await using var farm = await Farm.StartAsync();
        var (build, builder) = await farm.EnqueueAndJoinAsync("a");
        for (var i = 1; i <= 4; i++)
        {
            await builder.StartAsync();
            await farm.AdvanceUntilAsync(async () => (await farm.Queue.FindAsync(build))!.State == BuildState.Waiting, $"lease {i} ends", 40);
            (await builder.JoinAsync()).Current.ShouldBeEmpty();
        }

        await builder.FinishAsync(await builder.StartAsync());
        (await farm.WaitForAsync(build, BuildState.Published)).Attempts.Length.ShouldBe(5);
    }

    [Fact]
    public async Task Join_WhenTheAgentWasRestarted_GivesItsBuildsBackAtOnce()
    {
        await using var farm = await Farm.StartAsync();
        var lost = await farm.EnqueueAsync("lost");
        var kept = await farm.EnqueueAsync("kept");
        var builder = new ScriptedBuilder(farm, slots: 2);
        await builder.JoinAsync();
        var attempts = new[] { await builder.StartAsync(), await builder.StartAsync() };
        await farm.AdvanceAsync(TimeSpan.FromSeconds(13));
        builder.Boot = Guid.NewGuid();
        builder.Running.RemoveAll(attempt => attempt.Build == lost);

        var reply = await builder.JoinAsync();

        reply.Accepted.ShouldBeTrue(reply.Reason);
        reply.Current.ShouldBe([attempts.Single(attempt => attempt.Build == kept)]);
        (await farm.Queue.FindAsync(lost))!.State.ShouldBe(BuildState.Waiting);
        (await farm.Queue.FindAsync(kept))!.State.ShouldBe(BuildState.Running);
    }

    [Fact]
    public async Task Join_WhenAnotherAgentIsHereAndAlive_IsRefusedWithTheReason()
    {
        await using var farm = await Farm.StartAsync();
        var (first, second) = (new ScriptedBuilder(farm, "same"), new ScriptedBuilder(farm, "same"));
        await first.JoinAsync();
        await farm.AdvanceAsync(TimeSpan.FromSeconds(10));
        await first.RenewAsync();
        await farm.AdvanceAsync(TimeSpan.FromSeconds(9));

        var refused = await second.JoinAsync();
        refused.Accepted.ShouldBeFalse();
        refused.Reason.ShouldNotBeNull().ShouldContain("same/0");
        (await first.RenewAsync()).Known.ShouldBeTrue();
        (await second.RenewAsync()).Known.ShouldBeFalse();
        (await second.TakeAsync()).ShouldBeEmpty();

        await farm.AdvanceAsync(TimeSpan.FromSeconds(13));
        (await second.JoinAsync()).Accepted.ShouldBeTrue("the first one is gone");
    }

    [Fact]
    public async Task Leave_WhenItRunsBuilds_GivesThemBackAtOnceAndCountsNoLoss()
    {
        await using var farm = await Farm.StartAsync();
        var build = await farm.EnqueueAsync("a");
        var (leaving, other) = (new ScriptedBuilder(farm, "leaving"), new ScriptedBuilder(farm, "other"));
        await other.JoinAsync();
        for (var i = 0; i < 4; i++)
        {
            await leaving.JoinAsync();
            await leaving.StartAsync();
            await leaving.LeaveAsync();
            leaving.Running.Clear();
        }

        (await farm.Queue.GetAsync()).Builders.Select(builder => builder.Profile.Builder).ShouldBe([other.Id]);
        (await leaving.TakeAsync()).ShouldBeEmpty();
        await other.FinishAsync(await other.StartAsync());
        await farm.WaitForAsync(build, BuildState.Published);
    }

    [Fact]
    public async Task Renew_WhenTheBuilderForgotABuild_GivesItBackAfterTheLease()
    {
        await using var farm = await Farm.StartAsync();
        var (build, builder) = await farm.EnqueueAndJoinAsync("a");
        await builder.StartAsync();
        builder.Running.Clear();
        await farm.AdvanceUntilAsync(
            async () =>
            {
                await builder.RenewAsync();
                return (await farm.Queue.FindAsync(build))!.State == BuildState.Waiting;
            },
            "it is given back",
            40);

        await builder.FinishAsync(await builder.StartAsync());
        (await farm.WaitForAsync(build, BuildState.Published)).Attempts[0].End.ShouldBe(AttemptEnd.HandedBack);
    }

    [Fact]
    public async Task Drain_WhenAsked_TakesNoMoreUntilTakenBack()
    {
        await using var farm = await Farm.StartAsync();
        var (build, builder) = await farm.EnqueueAndJoinAsync("a");
        await builder.Grain.DrainAsync(true);

        (await builder.TakeAsync()).ShouldBeEmpty();
        await farm.UntilAsync(() => Task.FromResult(builder.Draining), "the agent is told");
        (await farm.Queue.GetAsync()).Builders.ShouldHaveSingleItem().Profile.Draining.ShouldBeTrue();
        await builder.Grain.DrainAsync(false);
        (await builder.StartAsync()).Build.ShouldBe(build);
    }

    [Fact]
    public async Task Drain_WhenAskedAgainDuringTheWrite_AnswersInOrderAndNothingThatIsNotDurable()
    {
        await using var farm = await Farm.StartAsync();
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        var gate = new TaskCompletionSource();
        farm.Faults.HoldWrite("builder", gate.Task);
        var first = builder.Grain.DrainAsync(true);
        await farm.AdvanceAsync(TimeSpan.FromSeconds(1));
        Task[] later = [builder.Grain.DrainAsync(true), builder.Grain.DrainAsync(false), builder.Grain.DrainAsync(true)];
        await farm.AdvanceAsync(TimeSpan.FromSeconds(1));

        later.ShouldAllBe(call => !call.IsCompleted);
        gate.SetResult();
        await Task.WhenAll([first, .. later]);
        (await farm.Queue.GetAsync()).Builders.ShouldHaveSingleItem().Profile.Draining.ShouldBeTrue();
        await farm.RestartAsync();
        await builder.JoinAsync();
        (await farm.Queue.GetAsync()).Builders.ShouldHaveSingleItem().Profile.Draining.ShouldBeTrue();
    }

    [Fact]
    public async Task Drain_WhenTheWriteBeforeFailed_IsWrittenItself()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        farm.Faults.FailWrites("builder");
        Task[] calls = [builder.Grain.DrainAsync(true), builder.Grain.DrainAsync(true)];

        // Whichever came first.
        await Should.ThrowAsync<Exception>(() => Task.WhenAll(calls));
        calls.ShouldContain(static call => call.IsCompletedSuccessfully, 1);
        await farm.RestartAsync();
        await builder.JoinAsync();
        (await farm.Queue.GetAsync()).Builders.ShouldHaveSingleItem().Profile.Draining.ShouldBeTrue();
    }

    /// <summary>The grain begins anew and knows no session: the agent is told to join again at once, and no attempt is taken from it before.</summary>
    [Fact]
    public async Task Drain_WhenTheWriteFails_TakesNoAttemptFromTheAgent()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var build = await farm.EnqueueAsync("a");
        var profile = new BuilderProfile { Builder = new BuilderId("builder", "0"), Architectures = ["x86_64"] };
        var attempt = (await farm.Queue.TakeAsync(profile, 1)).ShouldHaveSingleItem().Attempt;
        (await farm.Queue.AcceptAsync(attempt)).ShouldBeTrue();
        var session = new GrainBuilderSession(farm.Client, null!, null!, farm.Clock, NullLogger<GrainBuilderSession>.Instance);
        var agent = new TestAgent { Running = [new AttemptRef(build.ToString(), attempt.Number)] };
        var hello = LinkHub.Hello("builder", running: [.. agent.Running]);
        (await session.HelloAsync(hello, agent, Cancelled)).Current.ShouldBe(agent.Running);

        farm.Faults.FailWrites("builder");
        await Should.ThrowAsync<IOException>(() => farm.Client.GetGrain<IBuilderGrain>("builder/0").DrainAsync(true));
        await farm.UntilAsync(() => Task.FromResult(agent.Rejoins > 0), "the agent is told to join again");
        await Should.ThrowAsync<InvalidOperationException>(() => session.ProgressAsync(agent.Running[0], AttemptStep.Uploading, Cancelled));
        var failed = new AttemptResult { Attempt = agent.Running[0], Outcome = AttemptOutcome.Failed, Finished = farm.Clock.GetUtcNow() };
        await Should.ThrowAsync<InvalidOperationException>(() => session.CompleteAsync(failed, Cancelled));

        (await session.HelloAsync(hello, agent, Cancelled)).Current.ShouldBe(agent.Running);
        (await session.ProgressAsync(agent.Running[0], AttemptStep.Uploading, Cancelled)).ShouldBeTrue();
        (await session.CompleteAsync(failed, Cancelled)).ShouldBeTrue();
        (await session.ProgressAsync(agent.Running[0], AttemptStep.Uploading, Cancelled)).ShouldBeFalse("it is over");
    }

    [Fact]
    public async Task Pause_WhenResumedDuringTheWrite_IsWrittenFirst()
    {
        await using var farm = await Farm.StartAsync();
        var gate = new TaskCompletionSource();
        farm.Faults.HoldWrite("settings", gate.Task);
        var pause = farm.Queue.PauseAsync(true);
        await farm.AdvanceAsync(TimeSpan.FromSeconds(1));
        var resume = farm.Queue.PauseAsync(false);
        await farm.AdvanceAsync(TimeSpan.FromSeconds(1));

        resume.IsCompleted.ShouldBeFalse();
        gate.SetResult();
        await Task.WhenAll(pause, resume);
        (await farm.Queue.GetAsync()).Paused.ShouldBeFalse();
        await farm.RestartAsync();
        (await farm.Queue.GetAsync()).Paused.ShouldBeFalse();
    }

    [Fact]
    public async Task Accept_WhenOfAnotherBuilderOrSession_IsRefused()
    {
        await using var farm = await Farm.StartAsync();
        await farm.EnqueueAsync("a");
        var (one, two) = (new ScriptedBuilder(farm, "one"), new ScriptedBuilder(farm, "two"));
        await one.JoinAsync();
        var offer = (await one.TakeAsync()).ShouldHaveSingleItem().Attempt;

        (await two.AcceptAsync(offer)).ShouldBeFalse("it never joined");
        await two.JoinAsync();
        (await two.AcceptAsync(offer)).ShouldBeFalse();
        (await two.AcceptAsync(offer with { Builder = two.Id })).ShouldBeFalse();
        (await two.CompleteAsync(offer, AttemptEnd.Built)).ShouldBeFalse();
        (await one.AcceptAsync(offer)).ShouldBeTrue();
    }

    [Fact]
    public async Task Pause_WhenSet_HandsOutNothingAlsoAfterARestart()
    {
        await using var farm = await Farm.StartAsync();
        var build = await farm.EnqueueAsync("a");
        await farm.Queue.PauseAsync(true);
        await farm.RestartAsync();
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();

        (await builder.TakeAsync()).ShouldBeEmpty();
        (await farm.Queue.FindAsync(build))!.Wait.ShouldBe(WaitReason.Paused);
        await farm.Queue.PauseAsync(false);
        (await builder.StartAsync()).Build.ShouldBe(build);
    }
}
