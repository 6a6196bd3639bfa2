using Caur.Embedded;
using Caur.Tests.Engine.Conformance;
using Caur.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Concurrency;
using Orleans.Serialization;

namespace Caur.Tests.Engine;

/// <summary>Calls of the embedded engine beyond the conformance tests: their time, cycles, cancelling and copies.</summary>
public sealed class EngineCallTests : IAsyncLifetime
{
    private readonly EmbeddedEngineFixture _engine = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _engine.InitializeAsync();

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    [Fact]
    public async Task Calls_OfOneCaller_RunInTheirOrder()
    {
        var grain = _engine.Client.GetGrain<ITurnGrain>("in order");
        var texts = Enumerable.Range(0, 100).Select(static i => $"{i}").ToList();
        await Task.WhenAll(texts.Select(grain.Note)).DefaultTimeout("all calls");
        (await grain.Notes()).ShouldBe(texts);
    }

    [Fact]
    public async Task Writers_BehindSeveralReaders_WaitForTheLastAndRunOneByOne()
    {
        var grain = _engine.Client.GetGrain<ITurnGrain>("behind readers");
        var readers = new[] { grain.HoldReading("reader one"), grain.HoldReading("reader two") };
        await Gate.Named("reader one").Reached.DefaultTimeout("the first reader");
        await Gate.Named("reader two").Reached.DefaultTimeout("the second reader");
        var writing = grain.Hold("writer behind readers");
        var note = grain.Note("behind");
        Gate.Named("reader one").Open();
        await readers[0].DefaultTimeout("the first reader's end");
        (await grain.Notes()).ShouldNotContain("begin writer behind readers");
        Gate.Named("reader two").Open();
        await Gate.Named("writer behind readers").Reached.DefaultTimeout("the writer");
        (await grain.Notes()).ShouldNotContain("behind");
        Gate.Named("writer behind readers").Open();
        await Task.WhenAll(writing, note, readers[1]).DefaultTimeout("all calls");
    }

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

    private Task<TimeoutException> TimeOutAsync(Task call, int outstanding) => TimeOutAsync(call, outstanding, _engine);

    /// <summary>Waits until so many calls are under way, and lets their time run out.</summary>
    private static async Task<TimeoutException> TimeOutAsync(Task call, int outstanding, EmbeddedEngineFixture engine)
    {
        var timeouts = engine.Services.GetRequiredService<EmbeddedEngine>().Timeouts;
        using var limit = new CancellationTokenSource(TestTimeouts.Longest, TimeProvider.System);
        while (timeouts.Outstanding().Count < outstanding)
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        engine.Clock.Advance(TimeSpan.FromSeconds(1.1));
        return await Should.ThrowAsync<TimeoutException>(() => call.DefaultTimeout("the timeout"));
    }
}

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
        Go.Wait(TestTimeouts.Longest);
        return Task.CompletedTask;
    }

    public Task Wait(CancellationToken token) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token);

    public Task Touch() => Task.CompletedTask;
}
