using Caur.Pipelines.Changes;
using Caur.Pipelines.Reviews;
using Caur.Tests.Support;

namespace Caur.Tests.Pipelines.Reviews;

public sealed class ReviewPolicyTests
{
    private static readonly TrustedMaintainers Trusted = TrustedMaintainers.Parse("# list\nalice\nBob \r\n# carol\naxb\n\n");

    [Theory]
    [InlineData(ChangeKind.Major, ChangeOrigin.Aur, true, "mallory", true)]
    [InlineData(ChangeKind.Major, ChangeOrigin.Aur, true, "alice", false)]
    [InlineData(ChangeKind.Major, ChangeOrigin.Aur, true, "ALICE,bob", false)]
    [InlineData(ChangeKind.Major, ChangeOrigin.Aur, true, "alice,mallory", true)]
    [InlineData(ChangeKind.Major, ChangeOrigin.Aur, true, "carol", true)]
    [InlineData(ChangeKind.Major, ChangeOrigin.Aur, true, "a.b", true)]
    [InlineData(ChangeKind.Major, ChangeOrigin.Aur, true, "# list", true)]
    [InlineData(ChangeKind.Major, ChangeOrigin.Aur, true, "", true)]
    [InlineData(ChangeKind.Major, ChangeOrigin.Aur, true, null, true)]
    [InlineData(ChangeKind.Major, ChangeOrigin.Aur, false, "mallory", false)]
    [InlineData(ChangeKind.Minor, ChangeOrigin.Aur, true, "mallory", false)]
    [InlineData(ChangeKind.Major, ChangeOrigin.Other, true, null, false)]
    [InlineData(ChangeKind.Minor, ChangeOrigin.Nvchecker, false, null, true)]
    internal void Decide_WhenTheTemplateDecides_DecidesAsIt(ChangeKind kind, ChangeOrigin origin, bool humanReview, string? maintainers, bool needsReview)
    {
        var decision = new ReviewPolicy(humanReview, NvcheckerReview: true, Trusted)
            .Decide(kind, origin, maintainers?.Split(',', StringSplitOptions.RemoveEmptyEntries));
        decision.NeedsReview.ShouldBe(needsReview);
        decision.Reason.ShouldNotBeEmpty();
    }

    [Fact]
    public void Decide_WhenNvcheckerNeedsNoReview_LooksAtTheChange() =>
        new ReviewPolicy(true, NvcheckerReview: false, Trusted).Decide(ChangeKind.Minor, ChangeOrigin.Nvchecker, null).NeedsReview.ShouldBeFalse();

    [Fact]
    public void Decide_WhenAStrangersNameIsMarkup_ShowsItAsCode() => new ReviewPolicy(true, true, Trusted)
        .Decide(ChangeKind.Major, ChangeOrigin.Aur, ["@all `x`"]).Reason.ShouldContain("`` @all `x` ``");

    [Theory]
    [InlineData("foo", "update-foo")]
    [InlineData("c++utilities", "update-c++utilities")]
    [InlineData("gtk2+extra@x_y", "update-gtk2+extra@x_y")]
    [InlineData("a..b", "update-a.%2Eb")]
    [InlineData("a...b", "update-a.%2E.b")]
    [InlineData("a.lock", "update-a%2Elock")]
    [InlineData("a.", "update-a%2E")]
    [InlineData("a..", "update-a.%2E")]
    [InlineData("@", "update-@")]
    public async Task ReviewBranch_WhenANameIsOdd_IsABranchOfGits(string pkgbase, string branch)
    {
        ReviewBranch.Of(pkgbase).ShouldBe(branch);
        ReviewBranch.PackageOf(branch).ShouldBe(pkgbase);
        (await Processes.RunAsync("git", ["check-ref-format", "--branch", branch])).ExitCode.ShouldBe(0);
    }

    [Theory]
    [InlineData("main")]
    [InlineData("update-")]
    [InlineData("update-a/b")]
    [InlineData("update--x")]
    [InlineData("update-a%2Eb")]
    public void PackageOf_WhenABranchIsNone_IsNull(string branch) => ReviewBranch.PackageOf(branch).ShouldBeNull();
}
