using Caur.Tests.Support;

namespace Caur.Tests.Engine.Conformance;

/// <summary>A timer's tick is a turn.</summary>
public abstract class TimerConformanceTests<TFixture>(TFixture engine) : ConformanceTests<TFixture>(engine)
    where TFixture : class, IEngineFixture
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task Timer_WhenDue_TicksAndGoesOnByItsPeriod()
    {
        var grain = Grain<ITimerGrain>(NewKey());
        await grain.StartSimple(Second, Second);
        (await grain.Ticks()).ShouldBe(0);
        await AdvanceAsync(Second);
        await Eventually(grain.Ticks, 1, "the first tick");
        await AdvanceAsync(Second);
        await Eventually(grain.Ticks, 2, "the second tick");
    }

    [Fact]
    public async Task Timer_WithoutPeriod_TicksOnce()
    {
        var grain = Grain<ITimerGrain>(NewKey());
        await grain.StartSimple(Second, Timeout.InfiniteTimeSpan);
        await AdvanceAsync(Second);
        await Eventually(grain.Ticks, 1, "the tick");
        await AdvanceAsync(2 * Second);
        (await grain.Ticks()).ShouldBe(1);
    }

    [Fact]
    public async Task Tick_WhileACallAwaits_Waits()
    {
        var (grain, gate) = (Grain<ITimerGrain>(NewKey()), NewKey());
        await grain.StartSimple(Second, Timeout.InfiniteTimeSpan);
        var held = grain.Hold(gate);
        await Gate.Named(gate).Reached.DefaultTimeout("the call");
        await AdvanceAsync(Second);
        (await grain.TicksNow()).ShouldBe(0);
        Gate.Named(gate).Open();
        await held.DefaultTimeout("the call's end");
        await Eventually(grain.Ticks, 1, "the tick");
    }

    [Fact]
    public async Task Tick_ThatInterleaves_DoesNotWait()
    {
        var (grain, gate) = (Grain<ITimerGrain>(NewKey()), NewKey());
        await grain.StartTimer(new TimerOrder { Due = Second, Period = Timeout.InfiniteTimeSpan, Interleave = true });
        var held = grain.Hold(gate);
        await Gate.Named(gate).Reached.DefaultTimeout("the call");
        await AdvanceAsync(Second);
        await Eventually(grain.TicksNow, 1, "the tick");
        held.IsCompleted.ShouldBeFalse();
        Gate.Named(gate).Open();
        await held.DefaultTimeout("the call's end");
    }

    [Fact]
    public async Task Call_WhileATickAwaits_Waits()
    {
        var (grain, gate) = (Grain<ITimerGrain>(NewKey()), NewKey());
        await grain.StartTimer(new TimerOrder { Due = Second, Period = Second, Gate = gate });
        await AdvanceAsync(Second);
        await Gate.Named($"{gate}-1").Reached.DefaultTimeout("the tick");
        var call = grain.Ticks();
        (await grain.TicksNow()).ShouldBe(1);
        call.IsCompleted.ShouldBeFalse();
        Gate.Named($"{gate}-1").Open();
        (await call.DefaultTimeout("the call")).ShouldBe(1);
    }

    [Fact]
    public async Task Period_WhenATickTakesLong_BeginsAtItsEnd()
    {
        var (grain, gate) = (Grain<ITimerGrain>(NewKey()), NewKey());
        await grain.StartTimer(new TimerOrder { Due = Second, Period = Second, Gate = gate });
        await AdvanceAsync(Second);
        await Gate.Named($"{gate}-1").Reached.DefaultTimeout("the tick");
        await AdvanceAsync(3 * Second);
        Gate.Named($"{gate}-1").Open();
        (await grain.Ticks()).ShouldBe(1);
        await AdvanceAsync(Second);
        await Gate.Named($"{gate}-2").Reached.DefaultTimeout("the second tick");
        Gate.Named($"{gate}-2").Open();
        (await grain.Ticks()).ShouldBe(2);
    }

    [Fact]
    public async Task Tick_WhenItFails_LeavesTheTimerRunning()
    {
        var grain = Grain<ITimerGrain>(NewKey());
        await grain.StartTimer(new TimerOrder { Due = Second, Period = Second, Fails = true });
        await AdvanceAsync(Second);
        await Eventually(grain.Ticks, 1, "the first tick");
        await AdvanceAsync(Second);
        await Eventually(grain.Ticks, 2, "the second tick");
    }

    [Fact]
    public async Task Timer_WhenDisposed_TicksNoMore()
    {
        var grain = Grain<ITimerGrain>(NewKey());
        await grain.StartSimple(Second, Second);
        await grain.Stop();
        await AdvanceAsync(2 * Second);
        (await grain.Ticks()).ShouldBe(0);
    }

    [Fact]
    public async Task Timer_WhenChanged_TicksAtItsNewTime()
    {
        var grain = Grain<ITimerGrain>(NewKey());
        await grain.StartSimple(TimeSpan.FromHours(1), Timeout.InfiniteTimeSpan);
        await grain.Change(Second, Timeout.InfiniteTimeSpan);
        await AdvanceAsync(Second);
        await Eventually(grain.Ticks, 1, "the tick");
    }

    [Fact]
    public async Task Timer_WhenItsActivationEnds_EndsToo()
    {
        var grain = Grain<ITimerGrain>(NewKey());
        var before = await grain.ActivationId();
        await grain.StartSimple(Second, Second);
        await grain.Deactivate();
        await Eventually(async () => await grain.ActivationId() != before, true, "another activation");
        await AdvanceAsync(2 * Second);
        (await grain.Ticks()).ShouldBe(0);
    }

    [Fact]
    public async Task Timer_DisposedInItsTick_IsCancelledThereAndTicksNoMore()
    {
        var grain = Grain<ITimerGrain>(NewKey());
        await grain.StartStoppingItself(Second);
        await AdvanceAsync(Second);
        await Eventually(grain.Ticks, 1, "the tick");
        await AdvanceAsync(3 * Second);
        (await grain.Ticks()).ShouldBe(1);
    }

    [Fact]
    public async Task Timer_ChangedInItsTick_TicksAtItsNewTime()
    {
        var grain = Grain<ITimerGrain>(NewKey());
        await grain.StartChangingItself(Second, 2 * Second);
        await AdvanceAsync(Second);
        await Eventually(grain.Ticks, 1, "the first tick");
        await AdvanceAsync(2 * Second);
        await Eventually(grain.Ticks, 2, "the second tick");
    }

    [Fact]
    public async Task Ticks_OfTwoTimers_DoNotOverlap()
    {
        var (grain, gate) = (Grain<ITimerGrain>(NewKey()), NewKey());
        await grain.StartPair(Second, gate);
        await AdvanceAsync(Second);
        await Gate.Named($"{gate}-1").Reached.DefaultTimeout("the first tick");
        (await grain.TicksNow()).ShouldBe(1);
        Gate.Named($"{gate}-1").Open();
        await Gate.Named($"{gate}-2").Reached.DefaultTimeout("the second tick");
        Gate.Named($"{gate}-2").Open();
        (await grain.Ticks()).ShouldBe(2);
    }
}
