using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Grains.Queue;
using Caur.Silo.Hub;
using Caur.Storage.Logs;
using Caur.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Caur.Tests.Grains;

/// <summary>Storage that fails, news that are lost, publications that are blocked: nothing stays behind.</summary>
public sealed class FaultTests
{
    [Theory]
    [InlineData("queue-0", false)]
    [InlineData("queue-0", true)]
    [InlineData("build", false)]
    [InlineData("build", true)]
    [InlineData("log", false)]
    public async Task Accept_WhenARecordCannotBeWritten_IsGivenOutAgain(string state, bool afterwards)
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var build = await farm.EnqueueAsync("a");
        var (one, two) = (new ScriptedBuilder(farm, "one"), new ScriptedBuilder(farm, "two"));
        await one.JoinAsync();
        await two.JoinAsync();
        var offer = (await one.TakeAsync()).ShouldHaveSingleItem().Attempt;
        farm.Faults.FailWrites(state, afterwards: afterwards);
        await Should.ThrowAsync<Exception>(() => one.AcceptAsync(offer));

        var again = await TakeAndAcceptAsync(farm, two);
        await two.FinishAsync(again);
        (await farm.WaitForAsync(build, BuildState.Published)).Attempts[^1].Builder.ShouldBe(two.Id);
        farm.Publisher.Published.ShouldBe([build]);
    }

    [Theory]
    [InlineData("queue-0", false)]
    [InlineData("queue-0", true)]
    [InlineData("build", false)]
    [InlineData("build", true)]
    public async Task Uploading_WhenARecordCannotBeWritten_MayBeRepeated(string state, bool afterwards)
    {
        await using var farm = await Farm.StartAsync();
        farm.ExpectsErrors = true;
        var build = await farm.EnqueueAsync("a");
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        var attempt = await builder.StartAsync();
        farm.Faults.FailWrites(state, afterwards: afterwards);
        await Should.ThrowAsync<Exception>(() => builder.UploadingAsync(attempt));

        (await builder.UploadingAsync(attempt)).ShouldBeTrue();
        (await builder.CompleteAsync(attempt, AttemptEnd.Built)).ShouldBeTrue();
        await farm.WaitForAsync(build, BuildState.Published);
        farm.Publisher.Published.ShouldBe([build]);
    }

    [Theory]
    [InlineData("build", false)]
    [InlineData("build", true)]
    [InlineData("order-0", false)]
    [InlineData("order-cursor", false)]
    public async Task Complete_WhenARecordCannotBeWritten_MayBeRepeated(string state, bool afterwards)
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var (build, builder) = await farm.EnqueueAndJoinAsync("a");
        var attempt = await builder.StartAsync();
        await builder.UploadingAsync(attempt);
        farm.Faults.FailWrites(state, afterwards: afterwards);
        await Should.ThrowAsync<Exception>(() => builder.CompleteAsync(attempt, AttemptEnd.Built));

        (await builder.CompleteAsync(attempt, AttemptEnd.Built)).ShouldBeTrue();
        await farm.AdvanceUntilAsync(async () => await farm.Queue.FindAsync(build) is null, "it is published", 60);
        await farm.WaitForAsync(build, BuildState.Published);
        farm.Publisher.Published.ShouldBe([build]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Complete_WhenTheLogCannotBeEnded_EndsItAndItsFollowersAsSoonAsItCan(bool restart)
    {
        await using var farm = await Farm.StartAsync();
        var (build, follower) = await PublishWithoutEndOfLogAsync(farm);
        follower.IsCompleted.ShouldBeFalse();

        if (restart)
        {
            await farm.RestartAsync(() => Task.Run(() => Directory.Delete(farm.FinishedLog(build))));
            await farm.AdvanceAsync(TimeSpan.FromMinutes(2));
            follower = farm.FollowAsync(build);
        }
        else
        {
            Directory.Delete(farm.FinishedLog(build));
            await farm.AdvanceAsync(TimeSpan.FromSeconds(6));
        }

        var log = await follower.DefaultTimeout("the log's end");
        log.ShouldMatch("^Added .*\r\nout\nBuild finished.*\r\nPackage successfully deployed: .*\r\n$");
        log.ShouldBe(await farm.ReadLogAsync(build));
        (await farm.Log(build).OpenAsync()).Finished.ShouldBeTrue();
    }

    [Fact]
    public async Task Sweep_WhenABuildIsOverAndItsLogDoesNotKnow_EndsTheLogAndNoOther()
    {
        await using var farm = await Farm.StartAsync();
        var (build, _) = await PublishWithoutEndOfLogAsync(farm);
        await farm.RestartAsync(() => Task.Run(() => Directory.Delete(farm.FinishedLog(build))));
        var waiting = await farm.EnqueueAsync("waiting");
        await farm.Log(waiting).OpenAsync();
        var sweeper = new LogSweeper(
            farm.Services.GetRequiredService<BuildLogStore>(), farm.Client, farm.Clock, NullLogger<LogSweeper>.Instance);

        await sweeper.SweepAsync(TestContext.Current.CancellationToken);

        (await farm.Log(build).OpenAsync()).Finished.ShouldBeTrue();
        (await farm.ReadLogAsync(build)).ShouldEndWith("of repo/x86_64.\r\n");
        (await farm.Log(waiting).OpenAsync()).Finished.ShouldBeFalse();
    }

    [Fact]
    public async Task Complete_WhenTheLeaseEndedAtTheSameTime_TellsTheLaterOneThatItCountsForNothing()
    {
        await using var farm = await Farm.StartAsync();
        var (build, builder) = await farm.EnqueueAndJoinAsync("a");
        var attempt = await builder.StartAsync();
        var gate = new TaskCompletionSource();
        farm.Faults.HoldWrite("build", gate.Task);
        var lost = farm.Queue.CompleteAsync(new AttemptReport { Attempt = attempt, End = AttemptEnd.BuilderLost });
        await farm.AdvanceAsync(TimeSpan.FromSeconds(1));
        var built = builder.CompleteAsync(attempt, AttemptEnd.Built);
        await farm.AdvanceAsync(TimeSpan.FromSeconds(1));
        gate.SetResult();

        (await lost).ShouldBeTrue();
        (await built).ShouldBeFalse();
        (await farm.Queue.FindAsync(build))!.State.ShouldBe(BuildState.Waiting);
        (await builder.StartAsync()).Number.ShouldBe(2);
    }

    [Fact]
    public async Task Complete_WhenOnlyTheBuildsRecordCouldBeWritten_StillCountsTheLossAndRests()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var build = await farm.EnqueueAsync("a");
        var builder = new ScriptedBuilder(farm);
        for (var number = 1; number < QueueState.MaxLosses; number++)
        {
            await builder.JoinAsync();
            await farm.AdvanceUntilAsync(async () => (await farm.Queue.FindAsync(build))!.Wait == WaitReason.Turn, "its pause is over", 60);
            var attempt = await builder.StartAsync();
            farm.Faults.FailWrites("queue-0");
            await Should.ThrowAsync<Exception>(() => builder.CompleteAsync(attempt, AttemptEnd.SystemError, "no network"));
            builder.Running.Clear();
            await farm.AdvanceUntilAsync(async () => (await farm.Queue.FindAsync(build))!.State == BuildState.Waiting, "the queue asks", 20);

            var item = (await farm.Queue.FindAsync(build))!;
            item.Wait.ShouldBe(WaitReason.RetryPause);
            item.Explanation.ShouldEndWith($"attempt {number} on builder: no network");
        }

        await builder.JoinAsync();
        await farm.AdvanceUntilAsync(async () => (await farm.Queue.FindAsync(build))!.Wait == WaitReason.Turn, "its pause is over", 60);
        await builder.CompleteAsync(await builder.StartAsync(), AttemptEnd.SystemError, "no network");

        (await farm.WaitForAsync(build, BuildState.SystemError)).Reason.ShouldContain("3 attempts were lost");
    }

    [Fact]
    public async Task News_WhenLostOnTheWayToTheBuild_AreAskedForAgain()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var gate = new TaskCompletionSource();
        farm.Publisher.Gate = gate.Task;
        var lib = await farm.EnqueueAsync("lib");
        var app = await farm.EnqueueAsync("app", "lib");
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        await builder.FinishAsync(await builder.StartAsync());

        // The one-way call that brings the news fails.
        farm.Faults.FailWrites("build");
        gate.SetResult();
        await farm.UntilAsync(() => Task.FromResult(farm.Errors.Any(error => error.Contains("Published"))), "the news are lost");
        await farm.AdvanceUntilAsync(async () => await farm.Queue.FindAsync(lib) is null, "the queue asks", 40);

        await farm.WaitForAsync(lib, BuildState.Published);
        (await builder.StartAsync()).Build.ShouldBe(app);
        farm.Publisher.Published.ShouldBe([lib]);
    }

    [Fact]
    public async Task News_WhenLostOnTheWayToTheQueue_AreAskedForAgain()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var gate = new TaskCompletionSource();
        farm.Publisher.Gate = gate.Task;
        var build = await farm.EnqueueAsync("a");
        var app = await farm.EnqueueAsync("app", "a");
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        await builder.FinishAsync(await builder.StartAsync());
        await farm.UntilAsync(async () => (await farm.Queue.FindAsync(build))!.State == BuildState.Publishing, "the queue knows that it publishes");
        farm.Faults.FailWrites("queue-0");
        gate.SetResult();
        await farm.UntilAsync(() => Task.FromResult(farm.Errors.Any(error => error.Contains("Finished"))), "the news are lost");

        // The queue started anew from its records, which say that it still publishes.
        await farm.AdvanceUntilAsync(async () => await farm.Queue.FindAsync(build) is null, "the queue asks", 60);
        await farm.WaitForAsync(build, BuildState.Published);
        await builder.JoinAsync();
        (await builder.StartAsync()).Build.ShouldBe(app);
    }

    [Fact]
    public async Task Publication_WhenBlocked_SaysWhyAndGoesOnWhenItCan()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        farm.Publisher.Problem = "there is no signing key";
        var builder = new ScriptedBuilder(farm, slots: 4);
        await builder.JoinAsync();
        var builds = new List<BuildId>();
        foreach (var name in new[] { "a", "b", "c" })
        {
            builds.Add(await farm.EnqueueAsync(name));
            await builder.FinishAsync(await builder.StartAsync());
        }

        await farm.UntilAsync(async () => (await farm.Repository().GetAsync()).Problem == "there is no signing key", "the problem is told");
        (await farm.Repository().GetAsync()).Pending.ShouldBe(3);
        await farm.AdvanceUntilAsync(async () => (await farm.Build(builds[0]).GetAsync())!.Reason.Contains("signing key"), "the build says why", 60);
        await farm.AdvanceUntilAsync(
            async () => (await farm.Queue.FindAsync(builds[0]))!.Explanation == "waits for its publication: there is no signing key", "the queue says why", 60);
        farm.Publisher.Problem = null;
        await farm.AdvanceUntilAsync(async () => (await farm.Queue.GetAsync()).Items.IsEmpty, "all are published", 200);

        farm.Publisher.Published.ShouldBe(builds, ignoreOrder: true);
        (await farm.Repository().GetAsync()).Problem.ShouldBeEmpty();
    }

    [Fact]
    public async Task Publication_WhenBlockedAndOrdersKeepComing_IsStillTriedAgain()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        farm.Publisher.Problem = "there is no signing key";
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        var calls = new List<int>();
        for (var i = 0; i < 15; i++)
        {
            await farm.EnqueueAsync($"p{i}");
            await builder.FinishAsync(await builder.StartAsync());
            await farm.AdvanceAsync(TimeSpan.FromSeconds(4));
            await builder.RenewAsync();
            calls.Add(farm.Publisher.Calls);
        }

        // After 5, 10, 20 and 40 s, whatever comes in between.
        calls[^1].ShouldBeInRange(3, 6);
    }

    [Theory]
    [InlineData("intent", false)]
    [InlineData("intent", true)]
    [InlineData("publications", false)]
    [InlineData("publications", true)]
    public async Task Publication_WhenItsRecordsCannotBeWritten_IsFinishedLater(string state, bool afterwards)
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var (build, builder) = await farm.EnqueueAndJoinAsync("a");
        var attempt = await builder.StartAsync();
        farm.Faults.FailWrites(state, afterwards: afterwards);
        await builder.FinishAsync(attempt);

        await farm.AdvanceUntilAsync(async () => await farm.Queue.FindAsync(build) is null, "it is published", 200);
        (await farm.WaitForAsync(build, BuildState.Published)).Generation.ShouldBe(1);
        farm.Publisher.Published.ShouldBe([build]);
    }

    [Fact]
    public async Task Publication_WhenItsIntentCannotBeWritten_ChangesNothingBeforeItIs()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var (build, builder) = await farm.EnqueueAndJoinAsync("a");
        var attempt = await builder.StartAsync();
        var writes = new List<int>();
        farm.Publisher.Called = () => writes.Add(farm.Faults.Log.Count(line => line == "write intent"));
        farm.Faults.FailWrites("intent");
        await builder.FinishAsync(attempt);
        await farm.AdvanceUntilAsync(async () => await farm.Queue.FindAsync(build) is null, "it is published", 100);

        writes.ShouldBe([2], "the first write failed, the second was durable");
    }

    [Fact]
    public async Task Publication_WhenTheHubStopsBetweenGenerationAndHistory_MakesNoSecondGeneration()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var (build, builder) = await farm.EnqueueAndJoinAsync("a");
        var attempt = await builder.StartAsync();
        farm.Faults.FailWrites("publications", times: 1);
        await builder.FinishAsync(attempt);
        await farm.UntilAsync(() => Task.FromResult(farm.Publisher.Published.Count == 1 && farm.Errors.Count > 0), "the history is not written");
        await farm.RestartAsync();
        await builder.JoinAsync();
        await farm.AdvanceUntilAsync(async () => await farm.Queue.FindAsync(build) is null, "it is published", 100);

        await farm.WaitForAsync(build, BuildState.Published);
        farm.Publisher.Generations.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Publication_WhenThePublisherForgetsABuild_IsAProblemAndNoEndlessLoop()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        farm.Publisher.Forgets.Add("a");
        await farm.EnqueueAsync("a");
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        await builder.FinishAsync(await builder.StartAsync());

        await farm.UntilAsync(async () => (await farm.Repository().GetAsync()).Problem.Length > 0, "the problem is told");
        farm.Publisher.Calls.ShouldBe(1);
    }

    [Fact]
    public async Task Publication_WhenVeryManyWait_SettlesEachOnce()
    {
        await using var farm = await Farm.StartAsync();
        var gate = new TaskCompletionSource();
        farm.Publisher.Gate = gate.Task;
        await farm.Queue.EnqueueAsync(new EnqueueRequest
        {
            Operation = Guid.NewGuid(),
            Builds = [.. Enumerable.Range(0, 300).Select(i => Farm.Request($"p{i}"))],
        });
        var builder = new ScriptedBuilder(farm, slots: 300);
        await builder.JoinAsync();
        await Task.WhenAll((await builder.TakeAsync(300)).Select(async offer =>
        {
            (await builder.AcceptAsync(offer.Attempt)).ShouldBeTrue();
            await builder.CompleteAsync(offer.Attempt, AttemptEnd.Built);
        }));
        gate.SetResult();
        await farm.UntilAsync(async () => (await farm.Queue.GetAsync()).Items.IsEmpty, "all are published");

        farm.Publisher.Published.Count.ShouldBe(300);
        farm.Publisher.Generations.Count.ShouldBeInRange(3, 6);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cancel_WhenTheBuildsRecordCannotBeWritten_IsRepeatedAndForgetsNothing(bool afterwards)
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var build = await farm.EnqueueAsync("a");
        farm.Faults.FailWrites("build", afterwards: afterwards);

        await Should.ThrowAsync<Exception>(() => farm.Queue.CancelAsync(build, "not wanted"));
        await farm.UntilAsync(async () => await farm.Queue.FindAsync(build) is null || (await farm.Queue.CancelAsync(build, "not wanted")).Done, "it is cancelled");

        (await farm.WaitForAsync(build, BuildState.Cancelled)).Reason.ShouldBe("not wanted");
    }

    [Fact]
    public async Task Enqueue_WhenTheDiskIsFull_TellsTheCallerAndGoesOnWhenThereIsRoom()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var first = await farm.EnqueueAsync("a");
        farm.Faults.FailWrites("queue-");
        await Should.ThrowAsync<Exception>(() => farm.EnqueueAsync("b"));

        (await farm.Queue.GetAsync()).Items.ShouldHaveSingleItem().Build.ShouldBe(first);
        var second = await farm.EnqueueAsync("b");
        (await farm.Queue.GetAsync()).Items.Select(item => item.Build).ShouldBe([first, second], ignoreOrder: true);
    }

    [Fact]
    public async Task Enqueue_WhenManyCallAtTheSameTime_GivesEachBuildARecordOfItsOwn()
    {
        await using var farm = await Farm.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 12).Select(call => farm.Queue.EnqueueAsync(new EnqueueRequest
        {
            Operation = Guid.NewGuid(),
            Builds = [.. Enumerable.Range(0, 100).Select(i => Farm.Request($"p{call}-{i}"))],
        })));
        await farm.RestartAsync();

        (await farm.Queue.GetAsync()).Items.Length.ShouldBe(1200);
    }

    [Fact]
    public async Task Enqueue_WhenForgottenBeforeItsBuildsAreWritten_LeavesNoRecordOfItsAnswer()
    {
        await using var farm = await Farm.StartAsync();
        var gate = new TaskCompletionSource();
        farm.Faults.HoldWrite("queue-0", gate.Task);
        var forgotten = farm.EnqueueAsync("a");
        await farm.UntilAsync(() => Task.FromResult(farm.Faults.Log.Contains("write queue-0")), "its build is being written");
        await farm.Queue.EnqueueAsync(new EnqueueRequest
        {
            Operation = Guid.NewGuid(),
            Builds = [.. Enumerable.Range(0, OperationMemory.MaxReplies).Select(i => Farm.Request($"p{i}"))],
        });
        var written = farm.Faults.Log.Count(line => line.StartsWith("write operation-", StringComparison.Ordinal));
        gate.SetResult();
        await forgotten;

        farm.Faults.Log.Count(line => line.StartsWith("write operation-", StringComparison.Ordinal)).ShouldBe(written);
    }

    private static async Task<(BuildId Build, Task<string> Follower)> PublishWithoutEndOfLogAsync(Farm farm)
    {
        var (build, builder) = await farm.EnqueueAndJoinAsync("a");
        var attempt = await builder.StartAsync();
        await builder.WriteAsync(attempt, "out\n");
        Directory.CreateDirectory(farm.FinishedLog(build));
        var follower = farm.FollowAsync(build);
        await builder.FinishAsync(attempt);
        await farm.WaitForAsync(build, BuildState.Published);
        return (build, follower);
    }

    private static async Task<BuildAttempt> TakeAndAcceptAsync(Farm farm, ScriptedBuilder builder)
    {
        BuildAttempt? taken = null;
        await farm.AdvanceUntilAsync(
            async () =>
            {
                await builder.RenewAsync();
                var offers = await builder.TakeAsync();
                if (offers.Length > 0 && await builder.AcceptAsync(offers[0].Attempt))
                {
                    builder.Running.Add(offers[0].Attempt);
                    taken = offers[0].Attempt;
                }

                return taken is not null;
            },
            "another builder gets it",
            40);
        return taken!.Value;
    }
}
