using Caur.Builder;
using Caur.Protocol.Builders;
using Caur.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Caur.Tests.Builder.Agents;

public sealed class BuilderAgentTests
{
    [Fact]
    public async Task Hello_WhenStarted_TellsWhatTheBuilderIs()
    {
        await using var farm = await AgentFixture.CreateAsync();
        await using (await farm.StartAsync(options => (options.Class, options.Slots, options.Labels) = ("9", 3, ["big"])))
        {
            await farm.Session.UntilAsync(s => s.Hellos.Count == 1, "hello");
        }

        var hello = farm.Session.Hellos[0];
        (hello.Name, hello.Class, hello.Slots, hello.Running.Count).ShouldBe(("tester", "9", 3, 0));
        hello.Labels.ShouldBe(["big"]);
        hello.Architectures.ShouldNotBeEmpty();
        hello.Instance.Length.ShouldBe(12);
        farm.Session.Goodbyes.ShouldBe(1);
    }

    [Fact]
    public async Task Take_WhenThereAreSlots_RunsInParallelAndNeverMore()
    {
        await using var farm = await AgentFixture.CreateAsync();
        await using var agent = await farm.StartAsync(options => options.Slots = 2);
        BuildOrder[] orders = [farm.Order(AgentFixture.Endless), farm.Order(AgentFixture.Endless), farm.Order("exit 13")];
        farm.Session.Give(orders);
        await farm.Session.LogSaysAsync(orders[0].Attempt, "ready");
        await farm.Session.LogSaysAsync(orders[1].Attempt, "ready");
        (await farm.ContainersAsync()).Count.ShouldBe(2);
        farm.Session.Accepted.ShouldNotContain(orders[2].Attempt);
        farm.Session.Agent!.Cancel(orders[0].Attempt, "make room");
        (await farm.Session.ResultAsync(orders[2].Attempt)).Outcome.ShouldBe(AttemptOutcome.AlreadyBuilt);
        await farm.Session.UntilAsync(s => s.Renewals.Any(r => r.Contains(orders[1].Attempt)), "a renewal");
    }

    [Fact]
    public async Task Take_WhenTheOrderWasWithdrawn_DropsIt()
    {
        await using var farm = await AgentFixture.CreateAsync();
        await using var agent = await farm.StartAsync();
        farm.Session.OnAccept = _ => false;
        farm.Session.Give(farm.Order("true"));
        await farm.Session.UntilAsync(s => s.Accepted.Count == 1, "the refusal");
        farm.Session.OnAccept = _ => true;
        var next = farm.Order("exit 13");
        farm.Session.Give(next);
        await farm.Session.ResultAsync(next.Attempt);
        farm.Session.Results.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Drain_WhenSomethingRuns_FinishesItAndTakesNoMore()
    {
        await using var farm = await AgentFixture.CreateAsync();
        await using var agent = await farm.StartAsync(options => options.Slots = 2);
        var running = farm.Order("echo ready; until [ -e /caur/out/.go ]; do sleep 0.05; done; exit 13");
        farm.Session.Give(running);
        await farm.Session.LogSaysAsync(running.Attempt, "ready");
        farm.Session.Agent!.Drain();
        farm.Session.Give(farm.Order("true"));
        var renewals = farm.Session.Renewals.Count;
        await farm.Session.UntilAsync(s => s.Renewals.Count > renewals + 2, "some more time");
        var folder = Directory.GetDirectories(Path.Combine(farm.Workspace, "attempts")).ShouldHaveSingleItem();
        await File.WriteAllTextAsync(Path.Combine(folder, "out", ".go"), "", TestContext.Current.CancellationToken);
        (await farm.Session.ResultAsync(running.Attempt)).Outcome.ShouldBe(AttemptOutcome.AlreadyBuilt);
        farm.Session.Accepted.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Stop_WhenHandingBack_EndsTheContainerAndReportsInTime()
    {
        await using var farm = await AgentFixture.CreateAsync();
        var agent = await farm.StartAsync();
        var order = farm.Order("trap '' INT TERM; " + AgentFixture.Endless);
        farm.Session.Give(order);
        await farm.Session.LogSaysAsync(order.Attempt, "ready");
        await agent.StopAsync();
        var result = farm.Session.Results.ShouldHaveSingleItem();
        result.Outcome.ShouldBe(AttemptOutcome.HandedBack);
        farm.Session.LogText(order.Attempt).ShouldContain("the agent of builder tester ends");
        farm.Session.Goodbyes.ShouldBe(1);
        await farm.ShouldBeCleanAsync();
    }

    [Fact]
    public async Task Start_WhenAContainerOfTheLastProcessRuns_TakesItOverWithItsWholeLog()
    {
        await using var farm = await AgentFixture.CreateAsync();
        var first = await farm.StartAsync(options => options.Shutdown = ShutdownMode.Leave);
        var order = farm.Order(
            "seq -f 'early %.0f' 1 20000; until [ -e /caur/out/.go ]; do sleep 0.05; done; seq -f 'late %.0f' 1 20000; echo x >/caur/out/a-1-1-any.pkg.tar.zst");
        farm.Session.Give(order);
        await farm.Session.LogSaysAsync(order.Attempt, "early 20000");
        await first.StopAsync();
        (await farm.ContainersAsync()).ShouldHaveSingleItem().State.ShouldBe("running");
        farm.Session.Goodbyes.ShouldBe(0);
        farm.Session.Results.ShouldBeEmpty();

        // What was said while nobody listened, and the end of what was sent, come from the engine.
        farm.Session.TruncateLog(order.Attempt, 150_000);
        var folder = Directory.GetDirectories(Path.Combine(farm.Workspace, "attempts")).ShouldHaveSingleItem();
        await File.WriteAllTextAsync(Path.Combine(folder, "out", ".go"), "", TestContext.Current.CancellationToken);
        await using var second = await farm.StartAsync();
        var result = await farm.Session.ResultAsync(order.Attempt);
        result.Outcome.ShouldBe(AttemptOutcome.Built, farm.Session.LogText(order.Attempt));
        farm.Session.Hellos[1].Running.ShouldBe([order.Attempt]);
        farm.Session.Hellos[1].Instance.ShouldBe(farm.Session.Hellos[0].Instance);
        farm.Session.Hellos[1].BootId.ShouldNotBe(farm.Session.Hellos[0].BootId);
        var log = farm.Session.LogText(order.Attempt);
        var said = string.Concat(Enumerable.Range(1, 20000).Select(i => $"early {i}\r\n").Concat(Enumerable.Range(1, 20000).Select(i => $"late {i}\r\n")));
        log.ShouldStartWith("\u001b[1m==>\u001b[0m\u001b[1m hello for caur/x86_64");
        var from = log.IndexOf("early 1\r", StringComparison.Ordinal);
        var common = log.AsSpan(from).CommonPrefixLength(said);
        common.ShouldBe(said.Length, $"the log went wrong at {from + common} of {log.Length}: {string.Concat(log.Skip(from + common).Take(80))}");
        log.Split("hello for caur/x86_64").Length.ShouldBe(2);
        await second.StopAsync();
        await farm.ShouldBeCleanAsync();
    }

    /// <summary>However the clock was set while no agent ran: a container's time is what it had.</summary>
    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 1)]
    [InlineData(false, -1)]
    public async Task Start_WhenTheClockWasSetMeanwhile_DeliversItsResult(bool endsBefore, int days)
    {
        await using var farm = await AgentFixture.CreateAsync();
        var clock = new SettableClock();
        farm.Time = clock;
        var first = await farm.StartAsync(options => options.Shutdown = ShutdownMode.Leave);
        var order = farm.Order("echo ready; until [ -e /caur/out/.go ]; do sleep 0.05; done; echo x >/caur/out/a-1-1-any.pkg.tar.zst; echo end");
        farm.Session.Give(order);
        await farm.Session.LogSaysAsync(order.Attempt, "ready");
        await first.StopAsync();
        var folder = Directory.GetDirectories(Path.Combine(farm.Workspace, "attempts")).ShouldHaveSingleItem();
        var container = (await farm.ContainersAsync()).ShouldHaveSingleItem();
        if (endsBefore)
        {
            await GoAsync();
            await farm.Engine.WaitAsync(container.Id, TestContext.Current.CancellationToken).DefaultTimeout("its end");
        }

        clock.Ahead = TimeSpan.FromDays(days);
        var runs = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        farm.Session.OnProgress = (_, step) => step != AttemptStep.Running || runs.TrySetResult() || true;
        await using var second = await farm.StartAsync();
        if (!endsBefore)
        {
            await runs.Task.DefaultTimeout("the second agent's news of it");
            await GoAsync();
        }

        var result = await farm.Session.ResultAsync(order.Attempt);
        (result.Outcome, result.Archives.Count).ShouldBe((AttemptOutcome.Built, 1));
        farm.Session.LogText(order.Attempt).ShouldContain("ready\r\nend\r\n");

        Task GoAsync() => File.WriteAllTextAsync(Path.Combine(folder, "out", ".go"), "", TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Start_WhenTheAttemptIsNotCurrentAnyMore_RemovesItsContainer()
    {
        await using var farm = await AgentFixture.CreateAsync();
        var first = await farm.StartAsync(options => options.Shutdown = ShutdownMode.Leave);
        var order = farm.Order(AgentFixture.Endless);
        farm.Session.Give(order);
        await farm.Session.LogSaysAsync(order.Attempt, "ready");
        await first.StopAsync();
        farm.Session.OnHello = _ => new HelloReply { Accepted = true };
        await using var second = await farm.StartAsync();
        var next = farm.Order("exit 13");
        farm.Session.Give(next);
        await farm.Session.ResultAsync(next.Attempt);
        await second.StopAsync();
        farm.Session.Results.ShouldHaveSingleItem().Attempt.ShouldBe(next.Attempt);
        await farm.ShouldBeCleanAsync();
    }

    [Fact]
    public async Task Rejoin_WhenTheControlPlaneForgot_SaysHelloWithWhatRuns()
    {
        await using var farm = await AgentFixture.CreateAsync();
        await using var agent = await farm.StartAsync(options => options.Slots = 2);
        BuildOrder[] orders = [farm.Order(AgentFixture.Endless), farm.Order(AgentFixture.Endless)];
        farm.Session.Give(orders);
        await farm.Session.LogSaysAsync(orders[0].Attempt, "ready");
        await farm.Session.LogSaysAsync(orders[1].Attempt, "ready");
        var forgot = true;
        farm.Session.OnHello = hello =>
        {
            forgot = false;
            return new HelloReply { Accepted = true, Current = [orders[1].Attempt], RenewEvery = TimeSpan.FromMilliseconds(100) };
        };
        farm.Session.OnRenew = _ => new RenewReply(!forgot, [], []);
        await farm.Session.UntilAsync(s => s.Hellos.Count == 2 && s.Renewals[^1].SequenceEqual([orders[1].Attempt]), "the second hello and the loss");
        farm.Session.Hellos[1].Running.ShouldBe(orders.Select(o => o.Attempt), ignoreOrder: true);
        farm.Session.Hellos[1].BootId.ShouldBe(farm.Session.Hellos[0].BootId);
        (await farm.ContainersAsync()).ShouldHaveSingleItem();
        farm.Session.Results.ShouldBeEmpty();
    }

    [Fact]
    public async Task Start_WhenTheEngineIsAway_TakesNoWorkAndStillEnds()
    {
        await using var farm = await AgentFixture.CreateAsync();
        await using var agent = await farm.StartAsync(options => options.Engine.Address = "unix:///tmp/caur-no-such.sock");
        farm.Session.Give(farm.Order("true"));
        await agent.StopAsync();
        farm.Session.Hellos.ShouldBeEmpty();
        farm.Session.Accepted.ShouldBeEmpty();
        farm.Session.Goodbyes.ShouldBe(0);
    }

    [Fact]
    public async Task Start_WhenTheOptionsCannotWork_SaysAllOfIt()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IBuilderSession>(new FakeSession());
        services.AddBuilderAgent(options =>
        {
            options.Slots = 0;
            options.Workspace = "relative";
            options.Engine.Address = "what";
            options.Attempts.SkipCode = 122;
        });
        services.AddBuilderAgent();
        await using var provider = services.BuildServiceProvider();
        var error = Should.Throw<OptionsValidationException>(() => provider.GetServices<IHostedService>().ToList());
        error.Failures.Count().ShouldBe(4);
    }

    [Fact]
    public void ReadEnvironment_WhenTheManualsVariablesAreSet_TakesThem()
    {
        Dictionary<string, string> set = new()
        {
            ["BUILDER_HOSTNAME"] = "big-one",
            ["BUILDER_CLASS"] = "catbuilder",
            ["BUILDER_LIMITS_CPUS"] = "2.5",
            ["BUILDER_LIMITS_RAM"] = "512",
            ["BUILDER_TIMEOUT"] = "7200",
            ["SHARED_PATH"] = "/var/chaotic/shared",
            ["CONTAINER_ENGINE"] = "podman",
        };
        var options = new BuilderOptions();
        options.ReadEnvironment(set.GetValueOrDefault);
        (options.Name, options.Class, options.Containers.Cpus, options.Containers.MemoryBytes).ShouldBe(("big-one", "catbuilder", 2.5, 512L << 20));
        options.Attempts.TimeoutAtLeast.ShouldBe(TimeSpan.FromHours(2));
        options.HostWorkspace.ShouldBe("/var/chaotic/shared");
        options.Engine.Address.ShouldBe("/run/podman/podman.sock");
        new BuilderOptionsValidator().Validate(null, options).Succeeded.ShouldBeTrue();
    }
}
