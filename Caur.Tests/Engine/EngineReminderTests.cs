using Caur.Embedded.Storage;
using Caur.Tests.Engine.Conformance;
using Caur.Tests.Support;
using Orleans;

namespace Caur.Tests.Engine;

/// <summary>Reminders and timers of the embedded engine beyond the conformance tests.</summary>
public sealed class EngineReminderTests : IAsyncLifetime
{
    private readonly EmbeddedEngineFixture _engine = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => _engine.InitializeAsync();

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

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
    public async Task Reminder_ThatFellDueWhileTheProcessWasDown_IsSentSoonAfterTheStart()
    {
        var grain = _engine.Client.GetGrain<IReminderGrain>("missed");
        await grain.Register("tick", TimeSpan.FromMinutes(2), TimeSpan.FromHours(1));
        await _engine.StopAsync();
        _engine.Clock.Advance(TimeSpan.FromMinutes(10));
        await _engine.InitializeAsync();
        await UntilTicksAsync("missed", 1);
    }

    private static async Task UntilTicksAsync(string key, int count)
    {
        using var limit = new CancellationTokenSource(TestTimeouts.Longest, TimeProvider.System);
        while (ReminderGrain.CountOf(key) < count && !limit.IsCancellationRequested)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, Token);
        }

        ReminderGrain.CountOf(key).ShouldBe(count);
    }
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
