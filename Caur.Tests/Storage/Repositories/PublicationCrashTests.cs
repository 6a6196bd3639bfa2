using System.Runtime.Versioning;
using Caur.Storage.Repositories;
using Caur.Storage.Signing;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Storage.Repositories;

/// <summary>Publications that stop at a step, and what comes after them. What pacman makes of a killed one: PublicationKillTests.</summary>
[SupportedOSPlatform("linux")]
public sealed class PublicationCrashTests(FarmKey key) : IClassFixture<FarmKey>, IDisposable
{
    private readonly TestFarm _farm = new(key.Gpg.Signer);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static TheoryData<PublicationStep> Steps => [.. Enum.GetValues<PublicationStep>().Where(step => step >= PublicationStep.Begun)];

    public void Dispose() => _farm.Dispose();

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task ApplyAsync_WhenStoppedAtAStep_LeavesOldOrNewAndIsCompletedOnce(PublicationStep step)
    {
        await _farm.PublishAsync(await _farm.LandAsync("split", new BuiltPackage("a", "1-1"), new BuiltPackage("b", "1-1")));
        var plan = (await _farm.PlanAsync(await _farm.LandAsync("split", new BuiltPackage("a", "2-1"), new BuiltPackage("c", "2-1"))))
            .Plan.ShouldNotBeNull();
        string[] old = ["a 1-1", "b 1-1"];
        string[] @new = ["a 2-1", "c 2-1"];

        var dying = _farm.Open(new StopAt(step));
        await Should.ThrowAsync<StoppedException>(() => dying.ApplyAsync(plan, Token));

        _farm.Open();
        (await _farm.EntriesAsync()).ShouldBe(step < PublicationStep.CurrentSwitched ? old : @new);
        await _farm.ShouldBeSoundAsync();

        var result = await _farm.Open().ApplyAsync(plan, Token);
        (result.Status, result.Generation).ShouldBe((PublicationStatus.Published, 2));
        (await _farm.EntriesAsync()).ShouldBe(@new);
        await _farm.ShouldBeSoundAsync();
        _farm.Store.ListGenerations().Select(generation => generation.Number).ShouldBe([2, 1]);
        _farm.Landing.ListAttempts().SelectMany(attempt => _farm.Landing.List(attempt.BuildId, attempt.Attempt)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(PublicationStep.PackagesPlaced)]
    [InlineData(PublicationStep.SignaturesPlaced)]
    [InlineData(PublicationStep.GenerationSynced)]
    public async Task ApplyAsync_WhenAStoppedPublicationIsGivenUp_TheNextTakesItsPlaceAndItsNames(PublicationStep step)
    {
        await _farm.PublishAsync("foo", "1-1");
        var given = (await _farm.PlanAsync(await _farm.LandAsync("foo", new BuiltPackage("foo", "2-1")))).Plan.ShouldNotBeNull();
        await Should.ThrowAsync<StoppedException>(() => _farm.Open(new StopAt(step)).ApplyAsync(given, Token));

        _farm.Open();
        var other = new BuiltPackage("foo", "2-1") { Content = "of another attempt" };
        (await _farm.PublishAsync(await _farm.LandAsync("foo", other))).ShouldBe(2);

        await _farm.ShouldBeSoundAsync();
        (await _farm.Store.ApplyAsync(given, Token)).Status.ShouldBe(PublicationStatus.Stale);
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task ApplyAsync_WhenTheFirstPublicationStops_ThereIsNothingOrAll(PublicationStep step)
    {
        var plan = (await _farm.PlanAsync(await _farm.LandAsync("foo", new BuiltPackage("foo")))).Plan.ShouldNotBeNull();
        await Should.ThrowAsync<StoppedException>(() => _farm.Open(new StopAt(step)).ApplyAsync(plan, Token));

        // The link alone may be there: what counts is whether it leads anywhere.
        var database = new FileInfo(Path.Combine(_farm.Store.Folder, "farm.db"));
        var isServed = database.LinkTarget is not null && database.ResolveLinkTarget(returnFinalTarget: true) is { Exists: true };
        isServed.ShouldBe(step >= PublicationStep.CurrentSwitched);
        (await _farm.Open().ApplyAsync(plan, Token)).Generation.ShouldBe(1);
        await _farm.ShouldBeSoundAsync();
    }

    [Theory]
    [MemberData(nameof(Steps))]
    public async Task RollbackAsync_WhenStoppedAtAStep_IsCompletedOnce(PublicationStep step)
    {
        await _farm.PublishAsync("foo", "1-1");
        await _farm.PublishAsync("foo", "2-1");
        var plan = (await _farm.Store.PlanRollbackAsync("back", 1, Token)).Plan.ShouldNotBeNull();
        var dying = _farm.Open(new StopAt(step)).ApplyAsync(plan, Token);
        if (step is PublicationStep.PackageNamed or PublicationStep.SignatureNamed or PublicationStep.StatementNamed)
        {
            // It brings no packages.
            await dying;
        }
        else
        {
            await Should.ThrowAsync<StoppedException>(() => dying);
        }

        (await _farm.Open().ApplyAsync(plan, Token)).Generation.ShouldBe(3);
        (await _farm.EntriesAsync()).ShouldBe(["foo 1-1"]);
        await _farm.ShouldBeSoundAsync();
    }

    [Fact]
    public async Task ApplyAsync_WhenKeyCannotSign_ChangesNothingAndIsCompletedWithTheKey()
    {
        await _farm.PublishAsync("foo", "1-1");
        var plan = (await _farm.PlanAsync(await _farm.LandAsync("foo", new BuiltPackage("foo", "2-1")))).Plan.ShouldNotBeNull();
        await using (var keyless = new TestGpg())
        {
            var store = _farm.Open(signer: keyless.Signer);
            (await Should.ThrowAsync<GpgException>(() => store.ApplyAsync(plan, Token))).Problem.ShouldBe(GpgProblem.NoKey);
        }

        _farm.Open();
        (await _farm.EntriesAsync()).ShouldBe(["foo 1-1"]);
        await _farm.ShouldBeSoundAsync();
        Directory.GetFileSystemEntries(_farm.Store.Folder, ".caur-*", SearchOption.AllDirectories).ShouldBeEmpty();

        (await _farm.Store.ApplyAsync(plan, Token)).Generation.ShouldBe(2);
        await _farm.ShouldBeSoundAsync();
    }

    private sealed class StoppedException(PublicationStep step) : Exception($"stopped at {step}");

    private sealed class StopAt(PublicationStep stop) : IPublicationProbe
    {
        public ValueTask AtAsync(PublicationStep step, CancellationToken cancellationToken) =>
            step == stop ? throw new StoppedException(step) : ValueTask.CompletedTask;
    }
}
