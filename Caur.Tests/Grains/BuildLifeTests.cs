using Caur.Contracts.Builds;
using Caur.Contracts.Queue;
using Caur.Contracts.Repositories;

namespace Caur.Tests.Grains;

/// <summary>Builds from their order to their publication, with a scripted agent.</summary>
public sealed class BuildLifeTests
{
    [Fact]
    public async Task Build_WhenItSucceeds_IsPublishedAndItsLogIsFinished()
    {
        await using var farm = await Farm.StartAsync();
        var build = await farm.EnqueueAsync("a");
        var builder = new ScriptedBuilder(farm);
        (await builder.JoinAsync()).Accepted.ShouldBeTrue();

        var attempt = await builder.StartAsync();
        attempt.Build.ShouldBe(build);
        (await farm.Queue.FindAsync(build))!.State.ShouldBe(BuildState.Running);
        (await builder.WriteAsync(attempt, "compiling\n")).NextOffset.ShouldBe(10);
        await builder.FinishAsync(attempt);
        var view = await farm.WaitForAsync(build, BuildState.Published);

        view.Generation.ShouldBe(1);
        view.Archives.ShouldHaveSingleItem();
        view.Attempts.ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            one => one.Builder.ShouldBe(builder.Id), one => one.End.ShouldBe(AttemptEnd.Built));
        farm.Publisher.Published.ShouldBe([build]);
        await farm.UntilAsync(() => Task.FromResult(farm.Publisher.Discarded.Count == 1), "the landing zone is cleared");
        (await farm.ReadLogAsync(build)).ShouldMatch(
            @"^Added to build queue at 01/01/2026, .* UTC. Waiting for builder\.\.\.\r\ncompiling\nBuild finished\. Waiting for publication\.\.\.\r\n" +
            @"Package successfully deployed: .*\r\n$");
        (await farm.Log(build).OpenAsync()).Finished.ShouldBeTrue();
    }

    [Fact]
    public async Task Dependants_WhenTheirDependencyIsNotPublishedYet_DoNotStart()
    {
        await using var farm = await Farm.StartAsync();
        var gate = new TaskCompletionSource();
        farm.Publisher.Gate = gate.Task;
        var lib = await farm.EnqueueAsync("lib");
        var app = await farm.EnqueueAsync("app", "lib");
        var builder = new ScriptedBuilder(farm, slots: 2);
        await builder.JoinAsync();
        await builder.FinishAsync(await builder.StartAsync());

        (await builder.TakeAsync(2)).ShouldBeEmpty();
        (await farm.Queue.FindAsync(app))!.Wait.ShouldBe(WaitReason.Dependency);
        (await farm.Queue.FindAsync(lib))!.State.ShouldBe(BuildState.Publishing);
        var pokes = builder.Pokes;
        gate.SetResult();
        await farm.WaitForAsync(lib, BuildState.Published);

        await farm.UntilAsync(() => Task.FromResult(builder.Pokes > pokes), "the builder is told that something fits");
        (await builder.StartAsync()).Build.ShouldBe(app);
    }

    [Fact]
    public async Task Dependants_WhenTheirDependencyFails_AreHeldUntilItSucceeds()
    {
        await using var farm = await Farm.StartAsync();
        var lib = await farm.EnqueueAsync("lib");
        var app = await farm.EnqueueAsync("app", "lib");
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        (await builder.CompleteAsync(await builder.StartAsync(), AttemptEnd.Failed, "check() failed")).ShouldBeTrue();

        (await farm.WaitForAsync(lib, BuildState.Failed)).Reason.ShouldBe("check() failed");
        (await farm.Queue.FindAsync(app))!.Wait.ShouldBe(WaitReason.Held);
        (await builder.TakeAsync()).ShouldBeEmpty();
        (await farm.ReadLogAsync(lib)).ShouldEndWith("Build failed (Failed): check() failed.\r\n");

        await farm.EnqueueAsync("lib");
        (await builder.BuildAllAsync()).ShouldBe(["lib", "app"]);
        await farm.WaitForAsync(app, BuildState.Published);
    }

    [Fact]
    public async Task Build_WhenWhatItMadeIsRefused_FailsAndHoldsItsDependants()
    {
        await using var farm = await Farm.StartAsync();
        farm.Publisher.Refuses.Add("lib");
        var lib = await farm.EnqueueAsync("lib");
        var app = await farm.EnqueueAsync("app", "lib");
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        await builder.FinishAsync(await builder.StartAsync());

        (await farm.WaitForAsync(lib, BuildState.Failed)).Reason.ShouldContain("not what was ordered");
        (await farm.Queue.FindAsync(app))!.Wait.ShouldBe(WaitReason.Held);
    }

    [Fact]
    public async Task Builds_WhenOrderedTogether_AreBuiltInTheirOrderByTwoBuilders()
    {
        await using var farm = await Farm.StartAsync();
        await farm.Queue.EnqueueAsync(new EnqueueRequest
        {
            Operation = Guid.NewGuid(),
            Builds = [Farm.Request("d", "b", "c"), Farm.Request("c", "a"), Farm.Request("b", "a"), Farm.Request("a"), .. Many(20)],
        });
        var builders = new[] { new ScriptedBuilder(farm, "one", 2), new ScriptedBuilder(farm, "two", 3) };
        foreach (var builder in builders)
        {
            await builder.JoinAsync();
        }

        await Task.WhenAll(builders.Select(builder => builder.BuildAllAsync()));

        var published = farm.Publisher.Published.Select(build => build.Pkgbase).ToList();
        published.Count.ShouldBe(24);
        published.Distinct().Count().ShouldBe(24);
        string.Concat(published.Where(name => name.Length == 1)).ShouldBeOneOf("abcd", "acbd");
    }

    [Fact]
    public async Task Cancel_WhenRunning_EndsItOnItsBuilder()
    {
        await using var farm = await Farm.StartAsync();
        var (build, builder) = await farm.EnqueueAndJoinAsync("a");
        var attempt = await builder.StartAsync();

        (await farm.Queue.CancelAsync(build, "not wanted")).Done.ShouldBeTrue();
        await farm.UntilAsync(() => Task.FromResult(!builder.Cancels.IsEmpty), "the agent is told");
        (await builder.RenewAsync()).Cancelled.ShouldBe([attempt]);
        (await builder.UploadingAsync(attempt)).ShouldBeFalse();
        (await builder.CompleteAsync(attempt, AttemptEnd.Cancelled)).ShouldBeTrue();

        (await farm.WaitForAsync(build, BuildState.Cancelled)).Reason.ShouldBe("not wanted");
        (await builder.RenewAsync()).Cancelled.ShouldBeEmpty();
    }

    [Fact]
    public async Task Cancel_WhenWaiting_EndsBuildAndLog()
    {
        await using var farm = await Farm.StartAsync();
        var build = await farm.EnqueueAsync("a");
        (await farm.Queue.CancelAsync(build, "not wanted")).Done.ShouldBeTrue();

        (await farm.WaitForAsync(build, BuildState.Cancelled)).Attempts.ShouldBeEmpty();
        (await farm.ReadLogAsync(build)).ShouldEndWith("Build canceled: not wanted.\r\n");
    }

    [Fact]
    public async Task Enqueue_WhenTheSameRuns_EndsItAndBuildsTheNewOne()
    {
        await using var farm = await Farm.StartAsync();
        await farm.EnqueueAsync("a");
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        var first = await builder.StartAsync();
        var second = await farm.EnqueueAsync("a");
        await farm.UntilAsync(() => Task.FromResult(!builder.Cancels.IsEmpty), "the agent is told");
        await builder.CompleteAsync(first, AttemptEnd.Cancelled);

        await farm.WaitForAsync(first.Build, BuildState.Replaced);
        await builder.FinishAsync(await builder.StartAsync());
        await farm.WaitForAsync(second, BuildState.Published);
    }

    [Fact]
    public async Task Complete_WhenTheAnswerWasLost_MayBeRepeated()
    {
        await using var farm = await Farm.StartAsync();
        var (build, builder) = await farm.EnqueueAndJoinAsync("a");
        var attempt = await builder.StartAsync();
        await builder.FinishAsync(attempt);
        (await builder.CompleteAsync(attempt, AttemptEnd.Built)).ShouldBeTrue();
        await farm.WaitForAsync(build, BuildState.Published);

        (await builder.CompleteAsync(attempt, AttemptEnd.Built)).ShouldBeTrue();
        (await builder.CompleteAsync(attempt, AttemptEnd.Failed)).ShouldBeFalse();
        farm.Publisher.Published.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Complete_WhenTheEngineFailedThreeTimes_IsASystemError()
    {
        await using var farm = await Farm.StartAsync();
        var (build, builder) = await farm.EnqueueAndJoinAsync("a");
        foreach (var pause in new[] { 5, 20, 0 })
        {
            await builder.CompleteAsync(await builder.StartAsync(), AttemptEnd.SystemError, "no image");
            (await builder.TakeAsync()).ShouldBeEmpty();
            await farm.AdvanceAsync(TimeSpan.FromSeconds(pause + 1));
            await builder.RenewAsync();
        }

        var view = await farm.WaitForAsync(build, BuildState.SystemError);
        view.Attempts.Length.ShouldBe(3);
        view.Reason.ShouldContain("no image");
    }

    [Fact]
    public async Task Offer_WhenNotAccepted_GoesToAnotherBuilder()
    {
        await using var farm = await Farm.StartAsync();
        await farm.EnqueueAsync("a");
        var (slow, quick) = (new ScriptedBuilder(farm, "slow"), new ScriptedBuilder(farm, "quick"));
        await slow.JoinAsync();
        await quick.JoinAsync();
        var offer = (await slow.TakeAsync()).ShouldHaveSingleItem();
        (await quick.TakeAsync()).ShouldBeEmpty();
        await farm.AdvanceUntilAsync(async () => (await farm.Queue.FindAsync(offer.Attempt.Build))!.State == BuildState.Waiting, "the offer is withdrawn", 10);

        var taken = await quick.StartAsync();
        (await slow.AcceptAsync(offer.Attempt)).ShouldBeFalse();
        await quick.FinishAsync(taken);
        await farm.WaitForAsync(taken.Build, BuildState.Published);
    }

    [Fact]
    public async Task Repository_WhenAsked_TellsWhatIsPending()
    {
        await using var farm = await Farm.StartAsync();
        var gate = new TaskCompletionSource();
        farm.Publisher.Gate = gate.Task;
        var (build, builder) = await farm.EnqueueAndJoinAsync("a");
        await builder.FinishAsync(await builder.StartAsync());

        (await farm.Repository().GetAsync()).Pending.ShouldBe(1);
        (await farm.Repository().GetPublicationAsync(build, 1)).State.ShouldBe(PublicationState.Pending);
        (await farm.Repository().GetPublicationAsync(build, 2)).State.ShouldBe(PublicationState.Unknown);
        gate.SetResult();
        await farm.WaitForAsync(build, BuildState.Published);
        (await farm.Repository().GetPublicationAsync(build, 1)).State.ShouldBe(PublicationState.Published);
    }

    private static IEnumerable<BuildRequest> Many(int count) => Enumerable.Range(10, count).Select(i => Farm.Request($"p{i}"));
}
