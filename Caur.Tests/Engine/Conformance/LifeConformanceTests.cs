using Caur.Tests.Support;

namespace Caur.Tests.Engine.Conformance;

/// <summary>From the first call to OnDeactivateAsync.</summary>
public abstract class LifeConformanceTests<TFixture>(TFixture engine) : ConformanceTests<TFixture>(engine)
    where TFixture : class, IEngineFixture
{
    [Fact]
    public async Task Reference_WhenMade_ActivatesNothing()
    {
        var key = NewKey();
        var grain = Grain<ILifeGrain>(key);
        Life.Of(key).Events.ShouldBeEmpty();
        await grain.ActivationId();
        Life.Of(key).Events.ShouldBe(["activating", "activated"]);
    }

    [Fact]
    public async Task Calls_DuringActivation_WaitAndMeetOneActivation()
    {
        var (key, gate) = (NewKey(), NewKey());
        Life.Of(key).ActivationGate = gate;
        var calls = Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Grain<ILifeGrain>(key).ActivationId()));
        await Gate.Named(gate).Reached.DefaultTimeout("the activation");
        Gate.Named(gate).Open();
        (await calls.DefaultTimeout("the calls")).Distinct().ShouldHaveSingleItem();
    }

    /// <summary>Who called meanwhile fails too, or is answered by the next activation: a cluster may hand a call on.</summary>
    [Fact]
    public async Task Activation_WhenItFails_FailsItsCallerAndTheNextCallTriesAgain()
    {
        var (key, gate) = (NewKey(), NewKey());
        Life.Of(key).Failures = 1;
        Life.Of(key).ActivationGate = gate;
        var grain = Grain<ILifeGrain>(key);
        var calls = Enumerable.Range(0, 3).Select(_ => grain.ActivationId()).ToList();
        await Gate.Named(gate).Reached.DefaultTimeout("the activation");
        Gate.Named(gate).Open();
        var failures = new List<Exception?>();
        foreach (var call in calls)
        {
            failures.Add(await Record.ExceptionAsync(() => call.DefaultTimeout("the call")));
        }

        failures.OfType<InvalidDataException>().ShouldNotBeEmpty();
        failures.ShouldAllBe(static failure => failure == null || failure.Message == "this activation fails");
        (await grain.ActivationId()).ShouldNotBe(Guid.Empty);
        Life.Of(key).Events.ShouldBe(["activating", "activating", "activated"]);
    }

    [Fact]
    public async Task DeactivateOnIdle_WhenTheCallHasEnded_EndsTheActivation()
    {
        var key = NewKey();
        var grain = Grain<ILifeGrain>(key);
        var before = await grain.ActivationId();
        await grain.End();
        await Eventually(async () => await grain.ActivationId() != before, true, "another activation");
        Life.Of(key).Events.ShouldContain("deactivated ApplicationRequested");
    }

    [Fact]
    public async Task Calls_ThatArriveDuringDeactivation_GoToTheNextActivation()
    {
        var (key, gate) = (NewKey(), NewKey());
        var grain = Grain<ILifeGrain>(key);
        var before = await grain.ActivationId();
        Life.Of(key).DeactivationGate = gate;
        await grain.End();
        await Gate.Named(gate).Reached.DefaultTimeout("the deactivation");
        var calls = Enumerable.Range(0, 5).Select(_ => grain.ActivationId()).ToList();
        calls.ShouldAllBe(static call => !call.IsCompleted);
        Gate.Named(gate).Open();
        var ids = await Task.WhenAll(calls).DefaultTimeout("the calls");
        ids.Distinct().ShouldHaveSingleItem().ShouldNotBe(before);
    }

    [Fact]
    public async Task Deactivation_WhileACallRuns_WaitsForItAndTakesNoOther()
    {
        var (key, gate) = (NewKey(), NewKey());
        var grain = Grain<ILifeGrain>(key);
        var before = await grain.ActivationId();
        var held = grain.EndAndHold(gate);
        await Gate.Named(gate).Reached.DefaultTimeout("the call");
        var next = grain.ActivationId();
        Life.Of(key).Events.ShouldBe(["activating", "activated"]);
        Gate.Named(gate).Open();
        await held.DefaultTimeout("the call's end");
        (await next.DefaultTimeout("the next call")).ShouldNotBe(before);
    }

    [Fact]
    public async Task Idle_ForLongerThanTheAge_IsCollected()
    {
        var key = NewKey();
        var before = await Grain<ILifeGrain>(key).ActivationId();
        await CollectedAsync(key, TimeSpan.FromMinutes(18));
        (await Grain<ILifeGrain>(key).ActivationId()).ShouldNotBe(before);
    }

    [Fact]
    public async Task Idle_ForLongerThanTheClassAllows_IsCollectedEarlier()
    {
        var (shortLived, other) = (NewKey("short"), NewKey("other"));
        var before = await Grain<IShortLivedGrain>(shortLived).ActivationId();
        var otherBefore = await Grain<ILifeGrain>(other).ActivationId();
        await CollectedAsync(shortLived, TimeSpan.FromMinutes(5), () => Grain<ILifeGrain>(other).ActivationId());
        (await Grain<IShortLivedGrain>(shortLived).ActivationId()).ShouldNotBe(before);
        (await Grain<ILifeGrain>(other).ActivationId()).ShouldBe(otherBefore);
    }

    [Fact]
    public async Task Activation_WithACallThatRuns_IsNotCollected()
    {
        var (key, gate) = (NewKey(), NewKey());
        var grain = Grain<IShortLivedGrain>(key);
        var before = await grain.ActivationId();
        var held = grain.Hold(gate);
        await Gate.Named(gate).Reached.DefaultTimeout("the call");
        await AdvanceAsync(TimeSpan.FromMinutes(5));
        Gate.Named(gate).Open();
        // Its caller has stopped waiting meanwhile, where the clock of the caller is the one that was advanced.
        await Record.ExceptionAsync(() => held.DefaultTimeout("the call's end"));
        (await grain.ActivationId()).ShouldBe(before);
    }

    [Fact]
    public async Task Activation_WithATimerThatKeepsItAlive_IsNotCollected()
    {
        var key = NewKey();
        var grain = Grain<IShortLivedGrain>(key);
        var before = await grain.ActivationId();
        await grain.StartKeepAlive(TimeSpan.FromSeconds(30));
        for (var i = 0; i < 10; i++)
        {
            await AdvanceAsync(TimeSpan.FromSeconds(30));
            await Task.Yield();
        }

        Life.Of(key).Events.ShouldNotContain("deactivated ActivationIdle");
        (await grain.ActivationId()).ShouldBe(before);
    }

    [Fact]
    public async Task Activation_WithAnOrdinaryTimer_IsCollected()
    {
        var key = NewKey();
        var grain = Grain<IShortLivedGrain>(key);
        await grain.StartTimer(TimeSpan.FromSeconds(50));
        await Eventually(
            async () =>
            {
                // Small steps, so that no tick is under way each time that idle grains are looked for.
                await AdvanceAsync(TimeSpan.FromSeconds(7));
                return Life.Of(key).Events.Contains("deactivated ActivationIdle");
            },
            true,
            "the collection");
    }

    [Fact]
    public async Task DelayDeactivation_WhenAsked_PutsOffTheCollection()
    {
        var key = NewKey();
        var grain = Grain<IShortLivedGrain>(key);
        var before = await grain.ActivationId();
        await grain.Stay(TimeSpan.FromHours(1));
        await AdvanceAsync(TimeSpan.FromMinutes(30));
        (await grain.ActivationId()).ShouldBe(before);
        await AdvanceAsync(TimeSpan.FromMinutes(40));
        await Eventually(() => Task.FromResult(Life.Of(key).Events.Contains("deactivated ActivationIdle")), true, "the collection");
    }

    [Fact]
    public async Task Stop_OfTheEngine_DeactivatesGrains()
    {
        var key = NewKey();
        await Grain<ILifeGrain>(key).ActivationId();
        await Engine.RestartAsync();
        Life.Of(key).Events.ShouldBe(["activating", "activated", "deactivated ShuttingDown"]);
    }

    /// <summary>All of them, in whatever order.</summary>
    [Fact]
    public async Task Deactivation_WhileCallsWait_HandsThemToTheNextActivation()
    {
        var (key, gate) = (NewKey(), NewKey());
        var grain = Grain<ILifeGrain>(key);
        var before = await grain.ActivationId();
        var held = grain.Hold(gate);
        await Gate.Named(gate).Reached.DefaultTimeout("the call");
        var texts = Enumerable.Range(0, 20).Select(static i => $"mark {i}").ToList();
        // Half of them wait already when the end is asked for, and half come after that.
        var marks = texts.Take(10).Select(grain.Mark).ToList();
        await grain.EndNow().DefaultTimeout("the call that ends it");
        marks.AddRange(texts.Skip(10).Select(grain.Mark));
        Gate.Named(gate).Open();
        await held.DefaultTimeout("the call's end");
        (await Task.WhenAll(marks).DefaultTimeout("the calls that waited")).Distinct().ShouldHaveSingleItem().ShouldNotBe(before);
        Life.Of(key).Events.Take(6).ShouldBe(["activating", "activated", "held", "deactivated ApplicationRequested", "activating", "activated"]);
        Life.Of(key).Events.Skip(6).ShouldBe(texts, ignoreOrder: true);
    }

    [Fact]
    public async Task Deactivation_ThatFails_LeavesTheGrainCallable()
    {
        var key = NewKey();
        Life.Of(key).DeactivationFails = true;
        var grain = Grain<ILifeGrain>(key);
        var before = await grain.ActivationId();
        await grain.End();
        await Eventually(async () => await grain.ActivationId() != before, true, "another activation");
    }

    [Fact]
    public async Task Activation_WithAOneWayCallThatRuns_IsNotCollected()
    {
        var (key, gate) = (NewKey(), NewKey());
        var grain = Grain<IShortLivedGrain>(key);
        var before = await grain.ActivationId();
        await grain.HoldOneWay(gate);
        await Gate.Named(gate).Reached.DefaultTimeout("the call");
        await AdvanceAsync(TimeSpan.FromMinutes(5));
        Gate.Named(gate).Open();
        (await grain.ActivationId()).ShouldBe(before);
        Life.Of(key).Events.ShouldContain("held");
    }

    [Fact]
    public async Task Activation_WithATickThatRuns_IsNotCollected()
    {
        var (key, gate) = (NewKey(), NewKey());
        var grain = Grain<IShortLivedGrain>(key);
        var before = await grain.ActivationId();
        await grain.StartHeldTick(gate, TimeSpan.FromSeconds(1));
        await AdvanceAsync(TimeSpan.FromSeconds(1));
        await Gate.Named(gate).Reached.DefaultTimeout("the tick");
        await AdvanceAsync(TimeSpan.FromMinutes(5));
        Gate.Named(gate).Open();
        (await grain.ActivationId()).ShouldBe(before);
    }

    [Fact]
    public async Task Activation_WhenItFailsAgainAndAgain_WorksAsSoonAsItCan()
    {
        var key = NewKey();
        Life.Of(key).Failures = 5;
        var grain = Grain<ILifeGrain>(key);
        for (var i = 0; i < 5; i++)
        {
            await Should.ThrowAsync<InvalidDataException>(() => grain.ActivationId());
        }

        (await grain.ActivationId()).ShouldNotBe(Guid.Empty);
        Life.Of(key).Events.ShouldNotContain(static text => text.StartsWith("deactivated"), "what was never active is not deactivated");
    }

    /// <summary>Lets time go by until an activation was collected. A turn may end a moment after its answer: what was not idle yet when the clock
    /// was advanced is the next time.</summary>
    private async Task CollectedAsync(string key, TimeSpan after, Func<Task>? meanwhile = null)
    {
        await Eventually(
            async () =>
            {
                await (meanwhile?.Invoke() ?? Task.CompletedTask);
                await AdvanceAsync(after);
                return Life.Of(key).Events.Contains("deactivated ActivationIdle");
            },
            true,
            "the collection");
    }
}
