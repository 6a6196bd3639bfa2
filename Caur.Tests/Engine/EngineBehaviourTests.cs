using Caur.Embedded;
using Caur.Embedded.Storage;
using Caur.Tests.Engine.Conformance;
using Caur.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
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
        while (ReminderGrain.CountOf("missed") == 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Token);
        }

        ReminderGrain.CountOf("missed").ShouldBe(1);
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
