using Caur.Pacman;
using Caur.Pipelines.Reading;
using Caur.Pipelines.Rebuilds;
using FsCheck;
using FsCheck.Fluent;

namespace Caur.Tests.Pipelines.Rebuilds;

public sealed class RebuildPlannerTests
{
    [Fact]
    public void Plan_WhenPackagesAreNamed_RebuildsThemAloneInTheirOrder()
    {
        var plan = Plan([Folder("zlib-x"), Folder("app", "depends = zlib-x"), Folder("other", "depends = app")], null, "app", "zlib-x");

        plan.Builds.Select(build => (build.Pkgbase, Reasons(build), string.Join(",", build.After)))
            .ShouldBe([("zlib-x", "asked for", ""), ("app", "asked for", "zlib-x")]);
        plan.LeftOut.ShouldBeEmpty();
    }

    [Fact]
    public void Plan_WhenAPkgnameIsNamed_RebuildsWhatMakesIt()
    {
        var plan = Plan([PackageFolder.Read("split", Srcinfo("split", [], "split-a", "split-b"), null)], null, "split-b", "split");

        var build = plan.Builds.ShouldHaveSingleItem();
        (build.Pkgbase, Reasons(build)).ShouldBe(("split", "asked for: it makes split-b; asked for"));
    }

    [Fact]
    public void Plan_ForALibrary_RebuildsWhatNeedsItOrHasItAsTriggerAndNoFurther()
    {
        var plan = Plan(
            [
                Folder("runs", "depends = libfoo.so=2-64"),
                Folder("builds", "makedepends = libfoo"),
                Folder("tests", "checkdepends_x86_64 = libfoo>=1"),
                PackageFolder.Read("split", Srcinfo("split", [], "split-a", "split-b\n\tdepends = libfoo"), null),
                Folder("follows", "depends = runs"),
                Triggered("triggered", "CI_REBUILD_TRIGGERS=gcc:libfoo\n"),
                Folder("unrelated", "depends = libfoobar"),
                Folder("elsewhere", "depends_aarch64 = libfoo"),
            ],
            null,
            "libfoo", "libfoo.so");

        plan.Builds.Select(build => (build.Pkgbase, Reasons(build))).ShouldBe(
        [
            ("builds", "depends on libfoo at build time"),
            ("runs", "depends on libfoo.so=2-64"),
            ("split", "depends on libfoo"),
            ("tests", "depends on libfoo>=1 for its tests"),
            ("triggered", "has rebuild trigger libfoo"),
        ]);
    }

    [Fact]
    public void Plan_WithDepth_FollowsDependantsSoFar()
    {
        PackageFolder[] folders =
        [
            Folder("a", "depends = libfoo"), Folder("b", "depends = a"), Folder("c", "depends = b"), Triggered("d", "CI_REBUILD_TRIGGERS=c\n"),
        ];

        string[] Names(int? depth, string name) => [.. Plan(folders, depth, name).Builds.Select(build => build.Pkgbase)];

        Names(0, "libfoo").ShouldBeEmpty();
        Names(null, "libfoo").ShouldBe(["a"]);
        Names(2, "libfoo").ShouldBe(["a", "b"]);
        Names(null, "a").ShouldBe(["a"]);
        Names(1, "a").ShouldBe(["a", "b"]);
        var all = Plan(folders, int.MaxValue, "libfoo");
        all.Builds.Select(build => (build.Pkgbase, Reasons(build), string.Join(",", build.After))).ShouldBe(
        [
            ("a", "depends on libfoo", ""), ("b", "depends on a, which is rebuilt", "a"), ("c", "depends on b, which is rebuilt", "b"),
            ("d", "has rebuild trigger c, which is rebuilt", "c"),
        ]);
    }

    [Fact]
    public void Plan_ForALibraryThatTheRepositoryMakes_LeavesItsMakerOutAndSaysWhy()
    {
        var plan = Plan([Folder("foo", "provides = libfoo.so=2-64"), Folder("app", "depends = libfoo.so=2-64")], null, "libfoo.so");

        plan.Builds.ShouldHaveSingleItem().Pkgbase.ShouldBe("app");
        var left = plan.LeftOut.ShouldHaveSingleItem();
        (left.Pkgbase, left.Why).ShouldBe(("foo", "it makes libfoo.so: name it to rebuild it too"));
    }

    [Fact]
    public void Plan_WhenSomethingIsInTheWay_LeavesItOutWithTheReason()
    {
        PackageFolder[] folders =
        [
            Folder("lists", "depends = glibc"),
            Triggered("heavy", "CI_ON_TRIGGER=heavy\nCI_REBUILD_TRIGGERS=libfoo\n"),
            Triggered("broken", "CI_REBUILD_TRIGGERS=libfoo\n") with { Srcinfo = null, Problem = "it has no .SRCINFO" },
            PackageFolder.Read("arm", "pkgbase = arm\npkgver = 1\npkgrel = 1\narch = aarch64\ndepends = libfoo\n\npkgname = arm\n", null),
            PackageFolder.Read("silent", null, null),
            Folder("behind", "depends = heavy"),
        ];

        var plan = Plan(folders, int.MaxValue, "libfoo", "glibc");

        plan.Builds.ShouldBeEmpty();
        plan.LeftOut.Select(one => (one.Pkgbase, one.Why.Split(';')[0])).ShouldBe(
        [
            ("arm", "it is not built for x86_64, only for aarch64"),
            ("broken", "it has no .SRCINFO"),
            ("heavy", "not scheduled: trigger heavy"),
            ("lists", "glibc is in CI_REBUILD_BLACKLIST of .ci/config, and rebuilds nothing"),
            ("silent", "what it depends on is not known: it has no .SRCINFO"),
        ]);
        Plan(folders, null, "heavy").Builds.ShouldHaveSingleItem().Pkgbase.ShouldBe("heavy");
        Plan(folders, null, "arm", "lists").LeftOut.ShouldHaveSingleItem().Pkgbase.ShouldBe("arm");
    }

    [Fact]
    public void Plan_WhenPackagesDependOnEachOther_BreaksTheCycleAtItsFirstAndSaysSo()
    {
        var plan = Plan([Folder("a", "makedepends = c"), Folder("b", "depends = a"), Folder("c", "depends = b"), Folder("d", "depends = c")], int.MaxValue, "b");

        plan.Builds.Select(build => build.Pkgbase).ShouldBe(["a", "b", "c", "d"]);
        plan.Cycles.ShouldHaveSingleItem().Text.ShouldBe("a, b, c depend on each other: a does not wait for c");
    }

    [Fact]
    public void Plan_WhenANameIsNothings_TellsIt()
    {
        var plan = Plan([Folder("a")], null, "nowhere", "a", "$(id)");

        plan.Unknown.ShouldBe(["nowhere", "$(id)"]);
        plan.Builds.ShouldHaveSingleItem();
    }

    [Fact]
    public void Plan_WhenAnyGraph_IsInOrderWithEachOnceAndAReason() =>
        Prop.ForAll(
                Gen.Choose(0, int.MaxValue - 1).ToArbitrary(),
                seed =>
                {
                    var random = new Random(seed);
                    var count = random.Next(1, 14);
                    var part = random.NextDouble() * random.NextDouble();
                    var edges = new List<(string From, string To)>();
                    var folders = new List<PackageFolder>();
                    foreach (var from in Enumerable.Range(0, count))
                    {
                        var others = Enumerable.Range(0, count).Where(to => to != from && random.NextDouble() < part).Select(to => $"p{to}").ToList();
                        edges.AddRange(others.Select(to => ($"p{from}", to)));
                        var (written, triggers) = (others.Where((_, i) => i % 3 != 0), others.Where((_, i) => i % 3 == 0));
                        folders.Add(PackageFolder.Read(
                            $"p{from}",
                            Srcinfo($"p{from}", [.. written.Select((to, i) => $"{(i % 2 == 0 ? "depends" : "checkdepends")} = {to}"), .. from % 4 == 0 ? new[] { "makedepends = lib" } : []]),
                            $"CI_REBUILD_TRIGGERS={string.Join(':', triggers)}\n{(random.Next(6) == 0 ? "CI_ON_TRIGGER=daily\n" : "")}"));
                    }

                    string[] names = [.. Enumerable.Range(0, random.Next(0, 3)).Select(_ => $"p{random.Next(count)}"), "lib"];
                    var plan = Plan(folders, random.Next(4) is var depth && depth == 3 ? int.MaxValue : depth, names);

                    var places = plan.Builds.Index().ToDictionary(build => build.Item.Pkgbase, build => build.Index);
                    var ignored = plan.Cycles.SelectMany(cycle => cycle.Ignored.Select(edge => (edge.Pkgbase, edge.Dependency))).ToHashSet();
                    plan.Builds.ShouldAllBe(build => build.Reasons.Length > 0 && build.Reasons.All(reason => reason.Text.Length > 0));
                    foreach (var (from, to) in edges.Where(edge => places.ContainsKey(edge.From) && places.ContainsKey(edge.To)))
                    {
                        (places[to] < places[from] || ignored.Contains((from, to))).ShouldBeTrue($"{from} depends on {to}");
                        plan.Builds[places[from]].After.Contains(to).ShouldBe(!ignored.Contains((from, to)));
                    }

                    plan.LeftOut.ShouldAllBe(one => !places.ContainsKey(one.Pkgbase) && one.Why.Length > 0);
                    names.Where(name => name != "lib").ShouldAllBe(name => places.ContainsKey(name));
                    foreach (var cycle in plan.Cycles)
                    {
                        cycle.Ignored.ShouldAllBe(edge => cycle.Members.Contains(edge.Pkgbase) && cycle.Members.Contains(edge.Dependency));
                    }
                })
            .Check(Config.QuickThrowOnFailure.WithMaxTest(300).WithQuietOnSuccess(true));

    private static string Reasons(PlannedRebuild build) => string.Join("; ", build.Reasons.Select(reason => reason.Text));

    private static RebuildPlan Plan(IEnumerable<PackageFolder> folders, int? depth, params string[] names)
    {
        var snapshot = new SourceSnapshot("c0ffee", folders.ToDictionary(folder => folder.Pkgbase))
        {
            Config = new ConfigFile(CiConfig.Parse("CI_REBUILD_BLACKLIST=\"glibc:gcc-libs\"\n"), null),
        };
        return new RebuildPlanner(snapshot, "x86_64").Plan(new RebuildRequest { Names = [.. names], Depth = depth });
    }

    private static PackageFolder Folder(string pkgbase, params string[] lines) => PackageFolder.Read(pkgbase, Srcinfo(pkgbase, lines), null);

    private static PackageFolder Triggered(string pkgbase, string config) => PackageFolder.Read(pkgbase, Srcinfo(pkgbase, []), config);

    private static string Srcinfo(string pkgbase, string[] lines, params string[] pkgnames) => string.Join(
        "\n",
        [$"pkgbase = {pkgbase}", "pkgver = 1", "pkgrel = 1", "arch = x86_64", .. lines, .. (pkgnames is [] ? [pkgbase] : pkgnames).Select(name => $"\npkgname = {name}"), ""]);
}
