using System.Text.Json;

namespace Caur.Tests.Fire;

/// <summary>Faults of the machines that builders run on: their clocks, disks and engines.</summary>
public sealed class HostFaultTests(PatientFarm fixture) : IClassFixture<PatientFarm>, IAsyncDisposable
{
    private static readonly TimeSpan BuildTime = TimeSpan.FromMinutes(2);

    private FireFarm Farm => fixture.Farm;

    /// <summary>The next test finds an empty farm and the right time, whatever became of this one.</summary>
    public async ValueTask DisposeAsync()
    {
        fixture.Clock.Set(TimeSpan.Zero);
        await Farm.AbandonAsync();
    }

    [Fact]
    public async Task Clocks_OfHubAndBuilderSetForwardAndBack_ChangeNothing()
    {
        using var clock = await SteppedClock.CreateAsync(Path.GetDirectoryName(fixture.Clock.Library)!, "builder");
        var builder = await Farm.AddBuilderAsync("clock", null, null, [.. clock.Variables.Select(static variable => (variable.Key, variable.Value))]);
        var first = await Farm.RunOnAsync(builder);
        foreach (var (hub, own) in ((int, int)[])[(26, 0), (-26, 0), (-26, 26), (0, -26)])
        {
            fixture.Clock.Set(TimeSpan.FromHours(hub));
            clock.Set(TimeSpan.FromHours(own));
            await Farm.BelievesAsync(fixture.Clock);
            await builder.BelievesAsync(clock);
            await Farm.GoOnAsync(first);
            await builder.ReadyAsync();
        }

        // What is ordered, offered and accepted in a time that comes again.
        fixture.Clock.Set(TimeSpan.FromHours(2));
        await Farm.BelievesAsync(fixture.Clock);
        var second = (await Farm.ScheduleAsync(1))[0];
        fixture.Clock.Set(TimeSpan.Zero);
        clock.Set(TimeSpan.Zero);
        await Farm.BelievesAsync(fixture.Clock);
        Farm.LetGo(first);
        await Farm.SpeaksAsync(second, builder);

        (await Invariants.CheckAsync(Farm, BuildTime, first, second)).ShouldAllBe(static end => Invariants.AttemptsOf(end) == 1);
        await Farm.EndAsync(builder);
    }

    [Fact]
    public async Task Disk_OfABuilderThatIsFull_GivesTheBuildToAnotherAndNoMoreIsTakenUntilThereIsRoom()
    {
        await using var disk = await SmallDisk.CreateAsync(Farm.Setup["small"], mebibytes: 8);
        var full = await Farm.AddBuilderAsync("full", null, null, ("SHARED_PATH", disk.Folder));
        var build = await Farm.RunOnAsync(full);
        await disk.FillAsync();
        await FireFarm.LetGoAsync(full, build);
        await full.StateAsync("Unfit");
        await Farm.SaysAsync(build, "The build is tried again.");

        var roomy = await Farm.AddBuilderAsync("roomy");
        await Farm.SaysAsync(build, $"on builder {roomy.Name}, attempt 2");

        // While the one that has room builds, and takes no more, the other one could have it.
        await Farm.DrainAsync(roomy, drain: true);
        var next = (await Farm.ScheduleAsync(1))[0];
        var waiting = default(JsonElement);
        await Farm.UntilAsync(
            async () => ExplanationOf(waiting = await Farm.ViewAsync(next)).Contains($"builder {full.Name} cannot run builds: The builder {full.Name} has no room", StringComparison.Ordinal),
            () => $"that {next} waits for room:\n{waiting}");
        Farm.LetGo(build);
        (await Farm.Hub.SettledAsync(build, BuildTime)).GetProperty("state").GetString().ShouldBe("Published");
        waiting = await Farm.ViewAsync(next);
        waiting.GetProperty("state").GetString().ShouldBe("Waiting", waiting.ToString());
        Invariants.AttemptsOf(waiting).ShouldBe(0, waiting.ToString());
        ExplanationOf(waiting).ShouldContain("has no room");
        disk.Free();
        await Farm.SaysAsync(next, $"on builder {full.Name}, attempt 1", () => full.Said);

        var ends = await Invariants.CheckAsync(Farm, BuildTime, build, next);
        Invariants.EndsOf(ends[0]).ShouldBe(["HandedBack", "Built"]);
        Invariants.EndsOf(ends[1]).ShouldBe(["Built"]);
        full.Said.ShouldContain($"No work is taken until builds can run here: The builder {full.Name} has no room: the disk of {disk.Folder} is full");
        await Farm.EndAsync(full, roomy);
    }

    private static string ExplanationOf(JsonElement build) => build.GetProperty("reason").GetString() ?? "";

    [Fact]
    public async Task Engine_StoppedAndStarted_GoesOnWithContainersThatLiveAndTriesAgainWhatDied()
    {
        await using var engine = await OwnEngine.StartAsync(Farm.Setup["engine"], Farm.Setup.Engine);
        var builder = await Farm.AddBuilderAsync("engine", null, null, ("DOCKER_HOST", $"unix://{engine.Socket}"));
        var lives = await Farm.RunOnAsync(builder);

        // Its containers outlive it.
        await engine.StopAsync();
        await engine.StartAsync(keepsContainers: true);
        await Farm.GoOnAsync(lives);
        Farm.LetGo(lives);
        (await Farm.Hub.SettledAsync(lives, BuildTime)).GetProperty("state").GetString().ShouldBe("Published");

        // It ends them, as it does unless told otherwise.
        var dies = await Farm.RunOnAsync(builder);
        await engine.StopAsync();
        await engine.StartAsync(keepsContainers: false);
        await Farm.SaysAsync(dies, $"on builder {builder.Name}, attempt 2", () => builder.Said);

        var ends = await Invariants.CheckAsync(Farm, BuildTime, lives, dies);
        Invariants.EndsOf(ends[0]).ShouldBe(["Built"]);
        Invariants.EndsOf(ends[1]).ShouldBe(["SystemError", "Built"]);
        (await Farm.LogAsync(dies)).ShouldContain("the package did nothing wrong");
        await Farm.EndAsync(builder);
    }
}
