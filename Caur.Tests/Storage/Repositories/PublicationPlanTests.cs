using System.Runtime.Versioning;
using System.Text.Json;
using Caur.Storage.Repositories;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Storage.Repositories;

[SupportedOSPlatform("linux")]
public sealed class PublicationPlanTests(FarmKey key) : IClassFixture<FarmKey>, IDisposable
{
    private readonly TestFarm _farm = new(key.Gpg.Signer);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _farm.Dispose();

    [Fact]
    public async Task PlanAsync_WhenVersionIsLower_RefusesUnlessAllowed()
    {
        await _farm.PublishAsync("foo", "1:1.0-1");
        var lower = await _farm.LandAsync("foo", new BuiltPackage("foo", "9.0-1"));

        (await ReasonsAsync(lower)).ShouldBe(["foo 9.0-1 is lower than the published 1:1.0-1"]);

        await _farm.PublishAsync(lower with { AllowDowngrade = true });
        (await _farm.EntriesAsync()).ShouldBe(["foo 9.0-1"]);
    }

    [Fact]
    public async Task PlanAsync_WhenTheSameFileHasOtherContent_RefusesItAsLongAsAGenerationNamesIt()
    {
        await _farm.PublishAsync("foo", "1-1");
        var other = await _farm.LandAsync("foo", new BuiltPackage("foo", "1-1") { Content = "other" });
        (await ReasonsAsync(other)).ShouldBe(["foo-1-1-x86_64.pkg.tar.zst is published with other content: raise its pkgrel"]);

        await _farm.RemoveAsync("foo");
        (await ReasonsAsync(other)).Count.ShouldBe(1);
    }

    [Fact]
    public async Task PlanAsync_WhenTheVeryArchivesArePublished_HasNothingToDo()
    {
        await _farm.PublishAsync("foo", "1-1");
        var again = await _farm.LandAsync("foo", new BuiltPackage("foo", "1-1"));

        var proposal = await _farm.PlanAsync(again);

        proposal.Plan.ShouldBeNull();
        proposal.UpToDate.ShouldBe([again.Build]);
    }

    [Fact]
    public async Task PlanAsync_WhenAPkgnameBelongsToAnotherPkgbase_RefusesUnlessAllowedOrGivenUp()
    {
        await _farm.PublishAsync("foo", "1-1");
        var taker = await _farm.LandAsync("foo-fork", new BuiltPackage("foo", "2-1"));
        (await ReasonsAsync(taker)).ShouldBe(["foo is published by pkgbase foo"]);

        (await _farm.PlanAsync(taker with { AllowTakeOver = true })).Refused.ShouldBeEmpty();
        var request = new PublicationRequest { Id = "x", Builds = [taker], RemovePkgbases = ["foo"] };
        var plan = (await _farm.PlanAsync(request)).Plan.ShouldNotBeNull();
        plan.Add.ShouldHaveSingleItem().Replaces.ShouldBe("1-1");
        plan.Remove.ShouldBeEmpty();
    }

    /// <summary>A pkgname moves within one publication when the pkgbase that had it gives it up, whichever of the two comes first.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task PlanAsync_WhenAPkgnameMovesBetweenTwoBuilds_TakesBothInAnyOrder(bool giverFirst)
    {
        await _farm.PublishAsync(await _farm.LandAsync("old", new BuiltPackage("old", "1-1"), new BuiltPackage("moves", "1-1")));
        var giver = await _farm.LandAsync("old", new BuiltPackage("old", "2-1"));
        var taker = await _farm.LandAsync("new", new BuiltPackage("moves", "2-1"));

        (await ReasonsAsync(taker)).ShouldBe(["moves is published by pkgbase old"]);
        await _farm.PublishAsync(giverFirst ? [giver, taker] : [taker, giver]);

        (await _farm.EntriesAsync()).ShouldBe(["moves 2-1", "old 2-1"]);
        (await _farm.Store.PublishedFilesAsync("new", Token)).ShouldBe(["moves-2-1-x86_64.pkg.tar.zst"]);
    }

    [Fact]
    public async Task PlanAsync_WhenAPkgbaseIsNotWhole_RefusesAllOfIt()
    {
        await _farm.PublishAsync("other", "1-1");
        var build = await _farm.LandAsync("split", new BuiltPackage("a"), new BuiltPackage("b"));

        (await ReasonsAsync(build with { Required = ["a", "b", "c"] })).ShouldBe(["the build did not bring c, which split is to make"]);
        await _farm.PublishAsync(build with { Required = ["a", "b"] });
    }

    [Fact]
    public async Task PlanAsync_WhenOneBuildOfSeveralIsBad_RefusesThatOneAlone()
    {
        var good = await _farm.LandAsync("good", new BuiltPackage("good"));
        var mislabelled = await _farm.LandAsync("bad", new BuiltPackage("bad") { Pkgbase = "worse" });
        var empty = await _farm.LandAsync("empty");
        var second = await _farm.LandAsync("good", new BuiltPackage("good", "2-1"));
        var clash = await _farm.LandAsync("clash", new BuiltPackage("good", "3-1"));

        var proposal = await _farm.PlanAsync(good, mislabelled, empty, second, clash);

        proposal.Plan.ShouldNotBeNull().Builds.ShouldBe([good.Build]);
        proposal.Refused.Select(refused => refused.Build).ShouldBe([mislabelled.Build, empty.Build, second.Build, clash.Build]);
        proposal.Refused[0].Reasons.ShouldBe(["bad-1.0-1-x86_64.pkg.tar.zst: it is of pkgbase worse, bad was ordered"]);
        proposal.Refused[1].Reasons.ShouldBe(["the build brought no archives"]);
        proposal.Refused[2].Reasons.ShouldContain("another build of good is in this publication");
        proposal.Refused[3].Reasons.ShouldBe(["good is also made by good, in this publication"]);
        Directory.Exists(_farm.Store.Folder).ShouldBeFalse();
    }

    [Fact]
    public async Task ApplyAsync_WhenPlanWasStoredAsJson_DoesTheSame()
    {
        var plan = (await _farm.PlanAsync(await _farm.LandAsync("foo", new BuiltPackage("foo")))).Plan.ShouldNotBeNull();
        var stored = JsonSerializer.Deserialize<PublicationPlan>(JsonSerializer.Serialize(plan)).ShouldNotBeNull();

        (await _farm.Open().ApplyAsync(stored, Token)).Generation.ShouldBe(1);
        (await _farm.EntriesAsync()).ShouldBe(["foo 1.0-1"]);
    }

    [Fact]
    public async Task ApplyAsync_WhenTheRepositoryHasChangedSince_DoesNothing()
    {
        var early = (await _farm.PlanAsync(await _farm.LandAsync("foo", new BuiltPackage("foo")))).Plan.ShouldNotBeNull();
        await _farm.PublishAsync("bar", "1-1");

        var result = await _farm.Store.ApplyAsync(early, Token);

        (result.Status, result.Generation).ShouldBe((PublicationStatus.Stale, 1));
        (await _farm.EntriesAsync()).ShouldBe(["bar 1-1"]);
    }

    [Fact]
    public async Task ApplyAsync_WhenAppliedAgainLater_SaysItWasDone()
    {
        var plan = (await _farm.PlanAsync(await _farm.LandAsync("foo", new BuiltPackage("foo")))).Plan.ShouldNotBeNull();
        (await ApplyAsync(plan)).ShouldBe((PublicationStatus.Published, 1));
        (await ApplyAsync(plan)).ShouldBe((PublicationStatus.Published, 1));
        await _farm.PublishAsync("foo", "2-1");

        (await ApplyAsync(plan)).ShouldBe((PublicationStatus.AlreadyPublished, 1));
        (await _farm.EntriesAsync()).ShouldBe(["foo 2-1"]);
    }

    [Fact]
    public async Task ApplyAsync_WhenLandedFileIsGoneOrChanged_LeavesTheRepositoryAsItWas()
    {
        await _farm.PublishAsync("foo", "1-1");
        var build = await _farm.LandAsync("foo", new BuiltPackage("foo", "2-1"));
        var plan = (await _farm.PlanAsync(build)).Plan.ShouldNotBeNull();

        await File.WriteAllBytesAsync(build.Archives[0].Path, new BuiltPackage("foo", "2-1") { Content = "evil" }.ToArchive(), Token);
        var changed = await _farm.Store.ApplyAsync(plan, Token);
        changed.Status.ShouldBe(PublicationStatus.FilesGone);
        changed.Problems.ShouldHaveSingleItem().ShouldContain("has changed since it was inspected");

        File.Delete(build.Archives[0].Path);
        var gone = await _farm.Store.ApplyAsync(plan, Token);
        gone.Problems.ShouldHaveSingleItem().ShouldContain("is gone from the landing zone");
        (await _farm.EntriesAsync()).ShouldBe(["foo 1-1"]);
        await _farm.ShouldBeSoundAsync();
    }

    private async Task<(PublicationStatus Status, int Generation)> ApplyAsync(PublicationPlan plan)
    {
        var result = await _farm.Store.ApplyAsync(plan, Token);
        result.Problems.ShouldBeEmpty();
        return (result.Status, result.Generation);
    }

    private async Task<IReadOnlyList<string>> ReasonsAsync(BuildToPublish build)
    {
        var proposal = await _farm.PlanAsync(build);
        proposal.Plan.ShouldBeNull();
        return proposal.Refused.ShouldHaveSingleItem().Reasons;
    }
}
