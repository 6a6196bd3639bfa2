using Caur.Builder;
using Caur.Protocol.Builders;
using Caur.Tests.Builder.Engines;
using Caur.Tests.Support;

namespace Caur.Tests.Builder.Agents;

/// <summary>What keeps an agent from working, from keeping its work, or from ending.</summary>
public sealed class AgentLifeTests
{
    [Fact]
    public async Task Slot_WhileTheRemovalOfTheLastContainerHangs_IsFree()
    {
        await using var farm = await AgentFixture.CreateAsync();
        await using var engine = new HoldingEngine(farm.Socket);

        // Limits that every engine grants: a refused one is made anew, which is a removal too.
        await using var agent = await farm.StartAsync(options => (options.Engine.Address, options.Containers.OpenFiles) = (engine.Address, (1024, 1024)));
        BuildOrder[] orders = [farm.Order("exit 13"), farm.Order("exit 13"), farm.Order("exit 13")];

        farm.Session.Give(orders);
        await engine.Held.DefaultTimeout("the first removal");
        (await farm.Session.ResultAsync(orders[1].Attempt)).Outcome.ShouldBe(AttemptOutcome.AlreadyBuilt);

        var renewals = farm.Session.Renewals.Count;
        await farm.Session.UntilAsync(s => s.Renewals.Count > renewals + 3, "some more time");
        farm.Session.Renewals[^1].ShouldBeEmpty("what was reported has no lease");
        farm.Session.Accepted.ShouldNotContain(orders[2].Attempt, "with as many to remove as there are slots no more is begun");
        (await farm.ContainersAsync()).Count.ShouldBe(2);
        engine.Release();
        await farm.Session.ResultAsync(orders[2].Attempt);
        await agent.StopAsync();
        await farm.ShouldBeCleanAsync();
    }

    [Fact]
    public async Task Hello_WhenRefusedAtFirst_LosesNothingThatCanBeTakenOver()
    {
        await using var farm = await AgentFixture.CreateAsync();
        var first = await farm.StartAsync(options => options.Shutdown = ShutdownMode.Leave);
        var order = farm.Order(AgentFixture.Endless);
        farm.Session.Give(order);
        await farm.Session.LogSaysAsync(order.Attempt, "ready");
        await first.StopAsync();
        var accept = farm.Session.OnHello;
        var refusals = 0;
        farm.Session.OnHello = hello => ++refusals < 3 ? new HelloReply { Accepted = false, Reason = "another agent is here" } : accept(hello);

        await using var second = await farm.StartAsync();
        await farm.Session.UntilAsync(s => s.Hellos.Count == 4, "the hello that is accepted");
        var renewals = farm.Session.Renewals.Count;
        await farm.Session.UntilAsync(s => s.Renewals.Count > renewals + 1 && s.Renewals[^1].Contains(order.Attempt), "that it is gone on with");

        farm.Session.Hellos[^1].Running.ShouldBe([order.Attempt]);
        (await farm.ContainersAsync()).ShouldHaveSingleItem().State.ShouldBe("running");
    }

    [Fact]
    public async Task Hello_WhenRefusedForLong_EndsWhatRunsHere()
    {
        await using var farm = await AgentFixture.CreateAsync();
        var first = await farm.StartAsync(options => options.Shutdown = ShutdownMode.Leave);
        var order = farm.Order(AgentFixture.Endless);
        farm.Session.Give(order);
        await farm.Session.LogSaysAsync(order.Attempt, "ready");
        await first.StopAsync();
        farm.Session.OnHello = _ => new HelloReply { Accepted = false, Reason = "another agent is here" };

        await using var second = await farm.StartAsync(options => options.RefusalGrace = TimeSpan.FromMilliseconds(300));
        await Api.ApiHub.UntilAsync(async () => (await farm.ContainersAsync()).Count == 0, "the removal of what cannot be reported");
    }

    [Fact]
    public async Task Agent_WhenItsLeasesAreRenewedNoMore_EndsInsteadOfLookingHealthy()
    {
        await using var farm = await AgentFixture.CreateAsync();

        // No such time can be waited for.
        farm.Session.OnHello = _ => new HelloReply { Accepted = true, RenewEvery = TimeSpan.FromDays(-1) };
        await using var agent = await farm.StartAsync();

        await Should.ThrowAsync<ArgumentOutOfRangeException>(agent.Work.DefaultTimeout("the agent's end"));
        farm.Session.Goodbyes.ShouldBe(1);
    }

    [Fact]
    public async Task Once_WhenTheBuildIsLost_TakesAnother()
    {
        await using var farm = await AgentFixture.CreateAsync();
        await using var agent = await farm.StartAsync(options => options.Builds = 1);
        var (lost, next) = (farm.Order(AgentFixture.Endless), farm.Order("exit 13"));
        farm.Session.OnRenew = running => new RenewReply(true, [.. running.Where(attempt => attempt == lost.Attempt)], []);
        farm.Session.Give(lost);
        await farm.Session.UntilAsync(s => s.Renewals.Any(running => running.Contains(lost.Attempt)), "the loss");

        farm.Session.Give(next);
        await farm.Session.ResultAsync(next.Attempt);
        await agent.Work.DefaultTimeout("the agent's end");
        farm.Session.Goodbyes.ShouldBe(1);
    }

    [Fact]
    public async Task Once_WhenNoBuildCanRunHere_FailsAndSaysWhy()
    {
        await using var farm = await AgentFixture.CreateAsync();
        await using var agent = await farm.StartAsync(options => options.Builds = 1);
        var name = $"127.0.0.1:1/caur-test/{Guid.NewGuid():N}:image";
        var order = farm.Order("exit 13") with { Image = name };
        farm.Session.Give(order);

        (await Should.ThrowAsync<InvalidOperationException>(agent.Work.DefaultTimeout("the agent's end"))).Message.ShouldContain(name);
        farm.Session.Results.ShouldHaveSingleItem().Outcome.ShouldBe(AttemptOutcome.HandedBack);
        farm.Session.Goodbyes.ShouldBe(1);
    }
}
