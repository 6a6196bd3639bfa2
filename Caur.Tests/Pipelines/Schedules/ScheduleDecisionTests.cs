using System.Text;
using Caur.Pacman;
using Caur.Pipelines.Bumps;
using Caur.Pipelines.Rebuilds;
using Caur.Pipelines.Schedules;
using Caur.Pipelines.State;
using Caur.Pipelines.Upstream;
using Caur.Tests.Pipelines.Upstream;

namespace Caur.Tests.Pipelines.Schedules;

public sealed class ScheduleDecisionTests
{
    private static readonly Finding Newer = new(FindingKind.New, "changed in the AUR");
    private static readonly Finding Failed = new(FindingKind.Failed, "clone failed twice: gone");
    private static readonly FileTree Files = FileTreeTests.Tree(("PKGBUILD", "new"), (".CI/config", "# mine\nCI_PKGBUILD_SOURCE=aur\n"));

    [Fact]
    public void Decide_WhenNothingIsNew_DoesNothing()
    {
        var decision = Decide("", new Learnt { Source = new Finding(FindingKind.Same, "no newer AUR timestamp since then"), AurTimestamp = 5 });
        decision.Kind.ShouldBe(DecisionKind.Nothing);
        decision.Schedule.ShouldBeFalse();
        decision.Reasons.ShouldBe(["no newer AUR timestamp since then"]);
        decision.State.AurTimestamp.ShouldBe(5);
    }

    [Fact]
    public void Decide_WhenFilesChange_UpdatesUnderReviewRules()
    {
        var decision = Decide("", new Learnt { Source = Newer, AurTimestamp = 9, UpstreamCommit = "abc", Files = Files, Review = ReviewRule.ByChange });
        decision.Kind.ShouldBe(DecisionKind.Update);
        decision.Schedule.ShouldBeTrue();
        decision.Files.ShouldBeSameAs(Files);
        decision.Config.ShouldBeNull();
        decision.Review.ShouldBe(ReviewRule.ByChange);
        decision.State.ShouldBe(new PackageState { AurTimestamp = 9, UpstreamCommit = "abc" });
    }

    [Fact]
    public void Decide_WhenOnlyTheHookChangesFiles_IsNotReviewed()
    {
        var decision = Decide("", new Learnt { Hook = new Finding(FindingKind.New, "update.sh changed it"), Files = Files, Review = ReviewRule.ByChange });
        decision.Kind.ShouldBe(DecisionKind.Update);
        decision.Review.ShouldBe(ReviewRule.None);
    }

    [Fact]
    public void Decide_WhenALibraryChanged_BumpsTheConfigAlone()
    {
        var decision = Decide("# mine\nCI_REBUILD_TRIGGERS=libfoo\n", Bumped("1:2.0-1"));
        decision.Kind.ShouldBe(DecisionKind.Bump);
        decision.Schedule.ShouldBeTrue();
        decision.Files.ShouldBeNull();
        decision.Config!.ToString().ShouldBe("# mine\nCI_REBUILD_TRIGGERS=libfoo\nCI_PACKAGE_BUMP=1:2.0-1/1\n");
        decision.Reasons.ShouldBe(["bumped because libfoo 1.2-1 -> 1.3-1: 1:2.0-1/1"]);
    }

    [Fact]
    public void Decide_WhenFilesAndLibraryChanged_WritesTheBumpIntoTheNewFolder()
    {
        var decision = Decide("CI_PKGBUILD_SOURCE=aur\n", Bumped("2.0-1") with { Source = Newer, Files = Files });
        decision.Kind.ShouldBe(DecisionKind.Update);
        decision.Files!.Text(".CI/config").ShouldBe("# mine\nCI_PKGBUILD_SOURCE=aur\nCI_PACKAGE_BUMP=2.0-1/1\n");
        decision.Files.Text("PKGBUILD").ShouldBe("new");
        decision.Reasons.Count.ShouldBe(2);
    }

    [Fact]
    public void Decide_WhenItCannotBeBumped_SaysWhyAndDoesNothing()
    {
        var decision = Decide("", Bumped("1.0-1") with { Bump = new BumpResult(null, "no database has it") });
        decision.Kind.ShouldBe(DecisionKind.Nothing);
        decision.Reasons.ShouldBe(["not bumped though libfoo 1.2-1 -> 1.3-1: no database has it"]);
    }

    [Fact]
    public void Decide_WhenOneLookFailed_StillBumps()
    {
        var decision = Decide("", Bumped("1.0-1") with { Source = Failed });
        decision.Kind.ShouldBe(DecisionKind.Bump);
        decision.Reasons.ShouldBe(["skipped: clone failed twice: gone", "bumped because libfoo 1.2-1 -> 1.3-1: 1.0-1/1"]);
    }

    [Fact]
    public void Decide_WhenItFailed_RemembersWhatItDidBefore()
    {
        var before = new PackageState { AurTimestamp = 5, GitCommit = "a", UpstreamCommit = "b" };
        var decision = ScheduleDecision.Decide(Package(""), before, new Learnt { Source = Failed, AurTimestamp = 9, Vcs = Failed });
        decision.Kind.ShouldBe(DecisionKind.Skipped);
        decision.State.ShouldBe(before);
        decision.Reasons.ShouldBe(["skipped: clone failed twice: gone", "skipped: clone failed twice: gone"]);
    }

    [Fact]
    public void Decide_WhenUpdateShFailed_HoldsBackWhatElseIsNewAndRemembersNothingOfIt()
    {
        var before = new PackageState { AurTimestamp = 5, GitCommit = "a", UpstreamCommit = "b" };
        var decision = ScheduleDecision.Decide(
            Package("CI_REBUILD_TRIGGERS=libfoo\n"),
            before,
            Bumped("1.0-1") with { Source = Newer, AurTimestamp = 9, UpstreamCommit = "c", Files = Files, Vcs = Newer, GitCommit = "d", Hook = new Finding(FindingKind.Failed, "update.sh ended with exit code 1") });
        (decision.Kind, decision.Schedule, decision.Files, decision.Config).ShouldBe((DecisionKind.Skipped, false, null, null));
        decision.Reasons[^1].ShouldBe("skipped: update.sh ended with exit code 1");
        decision.State.ShouldBe(before with { Missed = "libfoo:1.2-1" });
    }

    [Fact]
    public void Decide_WhenItsSourceIsTheAurNoLonger_ForgetsTheTimestamp() =>
        ScheduleDecision.Decide(Package("CI_PKGBUILD_SOURCE=custom\n"), new PackageState { AurTimestamp = 5 }, new Learnt { Source = new Finding(FindingKind.NotAsked, "custom") })
            .State.AurTimestamp.ShouldBeNull();

    [Theory]
    [InlineData(nameof(FindingKind.New), nameof(DecisionKind.Rebuild), true)]
    [InlineData(nameof(FindingKind.First), nameof(DecisionKind.Nothing), false)]
    [InlineData(nameof(FindingKind.Same), nameof(DecisionKind.Nothing), false)]
    public void Decide_WhenCommitsAreFollowed_RebuildsForANewOneAlone(string kind, string expected, bool schedule)
    {
        var decision = Decide("", new Learnt { Vcs = new Finding(Enum.Parse<FindingKind>(kind), "commit"), GitCommit = "new" });
        decision.Kind.ToString().ShouldBe(expected);
        decision.Schedule.ShouldBe(schedule);
        decision.State.GitCommit.ShouldBe("new");
        decision.Files.ShouldBeNull();
        decision.Config.ShouldBeNull();
    }

    [Fact]
    public void Decide_WhenNothingIsFollowedAnyMore_ForgetsTheCommit() =>
        ScheduleDecision.Decide(Package(""), new PackageState { GitCommit = "a" }, new Learnt { Vcs = new Finding(FindingKind.NotAsked, "pinned") }).State.GitCommit.ShouldBeNull();

    [Fact]
    public void Decide_WhenItHasATrigger_UpdatesButDoesNotSchedule()
    {
        var decision = Decide("CI_ON_TRIGGER=heavy", new Learnt { Source = Newer, Files = Files });
        decision.Kind.ShouldBe(DecisionKind.Update);
        decision.Schedule.ShouldBeFalse();
        decision.Reasons.ShouldBe(["changed in the AUR", "not scheduled: trigger heavy"]);
    }

    [Fact]
    public void Decide_WhenFolderIsBroken_IsTold()
    {
        var decision = ScheduleDecision.Decide(Package("") with { Problem = "its config cannot be read" }, new PackageState { AurTimestamp = 5 }, new Learnt());
        decision.Kind.ShouldBe(DecisionKind.Skipped);
        decision.Reasons.ShouldBe(["skipped: its config cannot be read"]);
        decision.State.AurTimestamp.ShouldBe(5);
    }

    [Theory]
    [InlineData("CI_ON_TRIGGER=daily", true, "scheduled: trigger daily")]
    [InlineData("CI_ON_TRIGGER=\"daily\"", true, "scheduled: trigger daily")]
    [InlineData("CI_ON_TRIGGER=Daily", false, "not of trigger daily: it has Daily")]
    [InlineData("CI_ON_TRIGGER=heavy", false, "not of trigger daily: it has heavy")]
    [InlineData("", false, "not of trigger daily: it has none")]
    public void Trigger_SchedulesThoseThatNameIt(string config, bool schedule, string reason)
    {
        var decision = TriggerRules.Decide(Package(config), "daily", new PackageState { GitCommit = "a" });
        decision.Schedule.ShouldBe(schedule);
        decision.Reasons.ShouldBe([reason]);
        decision.State.GitCommit.ShouldBe("a");
    }

    [Theory]
    [InlineData("", 8, 0)]
    [InlineData("CI_MAX_PARALLEL=\"3\"", 3, 0)]
    [InlineData("CI_MAX_PARALLEL=256", 256, 0)]
    [InlineData("CI_MAX_PARALLEL=0", 8, 1)]
    [InlineData("CI_MAX_PARALLEL=many", 8, 1)]
    [InlineData("CI_MAX_PARALLEL=1000", 8, 1)]
    public void Settings_WhenParallelMakesNoSense_IsToldAndEight(string config, int parallel, int problems)
    {
        var told = new List<string>();
        ScheduleSettings.Of(CiConfig.Parse(config), told).MaxParallel.ShouldBe(parallel);
        told.Count.ShouldBe(problems);
    }

    private static PackageDecision Decide(string config, Learnt learnt) => ScheduleDecision.Decide(Package(config), PackageState.None, learnt);

    private static Learnt Bumped(string published) => new()
    {
        Libraries = [new LibraryChange("libfoo", "1.2-1", "1.3-1")],
        Bump = new BumpResult(PackageBump.Next(PackageVersion.Parse(published), null), null),
    };

    private static SchedulePackage Package(string config) => new("tool", CiConfigText.Read(Encoding.UTF8.GetBytes(config)).GetRequired(), null);
}
