using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;

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
        var (build, builder) = await farm.EnqueueAndJoinAsync("a");
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
        var (build, builder) = await farm.EnqueueAndJoinAsync("a");
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
        var (build, builder) = await farm.EnqueueAndJoinAsync("a");
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
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var builds = new List<BuildId>();
        foreach (var name in new[] { "a", "b", "c" })
        {
            builds.Add(await farm.EnqueueAsync(name));
        }

        await farm.RestartAsync();
        (await farm.Queue.GetAsync()).Items.Length.ShouldBe(3);
        FarmRecords.Damage(farm, "queue-1");
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
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        foreach (var name in new[] { "a", "b", "c" })
        {
            await farm.EnqueueAsync(name);
        }

        await farm.RestartAsync();
        FarmRecords.Damage(farm, "queue-cursor");
        await farm.RestartAsync();
        (await farm.Queue.GetAsync()).Items.Length.ShouldBe(3);
        farm.Errors.ShouldContain(error => error.Contains("Record queue-cursor of queue x86_64"));
        await farm.EnqueueAsync("d");
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        (await builder.BuildAllAsync()).Order().ShouldBe(["a", "b", "c", "d"]);
    }

    [Fact]
    public async Task Restart_WhenTheRecordOfABuildIsDamaged_EndsItAndStillAsksTheOthers()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
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
        FarmRecords.Damage(farm, "build", damaged);
        farm.Publisher.Gate = Task.CompletedTask;
        await farm.RestartAsync();

        await builder.JoinAsync();
        await farm.AdvanceUntilAsync(async () => (await farm.Queue.GetAsync()).Items.IsEmpty, "all of them leave the queue", 30);
        (await farm.Build(builds[0]).GetAsync())!.State.ShouldBe(BuildState.Published);
        (await farm.Build(builds[2]).GetAsync())!.State.ShouldBe(BuildState.Published);
        farm.Errors.ShouldContain(error => error.Contains($"The record of {damaged} cannot be read, so the build ends as SystemError"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Restart_WhenTheRecordOfARunningBuildIsDamaged_EndsItAndHoldsWhatDependsOnIt(bool builderComesBack)
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var damaged = await farm.EnqueueAsync("lib");
        var after = await farm.EnqueueAsync("app", "lib");
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        var attempt = await builder.StartAsync();
        FarmRecords.Damage(farm, "build", damaged);

        await farm.RestartAsync();

        if (builderComesBack)
        {
            await builder.JoinAsync();
            (await builder.CompleteAsync(attempt, AttemptEnd.Built)).ShouldBeFalse();
        }

        await farm.AdvanceUntilAsync(async () => await farm.Queue.FindAsync(damaged) is null, "it leaves the queue", 40);
        (await farm.Queue.FindAsync(after))!.Explanation.ShouldBe("held: it depends on lib, whose last build did not succeed");

        // Ordering it anew is all that is needed.
        await farm.EnqueueAsync("lib");
        var other = new ScriptedBuilder(farm, "other");
        await other.JoinAsync();
        (await other.BuildAllAsync()).ShouldBe(["lib", "app"]);
    }

    [Fact]
    public async Task Enqueue_WhenRepeatedAfterItsBuildsFinishedAndARestart_QueuesNothingTwice()
    {
        await using var farm = await Farm.StartAsync();
        var many = new EnqueueRequest
        {
            Operation = Guid.NewGuid(),
            Builds = [.. Enumerable.Range(0, 300).Select(i => Farm.Request($"p{i}"))],
        };
        var first = await farm.Queue.EnqueueAsync(many);
        foreach (var reply in first.Skip(1))
        {
            await farm.Queue.CancelAsync(reply.Build, "not wanted");
        }

        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        await builder.BuildAllAsync();

        await farm.RestartAsync();

        (await farm.Queue.EnqueueAsync(many)).ShouldBe(first);
        (await farm.Queue.GetAsync()).Items.ShouldBeEmpty();
        (await farm.Queue.CancelAsync(first[1].Build, "again")).Done.ShouldBeFalse();
        (await farm.Queue.PromoteAsync(first[1].Build)).Done.ShouldBeFalse();
        (await farm.Queue.EnqueueAsync(many with { Operation = Guid.NewGuid() })).Length.ShouldBe(300, "another call is another wish");
    }

    [Fact]
    public async Task Enqueue_WhenItsAnswerCouldNotBeKept_MayBeRepeated()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        await farm.EnqueueAsync("before");
        farm.Faults.FailWrites("operation-");
        var request = new EnqueueRequest { Operation = Guid.NewGuid(), Builds = [Farm.Request("a"), Farm.Request("b")] };
        await Should.ThrowAsync<Exception>(() => farm.Queue.EnqueueAsync(request));

        var replies = await farm.Queue.EnqueueAsync(request);

        (await farm.Queue.GetAsync()).Items.Select(item => item.Build).Where(build => build.Pkgbase != "before")
            .ShouldBe(replies.Select(reply => reply.Build), ignoreOrder: true);
    }

    [Fact]
    public async Task Drain_WhenTheHubIsRestarted_StaysUntilTakenBack()
    {
        await using var farm = await Farm.StartAsync();
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        await builder.Grain.DrainAsync(true);
        await farm.UntilAsync(() => Task.FromResult(builder.Draining), "the agent hears of it");
        var build = await farm.EnqueueAsync("a");

        await farm.RestartAsync();

        await builder.JoinAsync();
        (await builder.TakeAsync()).ShouldBeEmpty();
        (await farm.Queue.FindAsync(build))!.Explanation.ShouldBe("builder builder takes no more builds");

        await builder.Grain.DrainAsync(true);
        await builder.Grain.DrainAsync(false);
        await farm.UntilAsync(() => Task.FromResult(!builder.Draining), "the agent is told to join again");
        await builder.StartAsync();
    }
}
