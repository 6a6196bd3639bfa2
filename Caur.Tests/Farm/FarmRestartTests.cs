
namespace Caur.Tests.Farm;

/// <summary>What a farm makes of its own death in the middle of the work.</summary>
public sealed class FarmRestartTests
{
    private static readonly TimeSpan BuildTime = TimeSpan.FromMinutes(3);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Hub_WhenKilledWhileBuildsRun_FinishesEachOnceAfterARestart()
    {
        using var farm = await FarmSetup.CreateAsync();
        const int Packages = 6;
        for (var i = 0; i < Packages; i++)
        {
            await farm.Sources.AddAsync(
                $"slow{i}", "pkgver=1", "build() { for n in 1 2 3; do echo \"line $n\"; sleep 1; done; }\n" + SourceFolder.Program($"slow{i}"));
        }

        await farm.Sources.CommitAsync();
        string[] ids;
        await using (var first = await farm.StartHubAsync())
        {
            ids = [.. (await first.ScheduleAsync("sources", "farm", "all")).GetProperty("builds").EnumerateArray()
                .Select(build => build.GetProperty("build").GetString()!)];
            await RunningAsync(first, ids);
            await first.KillAsync();
        }

        await using var second = await farm.StartHubAsync();
        foreach (var id in ids)
        {
            var build = await second.SettledAsync(id, BuildTime);
            build.GetProperty("state").GetString().ShouldBe("Published", second.Output);
            build.GetProperty("view").GetProperty("attempts").GetArrayLength().ShouldBeLessThanOrEqualTo(2);
            var log = await second.Http.GetStringAsync($"/api/logs/{id.Split('/')[2]}/{id.Split('/')[3]}", Token);
            foreach (var line in new[] { "line 1", "line 2", "line 3", "Package successfully deployed" })
            {
                Occurrences(log, line).ShouldBe(1, $"'{line}' in the log of {id}:\n{log}");
            }
        }

        var target = await second.GetAsync("/api/v1/queue");
        target[0].GetProperty("items").GetArrayLength().ShouldBe(0);
        (await farm.InstallAsync(second, Enumerable.Range(0, Packages).Select(i => $"slow{i}"), "slow0")).ShouldContain("slow0 runs");
        await farm.NoContainersAsync();
        (await second.StopAsync()).ShouldBe(0);
    }

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
            var running = queue[0].GetProperty("items").EnumerateArray()
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

    private static int Occurrences(string text, string part) => text.Split(part).Length - 1;
}
