using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Embedded.Storage;

namespace Caur.Tests.Grains;

/// <summary>The hub stops and starts over the same database.</summary>
public sealed class RestartTests
{
    [Fact]
    public async Task Restart_WhenInTheMiddleOfTwentyBuilds_LosesAndRepeatsNothing()
    {
        await using var farm = await Farm.StartAsync();
        var requests = Enumerable.Range(0, 20).Select(i => Farm.Request($"p{i:00}", i < 4 ? [] : [$"p{i - 4:00}"])).ToArray();
        await farm.Queue.EnqueueAsync(new EnqueueRequest { Operation = Guid.NewGuid(), Builds = [.. requests] });
        var (kept, dead) = (new ScriptedBuilder(farm, "kept", 2), new ScriptedBuilder(farm, "dead", 2));
        await kept.JoinAsync();
        await dead.JoinAsync();
        var published = new List<BuildAttempt>();
        for (var i = 0; i < 4; i++)
        {
            published.Add(await kept.StartAsync());
            await kept.FinishAsync(published[^1]);
        }

        foreach (var attempt in published)
        {
            await farm.WaitForAsync(attempt.Build, BuildState.Published);
        }

        var running = new[] { await kept.StartAsync(), await kept.StartAsync() };
        var orphans = new[] { await dead.StartAsync(), await dead.StartAsync() };
        (await kept.UploadingAsync(running[0])).ShouldBeTrue();

        await farm.RestartAsync();

        (await kept.JoinAsync()).Current.ShouldBe(running, ignoreOrder: true);
        (await farm.Queue.GetAsync()).Items.Length.ShouldBe(16);
        (await farm.Queue.FindAsync(running[0].Build))!.State.ShouldBe(BuildState.Uploading);
        foreach (var attempt in running)
        {
            await kept.FinishAsync(attempt);
        }

        // The other builder does not come back: a full lease, and its builds go on elsewhere.
        await farm.AdvanceUntilAsync(
            async () =>
            {
                await kept.RenewAsync();
                return await farm.Queue.FindAsync(orphans[0].Build) is not { State: BuildState.Running };
            },
            "the lease of the builder that did not come back ends",
            40);
        await kept.BuildAllAsync();

        farm.Publisher.Published.Count.ShouldBe(20);
        farm.Publisher.Published.Select(build => build.Pkgbase).Distinct().Count().ShouldBe(20);
        (await farm.Build(orphans[0].Build).GetAsync())!.Attempts.Select(attempt => attempt.End)
            .ShouldBe([AttemptEnd.HandedBack, AttemptEnd.Built], "a restart of the hub counts for nothing");
        foreach (var build in farm.Publisher.Published)
        {
            (await farm.Build(build).GetAsync())!.State.ShouldBe(BuildState.Published);
            (await farm.Log(build).OpenAsync()).Finished.ShouldBeTrue();
        }
    }

    [Fact]
    public async Task Restart_WhenTheAgentComesBackWithNothing_GivesItsBuildsBackAtOnce()
    {
        await using var farm = await Farm.StartAsync();
        var build = await farm.EnqueueAsync("a");
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        for (var i = 0; i < 4; i++)
        {
            await builder.StartAsync();
            await farm.RestartAsync();
            builder = new ScriptedBuilder(farm);
            (await builder.JoinAsync()).Accepted.ShouldBeTrue();
            await farm.UntilAsync(async () => (await farm.Queue.FindAsync(build))!.State == BuildState.Waiting, "it is given back");
        }

        await builder.FinishAsync(await builder.StartAsync());
        (await farm.WaitForAsync(build, BuildState.Published)).Attempts.Length.ShouldBe(5);
    }

    [Fact]
    public async Task Restart_WhenABuildWasPublishing_FinishesIt()
    {
        await using var farm = await Farm.StartAsync();
        farm.Publisher.Gate = new TaskCompletionSource().Task;
        var build = await farm.EnqueueAsync("a");
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        await builder.FinishAsync(await builder.StartAsync());
        await farm.UntilAsync(() => Task.FromResult(farm.Publisher.Calls == 1), "the publication begins");
        await farm.RestartAsync();
        farm.Publisher.Gate = Task.CompletedTask;

        await builder.JoinAsync();
        await farm.AdvanceUntilAsync(async () => await farm.Queue.FindAsync(build) is null, "the build is finished", 30);
        await farm.WaitForAsync(build, BuildState.Published);
        farm.Publisher.Published.ShouldBe([build]);
    }

    [Fact]
    public async Task Restart_WhenACancelWasNotHeard_TellsTheAgentAgain()
    {
        await using var farm = await Farm.StartAsync();
        var build = await farm.EnqueueAsync("a");
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        var attempt = await builder.StartAsync();
        await farm.Queue.CancelAsync(build, "not wanted");
        await farm.RestartAsync();
        builder.Cancels.Clear();
        await builder.JoinAsync();

        await farm.UntilAsync(() => Task.FromResult(!builder.Cancels.IsEmpty), "the agent is told again");
        await builder.CompleteAsync(attempt, AttemptEnd.Cancelled);
        await farm.WaitForAsync(build, BuildState.Cancelled);
    }

    [Fact]
    public async Task Restart_WhenARecordIsDamaged_NamesItAndGoesOnWithTheOthers()
    {
        await using var farm = await Farm.StartAsync();
        farm.ExpectsErrors = true;
        var builds = new List<BuildId>();
        foreach (var name in new[] { "a", "b", "c" })
        {
            builds.Add(await farm.EnqueueAsync(name));
        }

        await farm.RestartAsync();
        (await farm.Queue.GetAsync()).Items.Length.ShouldBe(3);
        Damage(farm, "name='queue-1'");
        await farm.RestartAsync();
        (await farm.Queue.GetAsync()).Items.Select(item => item.Build).ShouldBe([builds[0], builds[2]], ignoreOrder: true);
        farm.Errors.ShouldContain(error => error.Contains("Record queue-1 of queue x86_64"));
        await farm.EnqueueAsync("d");
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        (await builder.BuildAllAsync()).Order().ShouldBe(["a", "c", "d"]);
    }

    [Fact]
    public async Task Restart_WhenTheCursorIsDamaged_KeepsEveryBuildAndGoesOn()
    {
        await using var farm = await Farm.StartAsync();
        farm.ExpectsErrors = true;
        foreach (var name in new[] { "a", "b", "c" })
        {
            await farm.EnqueueAsync(name);
        }

        await farm.RestartAsync();
        Damage(farm, "name='queue-cursor'");
        await farm.RestartAsync();
        (await farm.Queue.GetAsync()).Items.Length.ShouldBe(3);
        farm.Errors.ShouldContain(error => error.Contains("Record queue-cursor of queue x86_64"));
        await farm.EnqueueAsync("d");
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        (await builder.BuildAllAsync()).Order().ShouldBe(["a", "b", "c", "d"]);
    }

    [Fact]
    public async Task Restart_WhenOneBuildCannotBeAsked_StillAsksTheOthers()
    {
        await using var farm = await Farm.StartAsync();
        farm.ExpectsErrors = true;
        farm.Publisher.Gate = new TaskCompletionSource().Task;
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        var builds = new List<BuildId>();
        foreach (var name in new[] { "before", "damaged", "behind" })
        {
            // Each for a repository of its own, as one publication would take the others with it.
            var request = Farm.Request(name) with { Package = new PackageKey(new TargetId(name, "x86_64"), name) };
            builds.Add((await farm.Queue.EnqueueAsync(new EnqueueRequest { Operation = Guid.NewGuid(), Builds = [request] }))[0].Build);
            await builder.FinishAsync(await builder.StartAsync());
        }

        var damaged = builds[1];
        Damage(farm, $"name='build' AND grain LIKE '%{damaged}'");
        farm.Publisher.Gate = Task.CompletedTask;
        await farm.RestartAsync();

        await builder.JoinAsync();
        await farm.AdvanceUntilAsync(async () => (await farm.Queue.GetAsync()).Items.Length == 1, "the others are published", 30);
        (await farm.Queue.FindAsync(damaged))!.State.ShouldBe(BuildState.Publishing);
        farm.Errors.ShouldContain(error => error.Contains(damaged.ToString()));
    }

    private static void Damage(Farm farm, string where)
    {
        using var connection = new SqliteConnection(farm.DatabasePath, readOnly: false);
        using var update = connection.Prepare($"UPDATE grain_state SET data=X'00FF7B' WHERE {where}");
        update.Step();
        connection.Changes.ShouldBe(1);
    }
}
