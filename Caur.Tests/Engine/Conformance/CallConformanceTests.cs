using Caur.Tests.Support;
using Orleans;
using Orleans.Runtime;

namespace Caur.Tests.Engine.Conformance;

/// <summary>What a caller gets: results, exceptions, timeouts, cancellation, its request context.</summary>
public abstract class CallConformanceTests<TFixture>(TFixture engine) : ConformanceTests<TFixture>(engine)
    where TFixture : class, IEngineFixture
{
    private static readonly TimeSpan PastTheTimeout = TimeSpan.FromSeconds(1.5);

    [Fact]
    public async Task Exception_OfTheCallee_KeepsItsTypeAndMessage()
    {
        var grain = Grain<ICallGrain>(NewKey());
        (await Should.ThrowAsync<KeyNotFoundException>(() => grain.Fail("thrown"))).Message.ShouldBe("thrown");
        (await Should.ThrowAsync<KeyNotFoundException>(() => grain.FailAfterAwait("thrown later"))).Message.ShouldBe("thrown later");
        await grain.Touch();
    }

    [Fact]
    public async Task Exception_OfTheApplication_KeepsItsTypeAndItsCause()
    {
        var error = await Should.ThrowAsync<CallFailedException>(() => Grain<ICallGrain>(NewKey()).FailWithCause("thrown"));
        error.Message.ShouldBe("thrown");
        error.InnerException.ShouldBeOfType<KeyNotFoundException>().Message.ShouldBe("the cause");
    }

    [Fact]
    public async Task Exception_OverTwoCalls_KeepsItsTypeAndMessage()
    {
        var (grain, other) = (Grain<ICallGrain>(NewKey()), Grain<ICallGrain>(NewKey("other")));
        (await Should.ThrowAsync<KeyNotFoundException>(async () => await grain.FailThere(other, "far away"))).Message.ShouldBe("far away");
    }

    [Fact]
    public async Task Answer_AfterTheCallersTimeout_IsDropped()
    {
        var (grain, gate) = (Grain<ICallGrain>(NewKey()), NewKey());
        var call = grain.HoldForASecond(gate);
        await Gate.Named(gate).Reached.DefaultTimeout("the call");
        await AdvanceAsync(PastTheTimeout);
        await Should.ThrowAsync<TimeoutException>(() => call.DefaultTimeout("the timeout"));
        var next = grain.Sum(1, 2);
        Gate.Named(gate).Open();
        (await next).ShouldBe(3);
        (await grain.Ended()).ShouldBe([gate]);
        call.IsFaulted.ShouldBeTrue();
    }

    [Fact]
    public async Task CancellationToken_OverTwoCalls_ReachesTheLast()
    {
        var (grain, other, gate) = (Grain<ICallGrain>(NewKey()), Grain<ICallGrain>(NewKey("other")), NewKey("gate"));
        using var source = new CancellationTokenSource();
        var call = grain.HoldCancellableThere(other, gate, source.Token);
        await Gate.Named(gate).Reached.DefaultTimeout("the call");
        await source.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => call.DefaultTimeout("the cancelled call"));
        await Eventually(async () => (await other.Ended()).Contains($"{gate} cancelled"), true, "the cancellation there");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public async Task CallCycle_OfAnyLength_IsATimeoutAndTheGrainsGoOn(int length)
    {
        var run = NewKey();
        var grains = Enumerable.Range(0, length).Select(i => Grain<ICallGrain>($"{run}-{i}")).ToList();
        await Task.WhenAll(grains.Select(static grain => grain.Identity()));
        var call = grains[0].Chain([.. grains[1..], grains[0]]);
        await AdvanceUntilAsync(call);
        await Should.ThrowAsync<TimeoutException>(() => call);
        await Eventually(
            async () =>
            {
                var touched = Task.WhenAll(grains.Select(static grain => grain.Touch()));
                await AdvanceUntilAsync(touched);
                return touched.IsCompletedSuccessfully;
            },
            true,
            "all grains");
    }

    [Fact]
    public async Task CallCycle_OverACallThatInterleaves_IsAnswered()
    {
        var (grain, other, gate) = (Grain<ICallGrain>(NewKey()), Grain<ICallGrain>(NewKey("other")), NewKey("gate"));
        var call = grain.HoldThrough(other, grain, gate);
        await Gate.Named(gate).Reached.DefaultTimeout("the last call");
        Gate.Named(gate).Open();
        await call.DefaultTimeout("the answer");
    }

    [Fact]
    public async Task Timeout_OfTheCaller_LeavesTheCalleeRunning()
    {
        var (grain, gate) = (Grain<ICallGrain>(NewKey()), NewKey());
        var call = grain.HoldForASecond(gate);
        await Gate.Named(gate).Reached.DefaultTimeout("the call");
        await AdvanceAsync(PastTheTimeout);
        await Should.ThrowAsync<TimeoutException>(() => call.DefaultTimeout("the timeout"));
        call.IsFaulted.ShouldBeTrue("the engine ended it");
        Gate.Named(gate).Open();
        await Eventually(async () => (await grain.Ended()).Contains(gate), true, "the callee's end");
    }

    [Fact]
    public async Task CallCycle_WhenItTimesOut_IsATimeout()
    {
        var (first, second) = (Grain<ICallGrain>(NewKey("first")), Grain<ICallGrain>(NewKey("second")));
        await first.Identity();
        await second.Identity();
        var call = first.CallBack(second, first);
        await AdvanceUntilAsync(call);
        await Should.ThrowAsync<TimeoutException>(() => call);

        // The inner calls time out after the outer one; then both grains are free again.
        await Eventually(
            async () =>
            {
                var touched = Task.WhenAll(first.Touch(), second.Touch());
                await AdvanceUntilAsync(touched);
                return touched.IsCompletedSuccessfully;
            },
            true,
            "both grains");
    }

    private Task AdvanceUntilAsync(Task call) => Eventually(
        async () =>
        {
            await Task.WhenAny(call, Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System));
            if (!call.IsCompleted)
            {
                await AdvanceAsync(PastTheTimeout);
            }

            return call.IsCompleted;
        },
        true,
        "the end of the call");

    [Fact]
    public async Task CancellationToken_WhenCancelled_ReachesTheCallee()
    {
        var (grain, gate) = (Grain<ICallGrain>(NewKey()), NewKey());
        using var source = new CancellationTokenSource();
        var call = grain.HoldCancellable(gate, source.Token);
        await Gate.Named(gate).Reached.DefaultTimeout("the call");
        await source.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => call.DefaultTimeout("the cancelled call"));
        await Eventually(async () => (await grain.Ended()).Contains($"{gate} cancelled"), true, "the callee's cancellation");
    }

    [Fact]
    public async Task CancellationToken_WhenCancelledBefore_SendsNothing()
    {
        var (grain, gate) = (Grain<ICallGrain>(NewKey()), NewKey());
        await Should.ThrowAsync<OperationCanceledException>(
            () => grain.HoldCancellable(gate, new CancellationToken(canceled: true)).DefaultTimeout("the call"));
        await grain.Touch();
        Gate.Named(gate).Reached.IsCompleted.ShouldBeFalse();
    }

    [Fact]
    public async Task RequestContext_OfTheCaller_FlowsToCalleesAndNotBack()
    {
        var (grain, other) = (Grain<ICallGrain>(NewKey()), Grain<ICallGrain>(NewKey("other")));
        var name = NewKey("name");
        RequestContext.Set(name, "set by the caller");
        try
        {
            (await grain.ContextValue(name)).ShouldBe("set by the caller");
            (await grain.ContextValueThere(other, name)).ShouldBe("set by the caller");
            RequestContext.Get(name).ShouldBe("set by the caller");
        }
        finally
        {
            RequestContext.Clear();
        }

        (await grain.ContextValue(name)).ShouldBeNull();
    }

    [Fact]
    public async Task ValueTask_AsReturnType_Works()
    {
        var grain = Grain<ICallGrain>(NewKey());
        (await grain.Sum(2, 3)).ShouldBe(5);
        await grain.Quiet();
    }

    [Fact]
    public async Task Identity_OfAGrain_IsTheSameInsideAndOutside()
    {
        var key = "a key/with slash+plus";
        var grain = Grain<ICallGrain>(key);
        var id = await grain.Identity();
        id.ShouldBe(grain.GetGrainId());
        id.Key.ToString().ShouldBe(key);
        GrainId.Parse(id.ToString()).ShouldBe(id);
        grain.GetPrimaryKeyString().ShouldBe(key);
        (await grain.Self()).ShouldBe(grain);
        Client.GetGrain<ICallGrain>(id).ShouldBe(grain);
        Client.GetGrain(typeof(ICallGrain), key).ShouldBe(grain);
    }

    [Fact]
    public void Reference_ToAnInterfaceWithoutClass_IsRefused() =>
        Should.Throw<ArgumentException>(() => Grain<INobodysGrain>(NewKey())).Message.ShouldContain(nameof(INobodysGrain));
}

[Alias("caur.tests.INobodysGrain")]
public interface INobodysGrain : IGrainWithStringKey
{
    [Alias("Nothing")]
    Task Nothing();
}
