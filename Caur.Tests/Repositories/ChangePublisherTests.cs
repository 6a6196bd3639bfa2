using System.Runtime.Versioning;
using System.Security.Cryptography;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Caur.Grains.Repositories;
using Caur.Storage.Files;
using Caur.Storage.Landing;
using Caur.Storage.Repositories;
using Caur.Storage.Signing;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Repositories;

/// <summary>Changes on the files of a repository, stopped at every step.</summary>
[SupportedOSPlatform("linux")]
public sealed class ChangePublisherTests(FarmKey key) : IClassFixture<FarmKey>, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<RepositoryPublisher> _publishers = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>The steps of a removal; of the others those before, at and after which a crash finds something else.</summary>
    public static TheoryData<RepositoryChangeKind, PublicationStep> Steps => new(
        from kind in (RepositoryChangeKind[])[RepositoryChangeKind.Remove, RepositoryChangeKind.Keep, RepositoryChangeKind.Rollback]
        from step in (PublicationStep[])
        [
            PublicationStep.Begun, PublicationStep.GenerationWritten, PublicationStep.GenerationSynced, PublicationStep.LinksPlaced,
            PublicationStep.CurrentSwitched, PublicationStep.Confirmed,
        ]
        where kind == RepositoryChangeKind.Remove
            || step is PublicationStep.Begun or PublicationStep.GenerationSynced or PublicationStep.CurrentSwitched
        select (kind, step));

    public void Dispose()
    {
        foreach (var publisher in _publishers)
        {
            publisher.Dispose();
        }

        _folder.Dispose();
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task ChangeAsync_WhenStoppedAtAStep_IsDoneOnceAndTellsWhatTheDryRunTold(RepositoryChangeKind kind, PublicationStep step)
    {
        await SeedAsync();
        var first = Open();
        if (kind == RepositoryChangeKind.Rollback)
        {
            await first.ChangeAsync(RepositoryHub.Target, "before", Change(RepositoryChangeKind.Remove), Token);
        }

        var change = Change(kind);
        var dry = await first.PlanChangeAsync(RepositoryHub.Target, change, Token);
        dry.State.ShouldBe(RepositoryChangeState.Planned);
        await Should.ThrowAsync<StoppedException>(() => Open(new StopAt(step)).ChangeAsync(RepositoryHub.Target, "it", change, Token));

        var done = await Open().ChangeAsync(RepositoryHub.Target, "it", change, Token);
        var again = await Open().ChangeAsync(RepositoryHub.Target, "it", change, Token);

        var generation = kind == RepositoryChangeKind.Rollback ? 3 : 2;
        foreach (var view in (RepositoryChangeView[])[done, again])
        {
            view.Changes.ShouldBe(dry.Changes);
            (view with { Changes = dry.Changes }).ShouldBe(dry with { State = RepositoryChangeState.Done, Generation = generation });
        }

        Open().GetGenerations(RepositoryHub.Target).Length.ShouldBe(generation);
        (await NamesAsync()).ShouldBe(kind == RepositoryChangeKind.Rollback ? ["a", "b", "b-docs"] : ["a"]);
        (await Open().VerifyAsync(RepositoryHub.Target, Token)).Problems.ShouldBeEmpty();
    }

    [Fact]
    public async Task ChangeAsync_WithoutAKey_ChangesNothingAndIsDoneWithIt()
    {
        await SeedAsync();
        var change = Change(RepositoryChangeKind.Keep);
        await using (var keyless = new TestGpg())
        {
            (await Should.ThrowAsync<PublicationBlockedException>(
                () => Open(signer: keyless.Signer).ChangeAsync(RepositoryHub.Target, "it", change, Token))).Message.ShouldContain("key");
        }

        (await NamesAsync()).Length.ShouldBe(3);
        (await Open().ChangeAsync(RepositoryHub.Target, "it", change, Token)).Generation.ShouldBe(2);
        (await NamesAsync()).ShouldBe(["a"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ChangeAsync_WhenTheGenerationGoesOrIsDamagedMeanwhile_IsRefusedAndBlocksNothing(bool damaged)
    {
        await SeedAsync();
        await Open().ChangeAsync(RepositoryHub.Target, "before", Change(RepositoryChangeKind.Remove), Token);
        var rollback = Change(RepositoryChangeKind.Rollback);
        await Should.ThrowAsync<StoppedException>(
            () => Open(new StopAt(PublicationStep.Begun)).ChangeAsync(RepositoryHub.Target, "it", rollback, Token));
        var folder = Path.Combine(_folder.Path, "repos", "farm", "x86_64", ".gen", "1");
        if (damaged)
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "farm.db.tar.gz"), "no database", Token);
        }
        else
        {
            Directory.Delete(folder, recursive: true);
        }

        var planned = await Open().ChangeAsync(RepositoryHub.Target, "it", rollback, Token);
        var anew = await Open().ChangeAsync(RepositoryHub.Target, "another", rollback with { Operation = Guid.NewGuid() }, Token);

        (planned.State, anew.State).ShouldBe((RepositoryChangeState.Refused, RepositoryChangeState.Refused));
        anew.Refusal.ShouldBe(damaged ? RepositoryChangeRefusal.FilesGone : RepositoryChangeRefusal.UnknownGeneration);
        (await NamesAsync()).ShouldBe(["a"]);
        (await Open().ChangeAsync(RepositoryHub.Target, "next", Change(RepositoryChangeKind.Keep), Token)).State.ShouldBe(RepositoryChangeState.Done);
    }

    [Fact]
    public async Task ChangeAsync_WhenFilesOfTheGenerationAreGone_IsRefusedWithTheirNames()
    {
        await SeedAsync();
        await Open().ChangeAsync(RepositoryHub.Target, "before", Change(RepositoryChangeKind.Remove), Token);
        File.Delete(Path.Combine(_folder.Path, "repos", "farm", "x86_64", "b-1-1-x86_64.pkg.tar.zst"));

        var view = await Open().ChangeAsync(RepositoryHub.Target, "it", Change(RepositoryChangeKind.Rollback), Token);

        (view.State, view.Refusal).ShouldBe((RepositoryChangeState.Refused, RepositoryChangeRefusal.FilesGone));
        view.Reason.ShouldContain("b-1-1-x86_64.pkg.tar.zst is gone");
    }

    [Fact]
    public async Task ChangeAsync_WhenNothingWasEverPublished_HasNothingToDo()
    {
        var view = await Open().ChangeAsync(RepositoryHub.Target, "it", Change(RepositoryChangeKind.Keep), Token);

        (view.State, view.Generation, view.Removed).ShouldBe((RepositoryChangeState.Done, 0, 0));
        (await Open().ChangeAsync(RepositoryHub.Target, "back", Change(RepositoryChangeKind.Rollback), Token)).Reason
            .ShouldBe("generation 1 is not kept: there are none");
    }

    /// <summary>gpg hangs, or packages are large: a publication has the repository to itself for as long as it takes.</summary>
    [Theory]
    [InlineData(RepositoryChangeKind.Remove)]
    [InlineData(RepositoryChangeKind.Rollback)]
    public async Task PlanChangeAsync_WhileAPublicationIsCarriedOut_DoesNotWaitForIt(RepositoryChangeKind kind)
    {
        await SeedAsync();
        await Open().ChangeAsync(RepositoryHub.Target, "before", Change(RepositoryChangeKind.Remove) with { Names = ["a"] }, Token);
        var hold = new HoldAt(PublicationStep.Begun);
        var publisher = Open(hold);
        var running = publisher.ChangeAsync(RepositoryHub.Target, "it", Change(RepositoryChangeKind.Rollback), Token);
        await hold.Reached.WaitAsync(Token);

        var planned = await publisher.PlanChangeAsync(RepositoryHub.Target, Change(kind), Token).DefaultTimeout("the plan");

        planned.State.ShouldBe(RepositoryChangeState.Planned);
        running.IsCompleted.ShouldBeFalse();
        hold.Release();
        (await running).State.ShouldBe(RepositoryChangeState.Done);
    }

    [Fact]
    public async Task ChangeAsync_WhenAnOldRecordIsDamaged_IsDoneAndTheListNamesIt()
    {
        await SeedAsync();
        await Open().ChangeAsync(RepositoryHub.Target, "before", Change(RepositoryChangeKind.Remove), Token);
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "repos", "farm", "x86_64", ".gen", "1", "generation.json"), "no record", Token);
        var publisher = Open();

        (await publisher.ChangeAsync(RepositoryHub.Target, "to it", Change(RepositoryChangeKind.Rollback), Token)).Refusal
            .ShouldBe(RepositoryChangeRefusal.FilesGone);
        (await publisher.ChangeAsync(RepositoryHub.Target, "it", Change(RepositoryChangeKind.Remove) with { Names = ["a"] }, Token)).Generation.ShouldBe(3);

        var listed = publisher.GetGenerations(RepositoryHub.Target);
        listed.Select(generation => (generation.Number, generation.Damage.Length > 0)).ShouldBe([(3, false), (2, false), (1, true)]);
        (await publisher.GetAsync(RepositoryHub.Target, Token)).Generation.ShouldBe(3);
        (await publisher.VerifyAsync(RepositoryHub.Target, Token)).Problems.ShouldHaveSingleItem().ShouldContain("generation 1");
    }

    [Fact]
    public async Task SweepLandedAsync_WhenArchivesAreOld_RemovesThoseThatNobodyWaitsFor()
    {
        var waits = await LandAsync("waits", 2);
        var lost = await LandAsync("lost", 1);
        var earlier = waits with { Attempt = 1 };
        await LandAsync("waits", 1);
        var elsewhere = await LandAsync("elsewhere", 1, new TargetId("other", "x86_64"));
        var young = await LandAsync("young", 1);
        foreach (var folder in Directory.GetDirectories(Zone.Root, "*", SearchOption.AllDirectories))
        {
            Directory.SetLastWriteTimeUtc(folder, TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-15));
        }

        using (var more = new MemoryStream("y"u8.ToArray()))
        {
            await Zone.Landing.StoreAsync(young.Build.ToString(), 1, "more", 1, Convert.ToHexStringLower(SHA256.HashData("y"u8)), more, Token);
        }

        await Open().SweepLandedAsync(RepositoryHub.Target, [waits], Token);

        Landed(waits).ShouldBe(1);
        Landed(earlier).ShouldBe(0);
        Landed(lost).ShouldBe(0);
        Landed(elsewhere).ShouldBe(1, "another repository's");
        Landed(young).ShouldBe(2, "it uploads");
    }

    private (string Root, LandingZone Landing) Zone => (DataFolders.Resolve(_folder.Path).Landing, new LandingZone(DataFolders.Resolve(_folder.Path).Landing));

    private int Landed(PublishOrder order) => Zone.Landing.List(order.Build.ToString(), order.Attempt).Count;

    private async Task<PublishOrder> LandAsync(string pkgbase, int attempt, TargetId? target = null)
    {
        var order = new PublishOrder { Build = new BuildId(new PackageKey(target ?? RepositoryHub.Target, pkgbase), 1), Attempt = attempt, Archives = [] };
        using var content = new MemoryStream("x"u8.ToArray());
        (await Zone.Landing.StoreAsync(
            order.Build.ToString(), attempt, "x", 1, Convert.ToHexStringLower(SHA256.HashData("x"u8)), content, Token)).IsThere.ShouldBeTrue();
        return order;
    }

    private static RepositoryChange Change(RepositoryChangeKind kind) => new()
    {
        Operation = Guid.NewGuid(),
        Kind = kind,
        Names = kind switch { RepositoryChangeKind.Remove => ["b"], RepositoryChangeKind.Keep => ["a"], _ => [] },
        Force = kind == RepositoryChangeKind.Keep,
        Generation = kind == RepositoryChangeKind.Rollback ? 1 : null,
    };

    private Task SeedAsync() => RepositoryHub.SeedAsync(
        _folder.Path, key.Gpg.Signer, ("a", [new BuiltPackage("a", "1-1")]), ("b", [new BuiltPackage("b", "1-1"), new BuiltPackage("b-docs", "1-1")]));

    private async Task<string[]> NamesAsync() =>
        [.. (await Open().GetPackagesAsync(RepositoryHub.Target, null, 100, Token)).Packages.Select(package => package.Pkgname)];

    private RepositoryPublisher Open(IPublicationProbe? probe = null, GpgSigner? signer = null)
    {
        var folders = DataFolders.Resolve(_folder.Path);
        var publisher = new RepositoryPublisher(folders, new LandingZone(folders.Landing), signer ?? key.Gpg.Signer, TimeProvider.System, probe);
        _publishers.Add(publisher);
        return publisher;
    }

    private sealed class StoppedException(PublicationStep step) : Exception($"stopped at {step}");

    private sealed class HoldAt(PublicationStep hold) : IPublicationProbe
    {
        private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Reached => _reached.Task;

        public void Release() => _released.TrySetResult();

        public async ValueTask AtAsync(PublicationStep step, CancellationToken cancellationToken)
        {
            if (step == hold)
            {
                _reached.TrySetResult();
                await _released.Task.WaitAsync(cancellationToken);
            }
        }
    }

    private sealed class StopAt(PublicationStep stop) : IPublicationProbe
    {
        public ValueTask AtAsync(PublicationStep step, CancellationToken cancellationToken) =>
            step == stop ? throw new StoppedException(step) : ValueTask.CompletedTask;
    }
}
