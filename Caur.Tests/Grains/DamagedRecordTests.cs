using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Contracts.Repositories;
using Caur.Silo.Hub;
using Caur.Storage.Logs;
using Caur.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Caur.Tests.Grains;

/// <summary>One record is damaged while the hub is down. Whose record it is decides what waits for it, and nothing else does.</summary>
public sealed class DamagedRecordTests
{
    [Theory]
    [InlineData("publications")]
    [InlineData("intent")]
    [InlineData("changes")]
    public async Task Target_WhenARecordOfItIsDamaged_LetsItsBuildsWaitUntilItIsMended(string name)
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var builder = new ScriptedBuilder(farm, slots: 2);
        await builder.JoinAsync();
        await PublishAsync(farm, builder, "before");
        await ChangeAsync(farm);
        farm.Publisher.Gate = new TaskCompletionSource().Task;
        var publishing = await farm.EnqueueAsync("publishing");
        await builder.FinishAsync(await builder.StartAsync());
        var running = await farm.EnqueueAsync("running");
        var after = await farm.EnqueueAsync("after", "running");
        var attempt = await builder.StartAsync();
        FarmRecord? sound = null;

        await farm.RestartAsync(() => Task.Run(() => sound = FarmRecords.Damage(farm, name, Farm.Target)));
        farm.Publisher.Gate = Task.CompletedTask;
        await builder.JoinAsync();
        await builder.FinishAsync(attempt);
        await farm.AdvanceAsync(TimeSpan.FromSeconds(40));

        foreach (var build in new[] { publishing, running })
        {
            var item = (await farm.Queue.FindAsync(build)).ShouldNotBeNull();
            item.State.ShouldBe(BuildState.Publishing);
            item.Explanation.ShouldContain(name);
            item.Explanation.ShouldContain($"of grain targetrepository/{Farm.Target}");
            (await farm.Build(build).GetAsync())!.State.ShouldBe(BuildState.Publishing);
        }

        (await farm.Queue.FindAsync(after))!.Wait.ShouldBe(WaitReason.Dependency);

        FarmRecords.Write(farm, sound!);
        await farm.AdvanceUntilAsync(async () => (await farm.Queue.GetAsync()).Items.Length == 1, "both are published", 60);
        (await farm.WaitForAsync(publishing, BuildState.Published)).Generation.ShouldNotBeNull();
        await farm.WaitForAsync(running, BuildState.Published);
        await builder.RenewAsync();
        await builder.FinishAsync(await builder.StartAsync());
        await farm.WaitForAsync(after, BuildState.Published);
    }

    [Fact]
    public async Task Accept_WhenTheRecordOfTheLogIsDamaged_StartsTheBuild()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var (build, builder) = await farm.EnqueueAndJoinAsync("a");
        var first = await builder.StartAsync();
        await builder.WriteAsync(first, "first\n");
        await builder.LeaveAsync();
        await farm.UntilAsync(async () => (await farm.Queue.FindAsync(build))!.State == BuildState.Waiting, "it is given back");
        await farm.RestartAsync(() => Task.Run(() => FarmRecords.Damage(farm, "log", build)));
        builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();

        var second = await builder.StartAsync();
        second.Number.ShouldBe(2);
        (await builder.WriteAsync(second, "second\n")).NextOffset.ShouldBe(7);
        await farm.RestartAsync();
        await builder.JoinAsync();
        (await builder.WriteAsync(first, "late", 6)).Verdict.ShouldBe(Contracts.Logs.LogVerdict.Stale);
        (await builder.WriteAsync(second, "third\n", 7)).NextOffset.ShouldBe(13);
        await builder.FinishAsync(second);

        await farm.WaitForAsync(build, BuildState.Published);
        (await farm.ReadLogAsync(build)).ShouldMatch("^Added .*\r\nfirst\n(.*\r\n)?second\nthird\nBuild finished.*\r\nPackage successfully deployed: .*\r\n$");
        (await farm.Log(build).OpenAsync()).Finished.ShouldBeTrue();
        farm.Errors.ShouldContain(error => error.Contains($"Record log of the log of {build} cannot be read"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Log_WhenItsRecordIsDamagedWhileTheAttemptRuns_LosesNoneOfItsOutput(int number)
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var (build, builder) = await farm.EnqueueAndJoinAsync("a");
        var attempt = await builder.StartAsync();
        if (number == 2)
        {
            await builder.WriteAsync(attempt, "first\n");
            await builder.LeaveAsync();
            await farm.UntilAsync(async () => (await farm.Queue.FindAsync(build))!.State == BuildState.Waiting, "it is given back");
            builder = new ScriptedBuilder(farm);
            await builder.JoinAsync();
            attempt = await builder.StartAsync();
        }

        await builder.WriteAsync(attempt, "one\n");
        await farm.RestartAsync(() => Task.Run(() => FarmRecords.Damage(farm, "log", build)));
        await builder.JoinAsync();

        (await builder.WriteAsync(attempt, "two\n", 4)).NextOffset.ShouldBe(8);
        (await builder.WriteAsync(attempt, "four\n", 14)).ShouldBe(new Contracts.Logs.LogAppended(Contracts.Logs.LogVerdict.Gap, 8));
        await builder.FinishAsync(attempt);
        await farm.WaitForAsync(build, BuildState.Published);
        (await farm.ReadLogAsync(build)).ShouldMatch("\none\ntwo\nBuild finished.*\r\nPackage successfully deployed: .*\r\n$");
    }

    [Fact]
    public async Task Build_WhenItsRecordIsDamaged_EndsItsLogAndRefusesItsAttemptFromThenOn()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var (build, builder) = await farm.EnqueueAndJoinAsync("a");
        var attempt = await builder.StartAsync();
        await builder.WriteAsync(attempt, "out\n");
        await farm.RestartAsync(() => Task.Run(() => FarmRecords.Damage(farm, "build", build)));
        var follower = farm.FollowAsync(build);
        await farm.AdvanceUntilAsync(async () => await farm.Queue.FindAsync(build) is null, "it leaves the queue", 10);

        (await follower.DefaultTimeout("the log's end")).ShouldMatch($"\nout\nBuild failed \\(SystemError\\): the record of {build} cannot be read: .*\r\n$");
        await builder.JoinAsync();
        (await builder.CompleteAsync(attempt, AttemptEnd.Built)).ShouldBeFalse();
    }

    [Fact]
    public async Task Cancel_WhenTheRecordOfTheBuildIsDamaged_EndsItsLog()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var (build, builder) = await farm.EnqueueAndJoinAsync("a");
        await builder.StartAsync();
        await builder.LeaveAsync();
        await farm.UntilAsync(async () => (await farm.Queue.FindAsync(build))!.State == BuildState.Waiting, "it is given back");
        await farm.RestartAsync(() => Task.Run(() => FarmRecords.Damage(farm, "build", build)));

        (await farm.Queue.CancelAsync(build, "not wanted")).Done.ShouldBeTrue();

        (await farm.Queue.FindAsync(build)).ShouldBeNull();
        (await farm.Log(build).OpenAsync()).Finished.ShouldBeTrue();
        (await farm.ReadLogAsync(build)).ShouldEndWith("Build canceled: not wanted.\r\n");
    }

    [Fact]
    public async Task Sweep_WhenTheRecordOfABuildIsDamaged_EndsItsLogAndGoesOn()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var builds = await PublishWithBlockedLogsAsync(farm);

        await farm.RestartAsync(() => Task.Run(() =>
        {
            builds.ForEach(build => Directory.Delete(farm.FinishedLog(build)));
            FarmRecords.Damage(farm, "build", builds[1]);
        }));
        foreach (var age in new[] { 1000, 2000 })
        {
            var old = Path.Combine(Directory.CreateDirectory(Path.Combine(farm.LogFolder, "old")).FullName, $"{age}.repo.x86_64.log");
            await File.WriteAllTextAsync(old, "old\n", TestContext.Current.CancellationToken);
            File.SetLastWriteTimeUtc(old, (farm.Clock.GetUtcNow() - TimeSpan.FromDays(age)).UtcDateTime);
        }

        (await Sweeper(farm).SweepAsync(TestContext.Current.CancellationToken)).ShouldBe(1);

        foreach (var build in builds)
        {
            (await farm.Log(build).OpenAsync()).Finished.ShouldBeTrue(build.ToString());
        }

        (await farm.ReadLogAsync(builds[1])).ShouldMatch("How the build ended is not known: its record cannot be read .*\r\n$");
    }

    [Fact]
    public async Task Sweep_WhenOneLogCannotBeEnded_GoesOnWithTheOthers()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var builds = await PublishWithBlockedLogsAsync(farm);

        await farm.RestartAsync(() => Task.Run(() =>
        {
            Directory.Delete(farm.FinishedLog(builds[0]));
            Directory.Delete(farm.FinishedLog(builds[2]));
            FarmRecords.Damage(farm, "build", builds[1]);
        }));

        await Sweeper(farm).SweepAsync(TestContext.Current.CancellationToken);

        (await farm.Log(builds[0]).OpenAsync()).Finished.ShouldBeTrue();
        (await farm.Log(builds[2]).OpenAsync()).Finished.ShouldBeTrue();
        await farm.RestartAsync(() => Task.Run(() => Directory.Delete(farm.FinishedLog(builds[1]))));
        await Sweeper(farm).SweepAsync(TestContext.Current.CancellationToken);
        (await farm.Log(builds[1]).OpenAsync()).Finished.ShouldBeTrue();
    }

    [Fact]
    public async Task Complete_WhenTheLogCannotBeEndedForLong_TriesMoreAndMoreSeldom()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var (build, builder) = await farm.EnqueueAndJoinAsync("a");
        var attempt = await builder.StartAsync();
        farm.Faults.FailWrites("log", times: int.MaxValue);
        await builder.FinishAsync(attempt);
        await farm.WaitForAsync(build, BuildState.Published);

        await farm.AdvanceAsync(TimeSpan.FromMinutes(3));

        // After 5, 10, 20, 40 and 80 s, and once each for the attempt's begin and end and for the build's end.
        farm.Faults.Log.Count(entry => entry == "write log").ShouldBeInRange(6, 10);
        farm.Faults.Clear();
        await farm.AdvanceAsync(TimeSpan.FromMinutes(3));
        (await farm.Log(build).OpenAsync()).Finished.ShouldBeTrue();
    }

    private static LogSweeper Sweeper(Farm farm) =>
        new(farm.Services.GetRequiredService<BuildLogStore>(), farm.Client, farm.Clock, NullLogger<LogSweeper>.Instance);

    /// <summary>Three builds that are published, and whose logs cannot end.</summary>
    private static async Task<List<BuildId>> PublishWithBlockedLogsAsync(Farm farm)
    {
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        var builds = new List<BuildId>();
        foreach (var name in new[] { "a", "b", "c" })
        {
            var build = await farm.EnqueueAsync(name);
            Directory.CreateDirectory(farm.FinishedLog(build));
            builds.Add(build);
            await builder.FinishAsync(await builder.StartAsync());
            await farm.WaitForAsync(build, BuildState.Published);
        }

        return builds;
    }

    private static async Task PublishAsync(Farm farm, ScriptedBuilder builder, string pkgbase)
    {
        var build = await farm.EnqueueAsync(pkgbase);
        await builder.FinishAsync(await builder.StartAsync());
        await farm.WaitForAsync(build, BuildState.Published);
    }

    private static async Task ChangeAsync(Farm farm)
    {
        var change = new RepositoryChange { Operation = Guid.NewGuid(), Kind = RepositoryChangeKind.Remove, Names = ["gone"] };
        await farm.Repository().ChangeAsync(change);
        await farm.UntilAsync(
            async () => (await farm.Repository().GetChangeAsync(change.Operation))!.State == RepositoryChangeState.Done, "the change is carried out");
    }
}
