using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Packages;
using Caur.Contracts.Sources;
using Caur.Tests.Packages;
using Caur.Tests.Sources;
using Caur.Tests.Support;

namespace Caur.Tests.Grains;

/// <summary>What builds took, and what schedules make of it.</summary>
public sealed class PackageGrainTests
{
    private static readonly TimeSpan Unknown = TimeSpan.FromMinutes(5);

    [Fact]
    public async Task Schedule_AfterBuildsThatTookLong_BeginsWithTheLongestChain()
    {
        await using var farm = await Farm.StartAsync();
        await CommitAsync(farm);
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        (await ItemsAsync(farm)).ShouldBe(["a", "c", "d", "b"], "nothing is known: the longest chain has the most builds");
        var durations = new Dictionary<string, TimeSpan>
        {
            ["a"] = TimeSpan.FromSeconds(20),
            ["b"] = TimeSpan.FromMinutes(1),
            ["c"] = TimeSpan.FromSeconds(40),
            ["d"] = TimeSpan.FromMinutes(7),
        };
        for (var i = 0; i < durations.Count; i++)
        {
            await BuildAsync(farm, builder, pkgbase => durations[pkgbase]);
        }

        (await ItemsAsync(farm)).ShouldBe(["d", "a", "c", "b"], "7 minutes; 20 seconds and a minute behind them; 40 seconds");

        var offers = await builder.TakeAsync();
        offers.ShouldHaveSingleItem().Request.EstimatedDuration.ShouldBe(TimeSpan.FromMinutes(7));
    }

    [Fact]
    public async Task Schedule_AfterARestart_KnowsWhatBuildsTook()
    {
        await using var farm = await Farm.StartAsync();
        await CommitAsync(farm);
        var builder = new ScriptedBuilder(farm, "host-1");
        await builder.JoinAsync();
        await ScheduleAsync(farm, "c");
        var started = farm.Clock.GetUtcNow();
        var build = await BuildAsync(farm, builder, _ => TimeSpan.FromSeconds(50));

        await farm.RestartAsync();

        (await Package(farm, "c").GetHistoryAsync()).ShouldBe(
        [
            new FinishedBuild
            {
                Build = build,
                State = BuildState.Published,
                End = AttemptEnd.Built,
                Builder = new BuilderId("host-1", "0"),
                Started = started,
                Duration = TimeSpan.FromSeconds(50),
            },
        ]);
        await ScheduleAsync(farm, "c");
        await builder.JoinAsync();
        (await builder.TakeAsync()).ShouldHaveSingleItem().Request.EstimatedDuration.ShouldBe(TimeSpan.FromSeconds(50));
    }

    [Fact]
    public async Task Finished_WhenToldAgainAndAgain_CountsOnceAndIsBounded()
    {
        await using var farm = await Farm.StartAsync();
        var package = Package(farm, "a");
        var builds = Enumerable.Range(0, 25).Select(number => Ended.Build(number, TimeSpan.FromMinutes(number))).ToArray();
        foreach (var build in builds.Concat(builds))
        {
            // One after the other: what is told at once may overtake itself.
            await package.FinishedAsync(build);
            await package.GetHistoryAsync();
        }

        await farm.UntilAsync(async () => (await package.GetHistoryAsync()).FirstOrDefault() == builds[^1], "all is told");
        (await package.GetHistoryAsync()).ShouldBe(builds[5..].Reverse());
        (await package.EstimateAsync("x86_64")).ShouldBe(TimeSpan.FromMinutes(22));
        (await package.EstimateAsync("aarch64")).ShouldBe(Unknown);
        farm.Faults.Log.Count(line => line == "write package").ShouldBe(25);
    }

    [Fact]
    public async Task Finished_WhenItCannotBeWritten_StopsNoBuildAndIsToldAgain()
    {
        await using var farm = await Farm.StartAsync();
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        var build = await farm.EnqueueAsync("a");
        farm.Faults.FailWrites("package");

        await builder.FinishAsync(await builder.StartAsync());
        await farm.WaitForAsync(build, BuildState.Published);
        await farm.UntilAsync(() => Task.FromResult(farm.Faults.Log.Contains("write package")), "the package is told");
        (await Package(farm, "a").GetHistoryAsync()).ShouldBeEmpty();

        await farm.Build(build).ReconcileAsync();
        await farm.UntilAsync(async () => (await Package(farm, "a").GetHistoryAsync()).Length == 1, "the package is told again");
    }

    [Fact]
    public async Task Finished_WhenNoBuilderEverHadIt_TellsNothing()
    {
        await using var farm = await Farm.StartAsync();
        await farm.Queue.CancelAsync(await farm.EnqueueAsync("a"), "not wanted");
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        var build = await farm.EnqueueAsync("a");
        var attempt = await builder.StartAsync();
        await farm.AdvanceAsync(TimeSpan.FromSeconds(9));
        await builder.CompleteAsync(attempt, AttemptEnd.HandedBack);
        attempt = await builder.StartAsync();
        await farm.AdvanceAsync(TimeSpan.FromSeconds(2));
        await builder.CompleteAsync(attempt, AttemptEnd.Failed);
        await farm.WaitForAsync(build, BuildState.Failed);

        await farm.UntilAsync(async () => !(await Package(farm, "a").GetHistoryAsync()).IsEmpty, "the package is told");
        var told = (await Package(farm, "a").GetHistoryAsync()).ShouldHaveSingleItem("one was cancelled before it began");
        (told.Build, told.State, told.End).ShouldBe((build, BuildState.Failed, AttemptEnd.Failed));
        told.Duration.ShouldBe(TimeSpan.FromSeconds(2), "of the last attempt alone");
    }

    [Fact]
    public async Task Schedule_WhenAPackagesRecordIsDamaged_DoesWithoutItsEstimate()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        await CommitAsync(farm);
        foreach (var pkgbase in (string[])["c", "d"])
        {
            await Package(farm, pkgbase).FinishedAsync(Ended.Build(1, TimeSpan.FromMinutes(3)));
            await farm.UntilAsync(async () => !(await Package(farm, pkgbase).GetHistoryAsync()).IsEmpty, "the package is told");
        }

        await farm.RestartAsync(() =>
        {
            FarmRecords.Damage(farm, static record => record.Name == "package" && record.Grain.EndsWith("/d", StringComparison.Ordinal));
            return Task.CompletedTask;
        });

        await ScheduleAsync(farm, "c", "d");
        await EstimatesShouldBeAsync(farm, ("c", TimeSpan.FromMinutes(3)), ("d", Unknown));
    }

    [Fact]
    public async Task Schedule_WhenAPackageDoesNotAnswer_DoesWithoutItsEstimate()
    {
        await using var farm = await Farm.StartAsync();
        await CommitAsync(farm);
        var gate = new TaskCompletionSource();
        farm.Faults.HoldWrite("package", gate.Task);
        await Package(farm, "c").FinishedAsync(Ended.Build(1, TimeSpan.FromMinutes(3)));
        await farm.UntilAsync(() => Task.FromResult(farm.Faults.Log.Contains("write package")), "the package writes");
        await Package(farm, "d").FinishedAsync(Ended.Build(1, TimeSpan.FromMinutes(3)));
        await farm.UntilAsync(async () => !(await Package(farm, "d").GetHistoryAsync()).IsEmpty, "the package is told");

        var schedule = ScheduleAsync(farm, "c", "d");
        while (!schedule.IsCompleted)
        {
            // Five seconds are what it waits; git is fast enough for its limit in the farm's time all the same.
            await Task.WhenAny(schedule, Task.Delay(TimeSpan.FromMilliseconds(250), TimeProvider.System, TestContext.Current.CancellationToken));
            farm.Clock.Advance(TimeSpan.FromSeconds(5));
        }

        await schedule;

        await EstimatesShouldBeAsync(farm, ("c", Unknown), ("d", TimeSpan.FromMinutes(3)));
        gate.SetResult();
    }

    [Fact]
    public async Task Schedule_WhenItIsOver_KeepsNoPackageInMemory()
    {
        await using var farm = await Farm.StartAsync();
        await CommitAsync(farm);
        await ScheduleAsync(farm, "a", "b", "c", "d");

        // Time stands still: they go by themselves.
        await farm.UntilAsync(() => Task.FromResult(InMemory() == 0), "the packages are forgotten");

        int InMemory() => farm.Activations.Count(static grain => grain.Type.ToString() == "package");
    }

    private static IPackageGrain Package(Farm farm, string pkgbase) =>
        farm.Client.GetGrain<IPackageGrain>(new SourcePackage("packages", pkgbase).ToString());

    /// <summary>Schedules everything and tells in which order it would be built.</summary>
    private static async Task<List<string>> ItemsAsync(Farm farm)
    {
        (await farm.Source("packages").ScheduleAsync(new ScheduleRequest { Operation = Guid.NewGuid(), Target = Farm.Target, All = true })).Error.ShouldBeNull();
        return [.. (await farm.Queue.GetAsync()).Items.Select(item => item.Build.Pkgbase)];
    }

    private static async Task ScheduleAsync(Farm farm, params string[] packages)
    {
        var reply = await farm.Source("packages").ScheduleAsync(new ScheduleRequest
        {
            Operation = Guid.NewGuid(),
            Target = Farm.Target,
            Packages = [.. packages.Select(package => new ScheduledPackage(package, null))],
        }).DefaultTimeout("schedule");
        reply.Builds.Length.ShouldBe(packages.Length);
    }

    /// <summary>Builds what is offered next, which takes so long, and waits until its package knows.</summary>
    private static async Task<BuildId> BuildAsync(Farm farm, ScriptedBuilder builder, Func<string, TimeSpan> duration)
    {
        var attempt = await builder.StartAsync();
        for (var left = duration(attempt.Build.Pkgbase); left > TimeSpan.Zero; left -= TimeSpan.FromSeconds(10))
        {
            farm.Clock.Advance(TimeSpan.FromSeconds(10));
            await builder.RenewAsync();
        }

        await builder.FinishAsync(attempt);
        await farm.WaitForAsync(attempt.Build, BuildState.Published);
        await farm.UntilAsync(async () => !(await Package(farm, attempt.Build.Pkgbase).GetHistoryAsync()).IsEmpty, "the package is told");
        return attempt.Build;
    }

    private static async Task EstimatesShouldBeAsync(Farm farm, params (string Pkgbase, TimeSpan Estimate)[] expected)
    {
        var builder = new ScriptedBuilder(farm, slots: expected.Length);
        await builder.JoinAsync();
        (await builder.TakeAsync(expected.Length)).Select(offer => (offer.Request.Package.Pkgbase, offer.Request.EstimatedDuration))
            .ShouldBe(expected, ignoreOrder: true);
    }

    /// <summary>b depends on a; c and d on nothing.</summary>
    private static Task<string> CommitAsync(Farm farm) => new GitWorkTree(farm.SourceFolder).CommitAsync(
        [.. Files("a"), .. Files("b", "depends = a\n"), .. Files("c"), .. Files("d")]);

    private static (string Path, string Text)[] Files(string pkgbase, string lines = "") =>
    [
        ($"{pkgbase}/PKGBUILD", ""),
        ($"{pkgbase}/.SRCINFO", $"pkgbase = {pkgbase}\npkgver = 1\npkgrel = 1\narch = x86_64\n{lines}\npkgname = {pkgbase}\n"),
    ];
}
