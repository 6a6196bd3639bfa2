using Caur.Tests.Soak;

namespace Caur.Tests.Farm;

/// <summary>A real hub with real containers, ended at random moments: most often by kill -9, now and then by SIGTERM.</summary>
internal sealed class HubKillScenario : ISoakScenario
{
    public string Name => "hub-kill";

    public async Task RunAsync(SoakRound round)
    {
        using var farm = await FarmSetup.CreateAsync();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(round.Cancelled);
        var builds = round.IsShort ? 1 : round.Random.Next(4, 16);
        var run = new HubKillRun(farm, round.Fork(), builds);
        await run.PrepareAsync();
        var hub = await run.StartHubAsync();
        try
        {
            await run.ScheduleAsync(hub);
            for (var ends = round.IsShort ? 1 : round.Random.Next(1, 5); ends > 0; ends--)
            {
                var done = round.IsShort ? 0 : round.Random.Next(builds);
                await run.UntilAsync(hub, done, active: round.Random.Next(1, 4), limit.Token);
                await Task.Delay(TimeSpan.FromMilliseconds(round.Random.Next(1500)), TimeProvider.System, round.Cancelled);
                var kill = round.Random.Next(4) != 0;
                await run.EndAsync(hub, kill);
                round.Count(kill ? "kills" : "terminations");
                await hub.DisposeAsync();
                hub = await run.StartHubAsync();
                await run.ScheduleAsync(hub);
            }

            await run.CheckAsync(hub, TimeSpan.FromMinutes(3));
            round.Count("builds", builds);
            (await hub.StopAsync()).ShouldBe(0);
        }
        finally
        {
            await hub.DisposeAsync();
        }
    }
}
