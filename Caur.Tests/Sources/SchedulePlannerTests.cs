using Caur.Contracts.Builds;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Sources;
using Caur.Grains.Sources;
using Caur.Pacman;
using Caur.Pipelines.Reading;
using static Caur.Tests.Sources.SourceFolders;

namespace Caur.Tests.Sources;

public sealed class SchedulePlannerTests
{
    private static readonly TargetId Target = new("repo", "x86_64");

    [Fact]
    public void Plan_WhenAll_OrdersEveryFolderWithWhatItDependsOn()
    {
        var plan = Plan(All(), Folder("lib"), Folder("app", "depends = lib"));

        plan.Error.ShouldBeNull();
        plan.Builds.Select(build => build.Package.Pkgbase).ShouldBe(["app", "lib"]);
        plan.Builds[0].ShouldSatisfyAllConditions(
            app => app.DependsOn.ShouldBe(["lib"]),
            app => app.Pkgnames.ShouldBe(["app"]),
            app => app.Commit.ShouldStartWith("0123456789"),
            app => app.SourceRepository.ShouldBe("source"),
            app => app.HoldDependants.ShouldBeTrue(),
            app => app.BuilderClass.ShouldBeNull());
    }

    [Fact]
    public void Plan_WhenFilesChangeThePkgbuildFirst_AllowsWhateverPackagesItMakes()
    {
        Plan(Named("app"), Folder("app") with { IsAltered = true }).Builds.ShouldHaveSingleItem().Pkgnames.ShouldBeEmpty();
        Plan(Named("linux-own"), MadeFrom("linux", "linux-own")).Builds.ShouldHaveSingleItem().Pkgnames.ShouldBeEmpty();
    }

    [Fact]
    public void Plan_WhenTheConfigSaysSo_TakesItsSettings()
    {
        var config = CiConfig.Parse("BUILDER_CLASS=\"9\"\nBUILDER_EXTRA_TIMEOUT=2\nBUILDER_CACHE_SOURCES=true\n");
        var build = Plan(Named("app"), Folder("app") with { Config = config }).Builds.ShouldHaveSingleItem();

        build.BuilderClass.ShouldBe("9");
        build.TimeoutFactor.ShouldBe(2);
        build.CacheSources.ShouldBeTrue();
    }

    [Theory]
    [InlineData("1:1.2.3-1/1", "1:1.2.3-1/1")]
    [InlineData("\"1.2.3\"", "1.2.3/1")]
    [InlineData("1.2.3-1/2\nCI_MANAGE_AUR=true", null)]
    [InlineData("nonsense/2/3\nCI_MANAGE_AUR=true", null)]
    public void Plan_WhenTheConfigBumps_SaysSoUnlessTheFarmKeepsTheAur(string bump, string? expected)
    {
        var config = CiConfig.Parse($"CI_PACKAGE_BUMP={bump}\nBUILDER_ALLOW_PROHIBITED=True\n");
        var build = Plan(Named("app"), Folder("app") with { Config = config }).Builds.ShouldHaveSingleItem();

        build.PackageBump.ShouldBe(expected);
        build.AllowProhibited.ShouldBeTrue();
    }

    [Theory]
    [InlineData("1.0-1/x")]
    [InlineData("1.0 2/1")]
    public void Plan_WhenTheBumpIsNone_RefusesThePackageByName(string bump)
    {
        var plan = Plan(Named("app"), Folder("app") with { Config = CiConfig.Parse($"CI_PACKAGE_BUMP={bump}\n") });

        plan.Builds.ShouldBeEmpty();
        plan.Refused.ShouldHaveSingleItem().Reason.ShouldContain($"CI_PACKAGE_BUMP in its .CI/config is '{bump}'");
    }

    [Theory]
    [InlineData("0.5", 1)]
    [InlineData("-2", 1)]
    [InlineData("many", 1)]
    [InlineData("1000", 1)]
    [InlineData("1.5", 1.5)]
    public void Plan_WhenTheTimeoutFactorIsOdd_StaysSensible(string text, double factor) =>
        Plan(Named("app"), Folder("app") with { Config = CiConfig.Parse($"BUILDER_EXTRA_TIMEOUT={text}") })
            .Builds[0].TimeoutFactor.ShouldBe(factor);

    [Fact]
    public void Plan_WhenTheOrderNamesAClass_OverridesTheConfig()
    {
        var request = All() with { All = false, Packages = [new ScheduledPackage("app", "cat")] };
        Plan(request, Folder("app") with { Config = CiConfig.Parse("BUILDER_CLASS=9") }).Builds[0].BuilderClass.ShouldBe("cat");
    }

    [Fact]
    public void Plan_WhenAPackageIsUnknown_QueuesNothingAndNamesTheNearest()
    {
        var plan = Plan(Named("ap", "lib"), Folder("app"), Folder("lib"));

        plan.Builds.ShouldBeEmpty();
        plan.Error.ShouldNotBeNull().ShouldContain("'ap'");
        plan.Error.ShouldContain("app");
    }

    [Fact]
    public void Plan_WhenNothingIsNamedOrThere_SaysSo()
    {
        Plan(Named(), Folder("app")).Error.ShouldNotBeNull().ShouldContain("no package is named");
        Plan(All()).Error.ShouldNotBeNull().ShouldContain("no package folder");
    }

    [Fact]
    public void Plan_WhenAFolderIsBroken_RefusesItAloneAndSaysWhoDependsOnIt()
    {
        var plan = Plan(All(), Folder("app"), Broken("lib", "it has no .SRCINFO"));

        plan.Builds.Select(build => build.Package.Pkgbase).ShouldBe(["app"]);
        plan.Refused.ShouldBe([new RefusedPackage("lib", "it has no .SRCINFO")]);
    }

    [Fact]
    public void Plan_WhenTheArchDoesNotFit_RefusesIt()
    {
        var plan = Plan(All(), Folder("arm", "arch = aarch64"), Folder("app", "depends = arm"));

        plan.Builds.Select(build => build.Package.Pkgbase).ShouldBe(["app"]);
        plan.Refused.ShouldHaveSingleItem().Reason.ShouldContain("aarch64");
    }

    [Fact]
    public void Plan_WhenOnlySomePackagesFitTheArch_OrdersThose() =>
        Plan(All(), Folder("suite", "pkgname = suite-a", "pkgname = suite-b", "arch = aarch64")).Builds[0].Pkgnames.ShouldBe(["suite-a"]);

    [Fact]
    public void Plan_WhenNamedTwice_OrdersItOnceAsTheLast()
    {
        var request = All() with { All = false, Packages = [new ScheduledPackage("app", "1"), new ScheduledPackage("app", "2")] };
        Plan(request, Folder("app")).Builds.ShouldHaveSingleItem().BuilderClass.ShouldBe("2");
    }

    [Fact]
    public void Plan_WhenThereIsACycle_SaysWhoBegins()
    {
        var plan = Plan(All(), Folder("b", "depends = a"), Folder("a", "makedepends = b"), Folder("c", "depends = a"));

        plan.Notes.ShouldHaveSingleItem().ShouldStartWith("a, b depend on each other in a cycle; a is built first");
        plan.Builds.Length.ShouldBe(3);
    }

    [Fact]
    public void Plan_WhenSeveralPackagesAreUnknown_NamesAllOfThemAndQueuesNothing()
    {
        var plan = Plan(Named("ap", "lib", "lbi", "completely-other"), Folder("app"), Folder("lib"));

        plan.Builds.ShouldBeEmpty();
        var error = plan.Error.ShouldNotBeNull();
        error.ShouldContain("'ap' at 0123456789; the nearest: app");
        error.ShouldContain("'lbi' at 0123456789; the nearest: lib");
        error.ShouldContain("'completely-other' at 0123456789. Nothing");
        error.ShouldEndWith("Nothing was queued, not the others either");
        Plan(Named([.. Enumerable.Range(0, 50).Select(i => $"x{i}")]), Folder("app")).Error.ShouldNotBeNull().ShouldContain("with 30 more");
    }

    [Fact]
    public void Plan_WhenTheConfigAsksForABuilder_PassesItOn()
    {
        var config = CiConfig.Parse("BUILDER_LABELS=\"avx512, fast-disk avx512\"\nBUILDER_MEMORY=16G\nBUILDER_DISK=500\n");
        var build = Plan(Named("app"), Folder("app") with { Config = config }).Builds.ShouldHaveSingleItem();

        build.Labels.ShouldBe(["avx512", "fast-disk"]);
        build.MemoryMiB.ShouldBe(16 * 1024);
        build.DiskMiB.ShouldBe(500);
    }

    [Theory]
    [InlineData("BUILDER_CLASS=9 9", "BUILDER_CLASS")]
    [InlineData("BUILDER_CLASS=99999999999", "too large")]
    [InlineData("BUILDER_LABELS=a/b", "BUILDER_LABELS")]
    [InlineData("BUILDER_MEMORY=lots", "BUILDER_MEMORY")]
    [InlineData("BUILDER_MEMORY=-1", "BUILDER_MEMORY")]
    [InlineData("BUILDER_DISK=9999999G", "BUILDER_DISK")]
    public void Plan_WhenTheConfigAsksForWhatIsNone_RefusesTheFolderAndSaysWhy(string config, string says)
    {
        var plan = Plan(Named("app", "lib"), Folder("app") with { Config = CiConfig.Parse(config) }, Folder("lib"));

        plan.Refused.ShouldHaveSingleItem().Reason.ShouldContain(says);
        plan.Builds.ShouldHaveSingleItem().Package.Pkgbase.ShouldBe("lib");
    }

    [Fact]
    public void Plan_WhenADeptreeIsGiven_UsesItOnlyForWhatTheCommitDoesNotTell()
    {
        var request = All() with { Deptree = "app:app:other;bare:bare,bare-data:lib;lib:lib:" };
        var plan = Plan(request, Folder("lib"), Folder("other"), Folder("app", "depends = lib"), Broken("bare", "it has no .SRCINFO"));

        plan.Builds.ToDictionary(build => build.Package.Pkgbase, build => string.Join(',', build.DependsOn))
            .ShouldBe(new Dictionary<string, string> { ["app"] = "lib", ["bare"] = "lib", ["lib"] = "", ["other"] = "" }, ignoreOrder: true);
        plan.Notes.ShouldContain("the deptree given was used for bare");
        Plan(request with { Deptree = "app:app:other" }, Folder("app")).Notes.ShouldContain(note => note.Contains("was not needed"));
    }

    [Theory]
    [InlineData("bare-git:bare-git,bare:")]
    [InlineData("bare-git::")]
    [InlineData("bare-git:bare:;libx++:cmake:")]
    public void Plan_WhenOnlyADeptreeTellsOfAFolder_DoesNotTakeItsNamesForWhatMustArrive(string deptree)
    {
        var plan = Plan(Named("bare-git") with { Deptree = deptree }, Broken("bare-git", "it has no .SRCINFO"));

        plan.Builds.ShouldHaveSingleItem().Pkgnames.ShouldBeEmpty();
    }

    [Fact]
    public void Plan_WhenTheDeptreeGivenIsToWin_FollowsIt()
    {
        var request = All() with { Deptree = "app:app:other", DeptreeWins = true };
        Plan(request, Folder("lib"), Folder("other-data", "provides = other"), Folder("app", "depends = lib")).Builds
            .Single(build => build.Package.Pkgbase == "app").DependsOn.ShouldBe(["other-data"], "what it does not tell of is looked up in the commit");
    }

    [Fact]
    public void Plan_WhenTheDeptreeGivenCannotBeRead_SaysSoAndGoesOnUnlessItWasToWin()
    {
        var request = All() with { Deptree = "app" };
        var plan = Plan(request, Folder("lib"), Folder("app", "depends = lib"));
        plan.Builds[0].DependsOn.ShouldBe(["lib"]);
        plan.Notes.ShouldContain(note => note.Contains("cannot be read: 'app' is not of the form"));
        Plan(request with { DeptreeWins = true }, Folder("app")).Error.ShouldNotBeNull().ShouldContain("'app' is not of the form");
    }

    [Fact]
    public void Plan_WhenADeptreeMakesFarTooManyDependencies_QueuesNothingAndSaysWhy()
    {
        const int Count = 600;
        var names = Enumerable.Range(0, Count).Select(i => $"p{i}").ToList();
        var all = string.Join(',', names);
        var folders = names.Select(name => Folder(name)).ToArray();
        var request = All() with { Deptree = string.Join(';', names.Select(name => $"{name}:{name}:{all}")), DeptreeWins = true };

        var plan = Plan(request, folders);

        plan.Builds.ShouldBeEmpty();
        plan.Error.ShouldNotBeNull().ShouldContain($"more than {SchedulePlanner.MaxDependencies} dependencies together");
        plan.Error.ShouldContain("look at the deptree given");
        Plan(request with { All = false, Packages = [.. names.Take(400).Select(name => new ScheduledPackage(name, null))] }, folders).Builds.Length.ShouldBe(400);
    }

    [Fact]
    public void Plan_WhenDependantsGoOn_SaysSoInTheOrders() =>
        SchedulePlanner.Plan("source", new SourceRepositoryOptions { HoldDependants = false }, All(), Snapshot(Folder("app")))
            .Builds[0].HoldDependants.ShouldBeFalse();

    private static ScheduleRequest All() => new() { Operation = Guid.NewGuid(), Target = Target, All = true, Priority = BuildPriority.Commit };

    private static ScheduleRequest Named(params string[] pkgbases) =>
        All() with { All = false, Packages = [.. pkgbases.Select(pkgbase => new ScheduledPackage(pkgbase, null))] };

    private static SchedulePlan Plan(ScheduleRequest request, params PackageFolder[] folders) =>
        SchedulePlanner.Plan("source", new SourceRepositoryOptions(), request, Snapshot(folders));
}
