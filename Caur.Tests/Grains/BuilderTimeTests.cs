using Caur.Contracts.Builds;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Tests.Engine;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Caur.Tests.Grains;

/// <summary>What a builder's grain makes of time and of calls at the wrong moment: a hub that stood still, agents that are there and say
/// little, goodbyes in the middle of something, and what is left of those who are gone.</summary>
public sealed class BuilderTimeTests
{
    [Fact]
    public async Task Lease_WhenTheHubStoodStillForLonger_IsItsBuildersStill()
    {
        await using var farm = await Farm.StartAsync();
        var build = await farm.EnqueueAsync("a");
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        var attempt = await builder.StartAsync();
        await farm.AdvanceAsync(TimeSpan.FromSeconds(9));

        farm.Clock.Skip(TimeSpan.FromSeconds(33));
        await farm.AdvanceAsync(TimeSpan.FromSeconds(9));

        (await farm.Queue.FindAsync(build))!.State.ShouldBe(BuildState.Running);
        (await builder.JoinAsync()).Current.ShouldBe([attempt]);
        await builder.FinishAsync(attempt);
        (await farm.WaitForAsync(build, BuildState.Published)).Attempts.Length.ShouldBe(1);
    }

    [Fact]
    public async Task Lease_WhenTheHubStandsStillAgainAndAgain_EndsAllTheSame()
    {
        await using var farm = await Farm.StartAsync();
        var build = await farm.EnqueueAsync("a");
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        await builder.StartAsync();
        for (var i = 0; i < 11; i++)
        {
            farm.Clock.Skip(TimeSpan.FromSeconds(10));
            await farm.AdvanceAsync(TimeSpan.FromSeconds(1));
        }

        (await farm.Queue.FindAsync(build))!.State.ShouldBe(BuildState.Waiting);
    }

    [Fact]
    public async Task Join_WhileAnAttemptIsGivenBack_DoesNotCallItCurrent()
    {
        await using var farm = await Farm.StartAsync();
        var build = await farm.EnqueueAsync("a");
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        var attempt = await builder.StartAsync();
        await farm.AdvanceAsync(TimeSpan.FromSeconds(28));
        var gate = new TaskCompletionSource();
        farm.Faults.HoldWrite("build", gate.Task);
        await farm.AdvanceAsync(TimeSpan.FromSeconds(4));

        (await builder.JoinAsync()).Current.ShouldBeEmpty();
        gate.SetResult();
        await farm.UntilAsync(async () => (await farm.Queue.FindAsync(build))!.State == BuildState.Waiting, "it is given back");
        (await builder.StartAsync()).ShouldBe(attempt with { Number = 2 });
    }

    [Fact]
    public async Task Join_WhenTheFirstAgentOnlyLivesAndSaysNothing_IsRefused()
    {
        await using var farm = await Farm.StartAsync();
        var (first, second) = (new ScriptedBuilder(farm, "same"), new ScriptedBuilder(farm, "same"));
        await first.JoinAsync();
        for (var i = 0; i < 10; i++)
        {
            await farm.AdvanceAsync(TimeSpan.FromSeconds(6));
            await first.AliveAsync();
        }

        (await second.JoinAsync()).Accepted.ShouldBeFalse();
        (await first.RenewAsync()).Known.ShouldBeTrue();
        await farm.AdvanceAsync(TimeSpan.FromSeconds(13));
        (await second.JoinAsync()).Accepted.ShouldBeTrue("the first one is gone");
        await first.AliveAsync();
        (await first.RenewAsync()).Known.ShouldBeFalse();
    }

    [Fact]
    public async Task Lease_OfAnAgentThatOnlyLives_EndsAndCountsAsALoss()
    {
        await using var farm = await Farm.StartAsync();
        var build = await farm.EnqueueAsync("a");
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        await builder.StartAsync();
        for (var i = 0; i < 8; i++)
        {
            await farm.AdvanceAsync(TimeSpan.FromSeconds(4));
            await builder.AliveAsync();
        }

        (await farm.Queue.FindAsync(build))!.State.ShouldBe(BuildState.Waiting);
        (await farm.Build(build).GetAsync())!.Attempts.ShouldHaveSingleItem().End.ShouldBe(AttemptEnd.BuilderLost);
    }

    [Fact]
    public async Task Leave_WhileARenewalIsUnderWay_LeavesTheBuilderInNoQueue()
    {
        await using var farm = await Farm.StartAsync();
        farm.Services.GetRequiredService<IOptions<FarmOptions>>().Value.TargetRepositories[Farm.Target.Name].Architectures.Add("aarch64");
        await farm.EnqueueAsync("a");
        var builder = new ScriptedBuilder(farm);
        builder.Profile = builder.Profile with { Architectures = ["x86_64", "aarch64"] };
        await builder.JoinAsync();
        var attempt = await builder.StartAsync();
        await farm.AdvanceUntilAsync(async () => (await farm.Queue.FindAsync(attempt.Build))!.State == BuildState.Waiting, "the lease ends", 40);

        // What it lost and runs still is forgiven, and that is written: the first of its queues is busy with it.
        var gate = new TaskCompletionSource();
        farm.Faults.HoldWrite("queue", gate.Task);
        var renewing = builder.RenewAsync();
        await farm.AdvanceAsync(TimeSpan.FromSeconds(1));
        renewing.IsCompleted.ShouldBeFalse();
        var leaving = builder.LeaveAsync();
        await farm.AdvanceAsync(TimeSpan.FromSeconds(1));
        gate.SetResult();
        await Task.WhenAll(renewing, leaving);

        (await farm.Queue.GetAsync()).Builders.ShouldBeEmpty();
        (await farm.Client.GetGrain<IBuildQueueGrain>("aarch64").GetAsync()).Builders.ShouldBeEmpty();
        (await builder.RenewAsync()).Known.ShouldBeFalse();
    }

    [Fact]
    public async Task Calls_ThatNameInventedArchitectures_MakeNoQueues()
    {
        await using var farm = await Farm.StartAsync();
        await farm.EnqueueAsync("a");
        var builder = new ScriptedBuilder(farm);
        builder.Profile = builder.Profile with { Architectures = ["x86_64", "invented", "armv9"] };
        await builder.JoinAsync();
        var attempt = await builder.StartAsync();
        var invented = Enumerable.Range(0, 50)
            .Select(i => new BuildAttempt(new BuildId(new PackageKey(new TargetId("repo", $"arch{i}"), "a"), 1), 1, builder.Id)).ToList();
        builder.Running.AddRange(invented);

        (await builder.RenewAsync()).Lost.ShouldBe(invented);
        (await builder.JoinAsync()).Current.ShouldBe([attempt]);
        (await builder.AcceptAsync(invented[0])).ShouldBeFalse();
        (await builder.UploadingAsync(invented[1])).ShouldBeFalse();
        (await builder.CompleteAsync(invented[2], AttemptEnd.Failed)).ShouldBeFalse();
        (await builder.TakeAsync()).ShouldBeEmpty();
        await builder.LeaveAsync();

        Activations(farm, "queue").ShouldHaveSingleItem().ShouldEndWith("x86_64");
    }

    [Fact]
    public async Task Activation_OfABuilderThatIsGone_GoesToo()
    {
        Assert.SkipUnless(TestEngine.IdlesByItsClock, "This engine takes the system's clock for what is idle.");
        await using var farm = await Farm.StartAsync();
        var (leaver, dead, here) = (new ScriptedBuilder(farm, "leaver"), new ScriptedBuilder(farm, "dead"), new ScriptedBuilder(farm, "here"));
        foreach (var builder in (ScriptedBuilder[])[leaver, dead, here])
        {
            await builder.JoinAsync();
        }

        await leaver.LeaveAsync();
        Activations(farm, "builder").Count.ShouldBe(3);
        for (var i = 0; i < 210; i++)
        {
            await here.AliveAsync();
            farm.Clock.Skip(TimeSpan.FromSeconds(2));
            await farm.AdvanceAsync(TimeSpan.FromSeconds(1));
        }

        // Nobody looks after them now, and what is idle is collected.
        for (var minute = 0; minute < 20; minute++)
        {
            await here.AliveAsync();
            farm.Clock.Skip(TimeSpan.FromSeconds(59));
            await farm.AdvanceAsync(TimeSpan.FromSeconds(1));
        }

        Activations(farm, "builder").ShouldBe(Activations(farm, "here"));
        Activations(farm, "here").Count.ShouldBe(1);
        (await leaver.JoinAsync()).Accepted.ShouldBeTrue();
        (await dead.JoinAsync()).Accepted.ShouldBeTrue();
    }

    private static List<string> Activations(Farm farm, string of) =>
        [.. farm.Activations.Select(static grain => $"{grain}").Where(id => id.Contains(of, StringComparison.Ordinal))];
}
