namespace Caur.Tests.Engine.Conformance;

/// <summary>Reminders wake grains, whatever happened to their activations meanwhile.</summary>
public abstract class ReminderConformanceTests<TFixture>(TFixture engine) : ConformanceTests<TFixture>(engine)
    where TFixture : class, IEngineFixture
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Reminder_WhenDue_TicksAndGoesOn()
    {
        var key = NewKey();
        await Grain<IReminderGrain>(key).Register("tick", Minute, Minute);
        await TickAsync(key, 1);
        await TickAsync(key, 2);
        var (name, status) = ReminderGrain.Ticks[key].First();
        name.ShouldBe("tick");
        status.Period.ShouldBe(Minute);
        status.CurrentTickTime.ShouldBeGreaterThanOrEqualTo(status.FirstTickTime);
    }

    [Fact]
    public async Task Reminder_AfterARestart_WakesItsGrain()
    {
        var key = NewKey();
        await Grain<IReminderGrain>(key).Register("tick", Minute, Minute);
        await Engine.RestartAsync();
        await TickAsync(key, 1);
    }

    [Fact]
    public async Task Reminder_WithAPeriodBelowTheMinimum_IsRefused() =>
        await Should.ThrowAsync<ArgumentException>(
            () => Grain<IReminderGrain>(NewKey()).Register("hasty", Minute, TimeSpan.FromSeconds(59)));

    [Fact]
    public async Task Reminder_WhenUnregistered_TicksNoMore()
    {
        var key = NewKey();
        var grain = Grain<IReminderGrain>(key);
        await grain.Register("gone", Minute, Minute);
        await grain.Register("stays", Minute, Minute);
        (await grain.Names()).ShouldBe(["gone", "stays"], ignoreOrder: true);
        await grain.Unregister("gone");
        (await grain.Has("gone")).ShouldBeFalse();
        await TickAsync(key, 1);
        await Engine.RestartAsync();
        (await Grain<IReminderGrain>(key).Names()).ShouldBe(["stays"]);
        ReminderGrain.Ticks[key].ShouldAllBe(static tick => tick.Name == "stays");
    }

    [Fact]
    public async Task Reminder_WhenRegisteredAgain_HasItsNewTime()
    {
        var key = NewKey();
        var grain = Grain<IReminderGrain>(key);
        await grain.Register("tick", TimeSpan.FromDays(2), Minute);
        await grain.Register("tick", Minute, TimeSpan.FromDays(2));
        await TickAsync(key, 1);
        await AdvanceAsync(10 * Minute);
        await grain.Names();
        ReminderGrain.CountOf(key).ShouldBe(1);
    }

    [Fact]
    public async Task Reminder_WhoseTickFails_GoesOn()
    {
        var key = NewKey();
        ReminderGrain.Failing[key] = true;
        await Grain<IReminderGrain>(key).Register("failing", Minute, Minute);
        await TickAsync(key, 1);
        await TickAsync(key, 2);
    }

    private async Task TickAsync(string key, int expected)
    {
        await AdvanceAsync(Minute);
        await Eventually(() => Task.FromResult(ReminderGrain.CountOf(key)), expected, $"tick {expected}");
    }

    [Fact]
    public async Task Reminder_ThatWasChanged_KeepsTheChangeOverARestart()
    {
        var key = NewKey();
        await Grain<IReminderGrain>(key).Register("tick", TimeSpan.FromDays(2), TimeSpan.FromDays(2));
        await Grain<IReminderGrain>(key).Register("tick", Minute, 3 * Minute);
        await Engine.RestartAsync();
        await TickAsync(key, 1);
        ReminderGrain.Ticks[key].ShouldHaveSingleItem().Status.Period.ShouldBe(3 * Minute);
        await AdvanceAsync(2 * Minute);
        await Grain<IReminderGrain>(key).Names();
        ReminderGrain.CountOf(key).ShouldBe(1);
        await TickAsync(key, 2);
    }
}
