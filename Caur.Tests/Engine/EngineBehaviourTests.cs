using Caur.Embedded;
using Caur.Embedded.Storage;
using Caur.Tests.Engine.Conformance;
using Caur.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Concurrency;
using Orleans.Configuration;
using Orleans.Runtime;
using Orleans.Serialization;

namespace Caur.Tests.Engine;

/// <summary>What the embedded engine promises beyond the conformance tests.</summary>
public sealed class EngineBehaviourTests : IAsyncLifetime
{
    private readonly EmbeddedEngineFixture _engine = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _engine.InitializeAsync();

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    [Fact]
    public async Task Timeout_OfACall_NamesGrainMethodAndTime()
    {
        var grain = _engine.Client.GetGrain<ICallGrain>("slow");
        var call = grain.HoldForASecond("named timeout");
        await Gate.Named("named timeout").Reached.DefaultTimeout("the call");
        _engine.Clock.Advance(TimeSpan.FromSeconds(1.1));
        var error = await Should.ThrowAsync<TimeoutException>(() => call.DefaultTimeout("the timeout"));
        error.Message.ShouldContain("ICallGrain.HoldForASecond");
        error.Message.ShouldContain("call/slow");
        error.Message.ShouldContain("00:00:01");
        error.Message.ShouldNotContain("cycle");
        Gate.Named("named timeout").Open();
    }

    [Fact]
    public async Task Timeout_OfACall_ComesAfterTheDefaultWhereTheMethodNamesNone()
    {
        var grain = _engine.Client.GetGrain<ITurnGrain>("held");
        var call = grain.Hold("default timeout");
        await Gate.Named("default timeout").Reached.DefaultTimeout("the call");
        _engine.Clock.Advance(TimeSpan.FromSeconds(29.9));
        call.IsCompleted.ShouldBeFalse();
        _engine.Clock.Advance(TimeSpan.FromSeconds(0.2));
        await Should.ThrowAsync<TimeoutException>(() => call.DefaultTimeout("the timeout"));
        Gate.Named("default timeout").Open();
    }

    [Fact]
    public async Task CallCycle_WhenItTimesOut_IsNamedToTheCaller()
    {
        var (first, second) = (_engine.Client.GetGrain<ICallGrain>("a"), _engine.Client.GetGrain<ICallGrain>("b"));
        await first.Identity();
        await second.Identity();
        var call = first.CallBack(second, first);
        while (_engine.Services.GetRequiredService<EmbeddedEngine>().Timeouts.Outstanding().Count < 3)
        {
            await Task.Yield();
        }

        _engine.Clock.Advance(TimeSpan.FromSeconds(1.1));
        var error = await Should.ThrowAsync<TimeoutException>(() => call.DefaultTimeout("the timeout"));
        error.Message.ShouldContain(
            "cycle of calls: call/a in ICallGrain.CallBack -> call/b in ICallGrain.CallOn -> call/a in ICallGrain.Touch.");
    }

    [Fact]
    public async Task CallCycle_OfFiveGrains_IsNamedWhole()
    {
        var grains = Enumerable.Range(0, 5).Select(i => _engine.Client.GetGrain<ICallGrain>($"c{i}")).ToList();
        await Task.WhenAll(grains.Select(static grain => grain.Identity()));
        var call = grains[0].Chain([.. grains[1..], grains[2]]);
        var error = await TimeOutAsync(call, outstanding: 6);
        error.Message.ShouldContain("cycle of calls: call/c2 in ICallGrain.Chain -> call/c3 in ICallGrain.Chain -> "
            + "call/c4 in ICallGrain.Chain -> call/c2 in ICallGrain.Chain.");
    }

    [Fact]
    public async Task CallCycle_OfTwoChainsThatMeet_NamesWhoIsBehindWhom()
    {
        var (first, second) = (_engine.Client.GetGrain<ICallGrain>("x"), _engine.Client.GetGrain<ICallGrain>("y"));
        var (here, there) = (first.HoldAndCall("hold x", second), second.HoldAndCall("hold y", first));
        await Gate.Named("hold x").Reached.DefaultTimeout("x");
        await Gate.Named("hold y").Reached.DefaultTimeout("y");
        Gate.Named("hold x").Open();
        Gate.Named("hold y").Open();
        var error = await TimeOutAsync(here, outstanding: 4);
        error.Message.ShouldContain("call/x in ICallGrain.HoldAndCall -> call/y in ICallGrain.Touch behind "
            + "call/y in ICallGrain.HoldAndCall -> call/x in ICallGrain.Touch.");
        await Should.ThrowAsync<TimeoutException>(() => there);
    }

    [Fact]
    public async Task CallCycle_ThroughAnActivation_IsNamed()
    {
        await using var engine = new EmbeddedEngineFixture { GrainClasses = [typeof(KnockGrain)] };
        await engine.InitializeAsync();
        var call = engine.Client.GetGrain<IKnockGrain>("mutual").Knock();
        var error = await TimeOutAsync(call, outstanding: 3, engine);
        error.Message.ShouldContain("cycle of calls: knock/mutual in OnActivateAsync -> knock/helper in IKnockGrain.KnockAt -> "
            + "knock/mutual in IKnockGrain.Knock.");
    }

    [Fact]
    public async Task Timeout_BehindACallThatInterleaves_NamesNoCycle()
    {
        var (grain, other) = (_engine.Client.GetGrain<ICallGrain>("i"), _engine.Client.GetGrain<ICallGrain>("j"));
        var call = grain.HoldThrough(other, grain, "slow, but no cycle");
        await Gate.Named("slow, but no cycle").Reached.DefaultTimeout("the last call");
        var error = await TimeOutAsync(call, outstanding: 3);
        error.Message.ShouldNotContain("cycle");
        Gate.Named("slow, but no cycle").Open();
    }

    [Fact]
    public async Task Timeout_OfACallThatWaits_KeepsItFromRunning()
    {
        var grain = _engine.Client.GetGrain<ICallGrain>("crowded");
        var held = grain.HoldCancellable("crowded", CancellationToken.None);
        await Gate.Named("crowded").Reached.DefaultTimeout("the first call");
        var waiting = grain.HoldForASecond("never begun");
        await TimeOutAsync(waiting, outstanding: 2);
        Gate.Named("crowded").Open();
        await held.DefaultTimeout("the first call's end");
        await grain.Touch();
        Gate.Named("never begun").Reached.IsCompleted.ShouldBeFalse();
    }

    [Fact]
    public async Task Activation_ThatDoesNotEnd_FailsByNameAndTheNextCallTriesAgain()
    {
        await using var engine = new EmbeddedEngineFixture
        {
            Configure = static (_, services) => services.Configure<GrainCollectionOptions>(
                static options => options.ActivationTimeout = TimeSpan.FromSeconds(5)),
        };
        await engine.InitializeAsync();
        Life.Of("hanging").ActivationGate = "never opened";
        var call = engine.Client.GetGrain<ILifeGrain>("hanging").ActivationId();
        await Gate.Named("never opened").Reached.DefaultTimeout("the activation");
        engine.Clock.Advance(TimeSpan.FromSeconds(5.1));
        var error = await Should.ThrowAsync<TimeoutException>(() => call.DefaultTimeout("the call"));
        error.Message.ShouldBe("OnActivateAsync of life/hanging did not end within 00:00:05.");
        Life.Of("hanging").ActivationGate = null;
        (await engine.Client.GetGrain<ILifeGrain>("hanging").ActivationId().DefaultTimeout("the next call")).ShouldNotBe(Guid.Empty);
    }

    [Fact]
    public async Task Deactivation_WhenACallbackOfATickThrows_EndsAllTheSame()
    {
        await using var engine = new EmbeddedEngineFixture { GrainClasses = [typeof(GrudgingGrain)] };
        await engine.InitializeAsync();
        var grain = engine.Client.GetGrain<IGrudgingGrain>("x");
        await grain.Start();
        engine.Clock.Advance(TimeSpan.FromSeconds(1.1));
        await GrudgingGrain.Registered.Task.DefaultTimeout("both ticks");
        await grain.End();
        await grain.End().DefaultTimeout("the next activation");
    }

    [Fact]
    public async Task Cancellation_InTheMomentOfTheCall_IsNeverLost()
    {
        var grain = _engine.Client.GetGrain<ICallGrain>("racing");
        for (var i = 0; i < 300; i++)
        {
            using var source = new CancellationTokenSource();
            var gate = $"racing {i}";
            var cancelled = Task.Run(source.Cancel, Token);
            await Should.ThrowAsync<OperationCanceledException>(
                () => grain.HoldCancellable(gate, source.Token).DefaultTimeout("the cancelled call"));
            await cancelled;
            // A call whose cancelling was lost would stand in its way.
            await grain.Identity().DefaultTimeout("the next call");
        }

        _engine.Services.GetRequiredService<EmbeddedEngine>().Timeouts.Outstanding().ShouldBeEmpty();
    }

    [Fact]
    public async Task Cancellation_BetweenAdmissionAndTheFirstStep_ReachesTheCallee()
    {
        await using var engine = new EmbeddedEngineFixture { GrainClasses = [typeof(BlockingGrain)] };
        await engine.InitializeAsync();
        var grain = engine.Client.GetGrain<IBlockingGrain>("x");
        var blocked = grain.Block();
        await BlockingGrain.Blocked.Task.DefaultTimeout("the call that holds the thread");
        using var source = new CancellationTokenSource();
        // Admitted, as the other interleaves, and not begun, as that has the thread.
        var call = grain.Wait(source.Token);
        await source.CancelAsync();
        BlockingGrain.Go.Set();
        await blocked.DefaultTimeout("the end of the call that holds the thread");
        await Should.ThrowAsync<OperationCanceledException>(() => call.DefaultTimeout("the cancelled call"));
        await grain.Touch().DefaultTimeout("a call behind it");
    }

    [Fact]
    public async Task Reminder_WithSeveralMissedTicks_ComesOnceAndKeepsItsTime()
    {
        var minute = TimeSpan.FromMinutes(1);
        var registered = _engine.Clock.GetUtcNow().UtcDateTime;
        await _engine.Client.GetGrain<IReminderGrain>("missed often").Register("tick", minute, 2 * minute);
        await _engine.StopAsync();
        _engine.Clock.Advance(10 * minute);
        await _engine.InitializeAsync();
        await UntilTicksAsync("missed often", 1);
        // It was due at 1, 3, 5, 7 and 9 minutes, and is due at 11.
        _engine.Clock.Advance(0.9 * minute);
        await _engine.Client.GetGrain<IReminderGrain>("missed often").Names();
        ReminderGrain.CountOf("missed often").ShouldBe(1);
        _engine.Clock.Advance(0.2 * minute);
        await UntilTicksAsync("missed often", 2);
        ReminderGrain.Ticks["missed often"].ShouldAllBe(tick => tick.Status.FirstTickTime == registered + minute);
    }

    [Fact]
    public async Task Start_WithADamagedReminder_SaysWhichAndSendsTheOthers()
    {
        foreach (var key in new[] { "sound", "row a", "row b", "row c" })
        {
            await _engine.Client.GetGrain<IReminderGrain>(key).Register("tick", TimeSpan.FromMinutes(2), TimeSpan.FromHours(1));
        }

        await _engine.StopAsync();
        using (var connection = new SqliteConnection(_engine.DatabasePath, readOnly: false))
        {
            connection.Execute("""
                UPDATE reminder SET grain='no grain' WHERE grain='reminder/row a';
                UPDATE reminder SET period=0 WHERE grain='reminder/row b';
                UPDATE reminder SET next_due=-5 WHERE grain='reminder/row c';
                """);
        }

        using var damaged = new CountedMeasurements(_engine, "caur.engine.storage.damaged");
        await _engine.InitializeAsync();
        // Not past the time: the clock would run past the tick's own timeout too.
        _engine.Clock.Advance(TimeSpan.FromMinutes(2));
        await UntilTicksAsync("sound", 1);
        foreach (var named in new[] { "'no grain' is damaged: it names no grain", "'reminder/row b' is damaged: its period is 0", "'reminder/row c' is damaged" })
        {
            _engine.Errors.ShouldContain(error => error.Contains(named));
        }

        damaged.Sum.ShouldBe(3);
        await _engine.Client.GetGrain<IReminderGrain>("row b").Register("tick", TimeSpan.FromMinutes(1), TimeSpan.FromHours(1));
        _engine.Clock.Advance(TimeSpan.FromMinutes(1));
        await UntilTicksAsync("row b", 1);
    }

    [Fact]
    public async Task Refusal_OfAnArgument_NamesTypeMemberAndMethod()
    {
        var grain = _engine.Client.GetGrain<ICopyGrain>("refusing");
        var error = await Should.ThrowAsync<CodecNotFoundException>(() => grain.Refuse(new Bad { Anything = new Stranger() }));
        error.Message.ShouldContain(typeof(Stranger).FullName!);
        error.Message.ShouldContain("Bad.Anything");
        error.Message.ShouldContain("argument bad of ICopyGrain.Refuse");
    }

    [Fact]
    public async Task Refusal_OfAResult_ReachesTheCallerAndLeavesTheGrainWorking()
    {
        var grain = _engine.Client.GetGrain<ICopyGrain>("refusing result");
        var error = await Should.ThrowAsync<CodecNotFoundException>(() => grain.ReturnRefused());
        error.Message.ShouldContain("result of ICopyGrain.ReturnRefused");
        (await grain.KeptItems()).ShouldBeEmpty();
    }

    [Fact]
    public async Task Copy_OfWhatIsMarkedImmutable_IsNotMade()
    {
        var grain = _engine.Client.GetGrain<ICopyGrain>("immutable");
        List<string> items = ["same"];
        await grain.KeepMarked(items);
        items.Add("seen, because it was promised not to happen");
        (await grain.KeptItems()).Count.ShouldBe(2);
    }

    [Fact]
    public async Task Collection_OfACollectionExpression_IsCopied()
    {
        var grain = _engine.Client.GetGrain<ICopyGrain>("expression");
        IReadOnlyList<int> one = [1];
        IReadOnlyList<int> three = [1, 2, 3];
        (await grain.EchoList(one)).ShouldBe([1]);
        (await grain.EchoList(three)).ShouldBe([1, 2, 3]);
    }

    [Fact]
    public async Task Grain_AsArgument_IsRefusedWithAHint()
    {
        var error = await Should.ThrowAsync<CodecNotFoundException>(
            () => _engine.Client.GetGrain<IObservedGrain>("raw").Subscribe(new Watcher()));
        error.Message.ShouldContain("CreateObjectReference");
    }

    [Fact]
    public async Task CancelledCaller_OfACallThatWaits_KeepsItFromRunning()
    {
        var grain = _engine.Client.GetGrain<ICallGrain>("cancelled waiting");
        using var source = new CancellationTokenSource();
        var held = grain.HoldCancellable("busy", CancellationToken.None);
        await Gate.Named("busy").Reached.DefaultTimeout("the first call");
        var waiting = grain.HoldCancellable("never reached", source.Token);
        await source.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => waiting.DefaultTimeout("the cancelled call"));
        Gate.Named("busy").Open();
        await held.DefaultTimeout("the first call's end");
        await grain.Touch();
        Gate.Named("never reached").Reached.IsCompleted.ShouldBeFalse();
    }

    [Fact]
    public async Task CancelledToken_InsideOfAGrain_RunsItsCallbacksAsTurns()
    {
        var grain = _engine.Client.GetGrain<ICallGrain>("callbacks");
        using var source = new CancellationTokenSource();
        var call = grain.HoldAndTellScheduler("callback", source.Token);
        await Gate.Named("callback").Reached.DefaultTimeout("the call");
        await source.CancelAsync();
        Gate.Named("callback").Open();
        await Should.ThrowAsync<OperationCanceledException>(() => call.DefaultTimeout("the cancelled call"));
        while (!(await grain.Ended()).Any())
        {
            await Task.Yield();
        }

        (await grain.Ended()).ShouldBe(["callback True"]);
    }

    [Fact]
    public async Task Call_BeforeTheStart_WaitsForIt()
    {
        await using var engine = new EmbeddedEngineFixture();
        var host = engine.Build();
        var call = host.Services.GetRequiredService<IGrainFactory>().GetGrain<ICallGrain>("early").Sum(1, 2).AsTask();
        call.IsCompleted.ShouldBeFalse();
        await host.StartAsync(Token);
        (await call.DefaultTimeout("the early call")).ShouldBe(3);
    }

    [Fact]
    public async Task Call_AfterTheStop_FailsByName()
    {
        await using var engine = new EmbeddedEngineFixture();
        var host = engine.Build();
        await host.StartAsync(Token);
        var grain = host.Services.GetRequiredService<IGrainFactory>().GetGrain<ICallGrain>("late");
        await grain.Touch();
        await host.StopAsync(Token);
        var error = await Should.ThrowAsync<SiloUnavailableException>(() => grain.Touch());
        error.Message.ShouldContain("stopped");
        error.Message.ShouldContain("ICallGrain.Touch");
    }

    [Fact]
    public async Task Stop_WhileACallRuns_LetsItEndAndRefusesOthers()
    {
        await using var engine = new EmbeddedEngineFixture();
        var host = engine.Build();
        await host.StartAsync(Token);
        var grain = host.Services.GetRequiredService<IGrainFactory>().GetGrain<ILifeGrain>("draining");
        var held = grain.Hold("draining");
        await Gate.Named("draining").Reached.DefaultTimeout("the call");
        var stop = host.StopAsync(Token);
        await Should.ThrowAsync<SiloUnavailableException>(() => grain.ActivationId());
        stop.IsCompleted.ShouldBeFalse();
        Gate.Named("draining").Open();
        await held.DefaultTimeout("the call's end");
        await stop.DefaultTimeout("the stop");
        Life.Of("draining").Events.ShouldBe(["activating", "activated", "held", "deactivated ShuttingDown"]);
    }

    [Fact]
    public async Task Stop_WhenACallNeverEnds_IsBounded()
    {
        await using var engine = new EmbeddedEngineFixture
        {
            Configure = static (options, _) => options.DrainTimeout = TimeSpan.FromMilliseconds(100),
        };
        var host = engine.Build();
        await host.StartAsync(Token);
        var grain = host.Services.GetRequiredService<IGrainFactory>().GetGrain<ILifeGrain>("stuck");
        var held = grain.Hold("stuck for ever");
        await Gate.Named("stuck for ever").Reached.DefaultTimeout("the call");
        await host.StopAsync(Token).DefaultTimeout("the stop");
        await Should.ThrowAsync<SiloUnavailableException>(() => held.DefaultTimeout("its caller"));
    }

    [Fact]
    public async Task Reminder_ThatFellDueWhileTheProcessWasDown_IsSentSoonAfterTheStart()
    {
        var grain = _engine.Client.GetGrain<IReminderGrain>("missed");
        await grain.Register("tick", TimeSpan.FromMinutes(2), TimeSpan.FromHours(1));
        await _engine.StopAsync();
        _engine.Clock.Advance(TimeSpan.FromMinutes(10));
        await _engine.InitializeAsync();
        await UntilTicksAsync("missed", 1);
    }

    [Fact]
    public async Task Start_WithAStateInAnUnknownStorage_NamesIt()
    {
        await using var engine = new EmbeddedEngineFixture { GrainClasses = [typeof(LostStateGrain)] };
        var error = await Should.ThrowAsync<InvalidOperationException>(async () => await engine.InitializeAsync());
        error.Message.ShouldContain("nowhere");
        error.Message.ShouldContain(nameof(LostStateGrain));
    }

    [Fact]
    public async Task Start_OnANewerSchema_IsRefusedByName()
    {
        await _engine.StopAsync();
        using (var connection = new SqliteConnection(_engine.DatabasePath, readOnly: false))
        {
            connection.Execute("UPDATE schema_version SET version=99");
        }

        var error = await Should.ThrowAsync<StateDatabaseException>(async () => await _engine.InitializeAsync());
        error.Message.ShouldContain("schema 99");
    }

    private Task<TimeoutException> TimeOutAsync(Task call, int outstanding) => TimeOutAsync(call, outstanding, _engine);

    /// <summary>Waits until so many calls are under way, and lets their time run out.</summary>
    private static async Task<TimeoutException> TimeOutAsync(Task call, int outstanding, EmbeddedEngineFixture engine)
    {
        var timeouts = engine.Services.GetRequiredService<EmbeddedEngine>().Timeouts;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20), TimeProvider.System);
        while (timeouts.Outstanding().Count < outstanding)
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        engine.Clock.Advance(TimeSpan.FromSeconds(1.1));
        return await Should.ThrowAsync<TimeoutException>(() => call.DefaultTimeout("the timeout"));
    }

    private static async Task UntilTicksAsync(string key, int count)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20), TimeProvider.System);
        while (ReminderGrain.CountOf(key) < count && !limit.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Token);
        }

        ReminderGrain.CountOf(key).ShouldBe(count);
    }

    [Fact]
    public async Task Start_OnAFileThatIsNoDatabase_IsRefusedByName()
    {
        await _engine.StopAsync();
        await File.WriteAllTextAsync(_engine.DatabasePath, new string('x', 10_000), Token);
        var error = await Should.ThrowAsync<StateDatabaseException>(async () => await _engine.InitializeAsync());
        error.Message.ShouldContain(_engine.DatabasePath);
    }

    [Fact]
    public async Task TwoClasses_WithTheSameGrainType_AreRefused()
    {
        await using var engine = new EmbeddedEngineFixture { GrainClasses = [typeof(CallGrain), typeof(SecondCallGrain)] };
        var error = await Should.ThrowAsync<InvalidOperationException>(async () => await engine.InitializeAsync());
        error.Message.ShouldContain(nameof(SecondCallGrain));
    }

    [Fact]
    public async Task Grain_ThatEndsItselfOnEveryActivation_FailsItsCallers()
    {
        await using var engine = new EmbeddedEngineFixture { GrainClasses = [typeof(RestlessGrain)] };
        await engine.InitializeAsync();
        await Should.ThrowAsync<OrleansMessageRejectionException>(
            () => engine.Client.GetGrain<IRestlessGrain>("x").Ping().DefaultTimeout("the call"));
    }
}

[Alias("caur.tests.IRestlessGrain")]
public interface IRestlessGrain : IGrainWithStringKey
{
    [Alias("Ping")]
    Task Ping();
}

public sealed class RestlessGrain : Grain, IRestlessGrain
{
    public override Task OnActivateAsync(CancellationToken cancellationToken)
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task Ping() => Task.CompletedTask;
}

[Alias("caur.tests.ILostStateGrain")]
public interface ILostStateGrain : IGrainWithStringKey;

public sealed class LostStateGrain([PersistentState("note", "nowhere")] IPersistentState<NoteState> note) : Grain, ILostStateGrain
{
    public bool Exists => note.RecordExists;
}

[Alias("caur.tests.ISecondCallGrain")]
public interface ISecondCallGrain : IGrainWithStringKey;

[GrainType("call")]
public sealed class SecondCallGrain : Grain, ISecondCallGrain;

[Alias("caur.tests.IKnockGrain")]
public interface IKnockGrain : IGrainWithStringKey
{
    [ResponseTimeout("00:00:01")]
    [Alias("Knock")]
    Task Knock();

    [ResponseTimeout("00:00:01")]
    [Alias("KnockAt")]
    Task KnockAt(IKnockGrain other);
}

/// <summary>The one with the key <c>mutual</c> calls, while it is activated, a helper that calls it.</summary>
public sealed class KnockGrain : Grain, IKnockGrain
{
    public override Task OnActivateAsync(CancellationToken cancellationToken) => this.GetPrimaryKeyString() == "mutual"
        ? GrainFactory.GetGrain<IKnockGrain>("helper").KnockAt(this.AsReference<IKnockGrain>())
        : Task.CompletedTask;

    public Task Knock() => Task.CompletedTask;

    public Task KnockAt(IKnockGrain other) => other.Knock();
}

[Alias("caur.tests.IGrudgingGrain")]
public interface IGrudgingGrain : IGrainWithStringKey
{
    [Alias("Start")]
    Task Start();

    [Alias("End")]
    Task End();
}

/// <summary>The ticks of its two timers have registered callbacks that throw when the timers end.</summary>
public sealed class GrudgingGrain : Grain, IGrudgingGrain
{
    public static readonly TaskCompletionSource Registered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private int _ticks;

    public Task Start()
    {
        for (var i = 0; i < 2; i++)
        {
            this.RegisterGrainTimer(TickAsync, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        }

        return Task.CompletedTask;
    }

    private Task TickAsync(CancellationToken token)
    {
        token.Register(static () => throw new InvalidOperationException("no end wanted"));
        if (++_ticks == 2)
        {
            Registered.TrySetResult();
        }

        return Task.CompletedTask;
    }

    public Task End()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }
}

[Alias("caur.tests.IBlockingGrain")]
public interface IBlockingGrain : IGrainWithStringKey
{
    [AlwaysInterleave]
    [Alias("Block")]
    Task Block();

    [Alias("Wait")]
    Task Wait(CancellationToken token);

    [Alias("Touch")]
    Task Touch();
}

/// <summary>Holds its thread until it may go on.</summary>
public sealed class BlockingGrain : Grain, IBlockingGrain
{
    public static readonly TaskCompletionSource Blocked = new(TaskCreationOptions.RunContinuationsAsynchronously);
    public static readonly ManualResetEventSlim Go = new();

    public Task Block()
    {
        Blocked.TrySetResult();
        Go.Wait(TimeSpan.FromSeconds(20));
        return Task.CompletedTask;
    }

    public Task Wait(CancellationToken token) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);

    public Task Touch() => Task.CompletedTask;
}
