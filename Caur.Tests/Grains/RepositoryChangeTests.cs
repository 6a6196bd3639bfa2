using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Caur.Grains.Repositories;
using Caur.Tests.Engine;

namespace Caur.Tests.Grains;

/// <summary>Changes of a repository: durable, once, and in their place among the publications.</summary>
public sealed class RepositoryChangeTests
{
    [Fact]
    public async Task Change_WhenOrderedBetweenPublications_IsCarriedOutInItsPlace()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        farm.Publisher.Problem = "there is no signing key";
        await OrderAsync(farm, "a", 9000);
        var first = await farm.Repository().ChangeAsync(Remove("a"));
        await OrderAsync(farm, "a", 9001);
        await OrderAsync(farm, "b", 10);
        var second = await farm.Repository().ChangeAsync(Remove("b"));
        await OrderAsync(farm, "b", 11);
        first.State.ShouldBe(RepositoryChangeState.Pending);

        // In the order of arrival also when another activation reads what waits.
        await farm.RestartAsync();
        farm.Publisher.Problem = null;
        await farm.AdvanceUntilAsync(async () => (await farm.Repository().GetAsync()).Pending == 0, "all is carried out");

        farm.Publisher.Generations.Select(builds => string.Join(' ', builds.Select(build => $"{build.Pkgbase}/{build.Timestamp}")))
            .ShouldBe(["a/9000", "a/9001 b/10", "b/11"]);
        farm.Publisher.Changes.Select(done => (done.Generation, done.Change.Operation)).ShouldBe([(2, first.Operation), (4, second.Operation)]);
    }

    [Fact]
    public async Task Change_WhenRepeated_IsDoneOnceAndAnsweredAlike()
    {
        await using var farm = await Farm.StartAsync();
        var change = Remove("a");
        var gate = new TaskCompletionSource();
        farm.Publisher.Gate = gate.Task;
        await farm.Repository().ChangeAsync(change);
        (await farm.Repository().ChangeAsync(change)).State.ShouldBe(RepositoryChangeState.Pending);
        (await farm.Repository().GetAsync()).Pending.ShouldBe(1);
        gate.SetResult();
        await UntilDoneAsync(farm, change);

        (await farm.Repository().ChangeAsync(change)).Generation.ShouldBe(1);
        await farm.RestartAsync();
        var again = await farm.Repository().ChangeAsync(change);

        (again.State, again.Generation).ShouldBe((RepositoryChangeState.Done, 1));
        farm.Publisher.Changes.ShouldHaveSingleItem();
    }

    /// <summary>While the first waits, when it is done, and when another activation reads its records.</summary>
    [Fact]
    public async Task Change_WhenTheOperationIsAnotherOrders_IsRefused()
    {
        await using var farm = await Farm.StartAsync();
        var first = Remove("a", "b");
        RepositoryChange[] others =
        [
            first with { Names = ["a"] }, first with { Names = ["a", "b", "c"] }, first with { SinglePackages = true }, first with { Kind = RepositoryChangeKind.Keep },
            first with { Kind = RepositoryChangeKind.Rollback, Names = [], Generation = 1 },
        ];
        var gate = new TaskCompletionSource();
        farm.Publisher.Gate = gate.Task;
        await farm.Repository().ChangeAsync(first);
        await ShouldRefuseAsync();
        gate.SetResult();
        await UntilDoneAsync(farm, first);
        await ShouldRefuseAsync();
        await farm.RestartAsync();
        await ShouldRefuseAsync();

        (await farm.Repository().ChangeAsync(first with { Names = ["b", "a", "b"] })).State.ShouldBe(RepositoryChangeState.Done, "the same names");
        farm.Publisher.Changes.ShouldHaveSingleItem();

        async Task ShouldRefuseAsync()
        {
            foreach (var other in others)
            {
                (await farm.Repository().ChangeAsync(other)).ShouldSatisfyAllConditions(
                    view => view.State.ShouldBe(RepositoryChangeState.Refused),
                    view => view.Refusal.ShouldBe(RepositoryChangeRefusal.OperationReused),
                    view => view.Kind.ShouldBe(RepositoryChangeKind.Remove));
            }
        }
    }

    [Theory]
    [InlineData("intent", false)]
    [InlineData("intent", true)]
    [InlineData("changes", false)]
    [InlineData("changes", true)]
    public async Task Change_WhenItsRecordsCannotBeWritten_IsFinishedOnceLater(string state, bool afterwards)
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var change = Remove("a");
        farm.Faults.FailWrites(state, afterwards: afterwards);
        await farm.Repository().ChangeAsync(change);

        await farm.AdvanceUntilAsync(async () => (await farm.Repository().GetChangeAsync(change.Operation))?.State == RepositoryChangeState.Done, "it is done");
        await farm.AdvanceUntilAsync(async () => (await farm.Repository().GetAsync()).Pending == 0, "its record is cleared");
        farm.Publisher.Changes.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Publication_WhenItWaitsForVeryLong_KeepsItsArchives()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        farm.Publisher.Problem = "the signing key has expired";
        await OrderAsync(farm, "a", 1);
        await OrderAsync(farm, "b", 1);
        farm.Clock.Advance(TimeSpan.FromMinutes(31));
        await farm.UntilAsync(() => Task.FromResult(farm.Publisher.Swept.Count > 0), "the landing zone is swept");

        farm.Publisher.Swept[0].Select(order => order.Build).Distinct().ShouldBe([Id("a", 1), Id("b", 1)], ignoreOrder: true);
    }

    /// <summary>An order arrives when the reminder is about to be removed because nothing waits. kill -9 comes right behind its answer.</summary>
    [Fact]
    public async Task Change_WhenTheReminderIsBeingRemoved_IsRemindedAllTheSame()
    {
        await using var farm = await Farm.StartAsync();
        await farm.Repository().ChangeAsync(Remove("a"));
        await farm.UntilAsync(async () => (await farm.Repository().GetAsync()).Pending == 0, "the first is done");
        // It waits for the disk with nothing in memory yet.
        var disk = new TaskCompletionSource();
        farm.Faults.HoldWrite("order-cursor", disk.Task);
        var ordering = OrderAsync(farm, "b", 1);
        await farm.UntilAsync(() => Task.FromResult(farm.Faults.Log.Any(line => line.StartsWith("write order-cursor"))), "the order arrives");
        farm.Clock.Advance(TimeSpan.FromSeconds(61));
        await farm.AdvanceAsync(TimeSpan.FromSeconds(2));

        Reminders(farm).ShouldBe(1, "the order relies on it");
        disk.SetResult();
        await ordering;
        await farm.UntilAsync(async () => (await farm.Repository().GetAsync()).Pending == 0, "it is done");
        await farm.AdvanceUntilAsync(() => Task.FromResult(Reminders(farm) == 0), "nothing waits", 70);
    }

    /// <summary>A record that stays is carried out again by a later activation, when the history has forgotten it by then.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Change_WhenItsRecordCannotBeCleared_IsNeverDoneAgain(bool afterwards)
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        farm.Faults.FailClears("change-0", afterwards: afterwards);
        var first = Remove("a");
        await farm.Repository().ChangeAsync(first);
        await farm.AdvanceUntilAsync(async () => (await farm.Repository().GetAsync()).Pending == 0, "its record is cleared", 60);
        for (var i = 0; i <= ChangeHistory.Kept; i++)
        {
            var other = Remove($"b{i}");
            await farm.Repository().ChangeAsync(other);
            await UntilDoneAsync(farm, other);
        }

        (await farm.Repository().GetChangeAsync(first.Operation)).ShouldBeNull("the history forgot it");
        await farm.RestartAsync();
        await farm.AdvanceAsync(TimeSpan.FromSeconds(2));

        (await farm.Repository().GetAsync()).Pending.ShouldBe(0);
        farm.Publisher.Changes.Count(done => done.Change.Operation == first.Operation).ShouldBe(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Publication_WhenItsRecordCannotBeCleared_IsClearedLaterAndNothingIsInTheWayThen(bool afterwards)
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        farm.Faults.FailClears("order-0", afterwards: afterwards);
        await OrderAsync(farm, "a", 1);
        await farm.UntilAsync(() => Task.FromResult(farm.Faults.Log.Contains("clear order-0")), "the clearing fails");
        await farm.AdvanceAsync(TimeSpan.FromMinutes(2));

        var view = await farm.Repository().GetAsync();
        (view.Pending, view.Problem).ShouldBe((0, ""));
        farm.Faults.Log.Count(line => line == "clear order-0").ShouldBe(afterwards ? 1 : 2);
        await OrderAsync(farm, "b", 1);
        await farm.UntilAsync(() => Task.FromResult(farm.Publisher.Published.Count == 2), "the next goes at once");
        await farm.RestartAsync();
        await farm.AdvanceAsync(TimeSpan.FromSeconds(2));
        farm.Publisher.Published.ShouldBe([Id("a", 1), Id("b", 1)]);
    }

    [Theory]
    [InlineData("change-0", false)]
    [InlineData("change-0", true)]
    [InlineData("change-cursor", false)]
    public async Task Change_WhenTheOrderCannotBeWritten_FailsAndMayBeRepeated(string state, bool afterwards)
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        var change = Remove("a");
        farm.Faults.FailWrites(state, afterwards: afterwards);
        await Should.ThrowAsync<Exception>(() => farm.Repository().ChangeAsync(change));

        await farm.Repository().ChangeAsync(change);
        await UntilDoneAsync(farm, change);
        farm.Publisher.Changes.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Change_WhenTheHubStopsBetweenIntentAndAct_IsFinishedByTheNext()
    {
        await using var farm = await Farm.StartAsync();
        var change = await BeginBlockedAsync(farm);
        farm.Faults.Log.Count(line => line == "write intent").ShouldBe(1);

        await farm.RestartAsync();
        farm.Publisher.Problem = null;
        await farm.AdvanceUntilAsync(async () => (await farm.Repository().GetAsync()).Pending == 0, "it is done");

        farm.Publisher.Changes.ShouldHaveSingleItem().Change.Names.ShouldBe(["a"]);
        (await farm.Repository().GetChangeAsync(change.Operation)).ShouldNotBeNull().State.ShouldBe(RepositoryChangeState.Done);
    }

    [Fact]
    public async Task Change_WhenItsRecordIsDamagedAfterItBegan_IsFinishedAllTheSame()
    {
        await using var farm = await Farm.StartAsync();
        var change = await BeginBlockedAsync(farm);
        FarmRecords.Damage(farm, "change-0");

        farm.Publisher.Problem = null;
        await farm.RestartAsync();
        await farm.AdvanceUntilAsync(
            async () => (await farm.Repository().GetChangeAsync(change.Operation))?.State == RepositoryChangeState.Done, "it is done", 60);

        farm.Publisher.Changes.ShouldHaveSingleItem();
    }

    [Fact]
    public async Task Change_WhenBlocked_SaysWhyAndWaitsWithThoseBehindIt()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        farm.Publisher.Problem = "there is no signing key";
        var change = Remove("a");
        await farm.Repository().ChangeAsync(change);
        await OrderAsync(farm, "b", 1);
        await farm.UntilAsync(
            async () => (await farm.Repository().GetChangeAsync(change.Operation))!.Reason == "there is no signing key", "it says why");

        farm.Publisher.Problem = null;
        await farm.AdvanceUntilAsync(async () => (await farm.Repository().GetAsync()).Pending == 0, "all is done", 60);
        farm.Publisher.Changes.ShouldHaveSingleItem().Generation.ShouldBe(1);
        (await farm.Repository().GetPublicationAsync(Id("b", 1), 1)).Generation.ShouldBe(2);
    }

    [Fact]
    public async Task Change_WhenAPublicationRuns_ComesAfterIt()
    {
        await using var farm = await Farm.StartAsync();
        var gate = new TaskCompletionSource();
        farm.Publisher.Gate = gate.Task;
        await OrderAsync(farm, "a", 1);
        await farm.UntilAsync(() => Task.FromResult(farm.Publisher.Calls == 1), "it publishes");
        var change = Remove("a");
        await farm.Repository().ChangeAsync(change);
        gate.SetResult();
        await UntilDoneAsync(farm, change);

        (await farm.Repository().GetPublicationAsync(Id("a", 1), 1)).Generation.ShouldBe(1);
        farm.Publisher.Changes.ShouldHaveSingleItem().Generation.ShouldBe(2);
    }

    [Fact]
    public async Task PlanChange_Always_OrdersNothing()
    {
        await using var farm = await Farm.StartAsync();
        var change = Remove("a");

        (await farm.Repository().PlanChangeAsync(change)).State.ShouldBe(RepositoryChangeState.Planned);

        (await farm.Repository().GetChangeAsync(change.Operation)).ShouldBeNull();
        farm.Publisher.Calls.ShouldBe(0);
    }

    [Fact]
    public async Task Verify_WhileOneRuns_JoinsItAndTellsTheEnd()
    {
        await using var farm = await Farm.StartAsync();
        var gate = new TaskCompletionSource();
        farm.Publisher.Gate = gate.Task;
        (await farm.Repository().GetVerificationAsync()).Id.ShouldBeNull();

        var begun = await farm.Repository().VerifyAsync();
        begun.Running.ShouldBeTrue();
        (await farm.Repository().VerifyAsync()).Id.ShouldBe(begun.Id);
        gate.SetResult();
        await farm.UntilAsync(async () => !(await farm.Repository().GetVerificationAsync()).Running, "it ends");

        var found = await farm.Repository().GetVerificationAsync();
        (found.Id, found.ProblemCount).ShouldBe((begun.Id, 1));
        (await farm.Repository().VerifyAsync()).Id.ShouldNotBe(begun.Id);
        await farm.UntilAsync(async () => !(await farm.Repository().GetVerificationAsync()).Running, "the second ends");
    }

    /// <summary>What the hub published is in its record, however the folder looks and however many refusals came since.</summary>
    [Fact]
    public async Task Publication_WhenTheFilesWereSetBack_WaitsWithItsReasonInTheQueue()
    {
        await using var farm = await Farm.StartAsync(expectsErrors: true);
        farm.Publisher.Refuses.Add("refused");
        await OrderAsync(farm, "a", 1);
        await farm.UntilAsync(async () => (await farm.Repository().GetAsync()).Pending == 0, "the first is published");
        for (var i = 0; i <= PublicationHistory.Kept; i++)
        {
            await OrderAsync(farm, "refused", i);
        }

        await farm.UntilAsync(async () => (await farm.Repository().GetAsync()).Pending == 0, "they are refused");

        (await farm.Repository().GetPublicationAsync(Id("a", 1), 1)).State.ShouldBe(PublicationState.Unknown, "the history forgot it");
        await farm.RestartAsync();
        farm.Publisher.SetBackTo = 0;
        var (build, builder) = await farm.EnqueueAndJoinAsync("b");
        await builder.FinishAsync(await builder.StartAsync());

        await farm.AdvanceUntilAsync(
            async () => (await farm.Queue.FindAsync(build))!.Explanation == "waits for its publication: generation 0 is there of 1", "the queue says why", 60);
        farm.Publisher.Published.ShouldHaveSingleItem();
        farm.Publisher.SetBackTo = null;
        await farm.AdvanceUntilAsync(async () => (await farm.Build(build).GetAsync())!.State == BuildState.Published, "it goes on");
    }

    [Fact]
    public void FindGeneration_InRecordsOfBefore_IsTheNewestThatTheyName()
    {
        var news = new PublicationNews { Build = Id("a", 1), Attempt = 1, State = PublicationState.Published };
        new PublicationHistory { Newest = [news with { Generation = 7 }, news] }.FindGeneration().ShouldBe(7);
        new PublicationHistory { Newest = [news with { Generation = 7 }] }.With([news with { Generation = 3 }]).Generation.ShouldBe(7);
        new ChangeHistory().FindGeneration().ShouldBe(0);
    }

    private static int Reminders(Farm farm) => EngineRecords.Reminders(farm.DatabasePath)
        .Count(static reminder => reminder.Grain.EndsWith($"{Farm.Target}", StringComparison.Ordinal) && reminder.Name == "finish");

    /// <summary>A change whose intent is written, and that cannot be carried out.</summary>
    private static async Task<RepositoryChange> BeginBlockedAsync(Farm farm)
    {
        farm.ExpectsErrors = true;
        farm.Publisher.Problem = "the disk is full";
        var change = Remove("a");
        await farm.Repository().ChangeAsync(change);
        await farm.UntilAsync(() => Task.FromResult(farm.Publisher.Calls == 1), "it was tried");
        return change;
    }

    private static RepositoryChange Remove(params string[] names) =>
        new() { Operation = Guid.NewGuid(), Kind = RepositoryChangeKind.Remove, Names = [.. names] };

    private static BuildId Id(string pkgbase, long timestamp) => new(new PackageKey(Farm.Target, pkgbase), timestamp);

    private static Task<PublicationNews> OrderAsync(Farm farm, string pkgbase, long timestamp) => farm.Repository().PublishAsync(new PublishOrder
    {
        Build = Id(pkgbase, timestamp),
        Attempt = 1,
        Archives = [new LandedArchive { FileName = $"{pkgbase}-1-1-any.pkg.tar.zst", Size = 1, Sha256 = new string('0', 64) }],
    });

    private static Task UntilDoneAsync(Farm farm, RepositoryChange change) => farm.UntilAsync(
        async () => (await farm.Repository().GetChangeAsync(change.Operation))?.State == RepositoryChangeState.Done
            && (await farm.Repository().GetAsync()).Pending == 0,
        "the change is done");
}
