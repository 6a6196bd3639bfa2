
namespace Caur.Tests.Farm;

/// <summary>What becomes of a build that runs and is not wanted any more.</summary>
public sealed class FarmCancelTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Cancel_WhenTheBuildRuns_EndsItsContainerAndSaysSo()
    {
        using var farm = await FarmSetup.CreateAsync();
        await farm.Sources.AddAsync("endless", "pkgver=1", "build() { while true; do echo working; sleep 1; done; }\n" + SourceFolder.Program("endless"));
        await farm.Sources.CommitAsync();
        await using var hub = await farm.StartHubAsync();
        var id = (await hub.ScheduleAsync("sources", "farm", "endless")).GetProperty("builds")[0].GetProperty("build").GetString()!;
        await RunningAsync(hub, [id]);

        await hub.PostAsync($"/api/v1/builds/{id}/cancel", null);

        var build = await hub.SettledAsync(id, TimeSpan.FromSeconds(40));
        build.GetProperty("state").GetString().ShouldBe("Cancelled");
        (await hub.Http.GetStringAsync("/api/logs/endless", Token)).ShouldContain("Build canceled: cancelled by first admin");
        await farm.NoContainersAsync();
    }

    /// <summary>Waits until the first build's log shows that its build function runs.</summary>
    private static async Task RunningAsync(HubProcess hub, string[] ids)
    {
        using var end = new CancellationTokenSource(TimeSpan.FromMinutes(1), TimeProvider.System);
        while (true)
        {
            var queue = await hub.GetAsync("/api/v1/queue");
            var running = queue.GetProperty("items").EnumerateArray()
                .Where(item => item.GetProperty("state").GetString() == "Running")
                .Select(item => item.GetProperty("build").GetString()!)
                .FirstOrDefault(ids.Contains);
            if (running is not null)
            {
                await using var log = await hub.Http.GetStreamAsync($"/api/logs/{running.Split('/')[2]}", end.Token);
                using var reader = new StreamReader(log);
                while (await reader.ReadLineAsync(end.Token) is { } line)
                {
                    if (line.Contains("line 1", StringComparison.Ordinal) || line.Contains("working", StringComparison.Ordinal))
                    {
                        return;
                    }
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, end.Token);
        }
    }
}
