namespace Caur.Tests.Farm;

/// <summary>kill -9 of the real hub in the middle of twenty real builds.</summary>
public sealed class HubKillTests
{
    [Fact]
    public async Task Hub_WhenKilledTwiceInTheMiddleOfTwentyBuilds_LosesAndRepeatsNothing()
    {
        using var farm = await FarmSetup.CreateAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3), TimeProvider.System);
        var run = new HubKillRun(farm, new Random(7), builds: 20);
        await run.PrepareAsync();
        await using (var first = await run.StartHubAsync())
        {
            await run.ScheduleAsync(first);
            await run.UntilAsync(first, done: 0, active: 4, limit.Token);
            await run.EndAsync(first, kill: true);
        }

        await using (var second = await run.StartHubAsync())
        {
            await run.ScheduleAsync(second);
            await run.UntilAsync(second, done: 8, active: 2, limit.Token);
            await run.EndAsync(second, kill: true);
        }

        await using var third = await run.StartHubAsync();
        await run.ScheduleAsync(third);
        await run.CheckAsync(third, TimeSpan.FromMinutes(3));
        (await third.StopAsync()).ShouldBe(0);
    }
}
