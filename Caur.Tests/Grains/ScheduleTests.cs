using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Sources;
using Caur.Tests.Sources;

namespace Caur.Tests.Grains;

/// <summary>From a commit of a real git repository to the queue.</summary>
public sealed class ScheduleTests
{
    [Fact]
    public async Task Schedule_WhenAllOfACommit_QueuesInTheOrderOfTheDeptree()
    {
        await using var farm = await Farm.StartAsync();
        var commit = await CommitAsync(farm);
        var request = Request() with { All = true };

        var reply = await farm.Source("packages").ScheduleAsync(request);

        reply.Error.ShouldBeNull();
        reply.Commit.ShouldBe(commit);
        reply.Builds.Single(build => build.Build.Pkgbase == "app").DependsOn.ShouldBe(["lib+x"]);
        reply.Refused.ShouldHaveSingleItem().Pkgbase.ShouldBe("broken");
        (await farm.Source("packages").ScheduleAsync(request)).Builds.ShouldBe(reply.Builds, Comparer, ignoreOrder: false);

        var builder = new ScriptedBuilder(farm, slots: 2);
        await builder.JoinAsync();
        (await builder.BuildAllAsync()).ShouldBe(["lib+x", "app"]);
        (await farm.Build(reply.Builds[0].Build).GetAsync())!.Request.Commit.ShouldBe(commit);
    }

    [Fact]
    public async Task Schedule_WhenRepeatedAfterTheBuildsFinished_QueuesNothingTwice()
    {
        await using var farm = await Farm.StartAsync();
        await CommitAsync(farm);
        var request = Request() with { Packages = [new ScheduledPackage("lib+x", null)] };
        var first = await farm.Source("packages").ScheduleAsync(request);
        var builder = new ScriptedBuilder(farm);
        await builder.JoinAsync();
        await builder.BuildAllAsync();

        (await farm.Source("packages").ScheduleAsync(request)).Builds.Single().Build.ShouldBe(first.Builds.Single().Build);
        (await farm.Queue.GetAsync()).Items.ShouldBeEmpty();
    }

    /// <summary>Also when it wants more than the first order, or the same of another commit, and after a restart.</summary>
    [Fact]
    public async Task Schedule_WhenTheOperationIsAnotherOrders_QueuesNothingAndSaysSo()
    {
        await using var farm = await Farm.StartAsync();
        await CommitAsync(farm);
        var first = Request() with { Packages = [new ScheduledPackage("lib+x", null)] };
        ScheduleRequest[] others =
        [
            first with { Packages = [new ScheduledPackage("lib+x", null), new ScheduledPackage("app", null)] },
            first with { Packages = [new ScheduledPackage("lib+x", "3")] },
            first with { Commit = "main" },
            first with { All = true, Packages = [] },
            first with { Priority = BuildPriority.MassRebuild },
        ];
        (await farm.Source("packages").ScheduleAsync(first)).Error.ShouldBeNull();
        foreach (var restarted in (bool[])[false, true])
        {
            foreach (var other in others)
            {
                var refused = await farm.Source("packages").ScheduleAsync(other);
                refused.Error.ShouldNotBeNull().ShouldContain("another order");
                refused.Builds.ShouldBeEmpty();
            }

            (await farm.Source("packages").ScheduleAsync(first)).Builds.ShouldHaveSingleItem();
            (await farm.Queue.GetAsync()).Items.ShouldHaveSingleItem().Request.BuilderClass.ShouldNotBe("3");
            await (restarted ? Task.CompletedTask : farm.RestartAsync());
        }
    }

    [Fact]
    public async Task Schedule_WhenSomethingIsUnknown_QueuesNothingAndSaysWhat()
    {
        await using var farm = await Farm.StartAsync();
        await CommitAsync(farm);

        (await farm.Source("nowhere").ScheduleAsync(Request() with { All = true })).Error.ShouldNotBeNull().ShouldContain("packages");
        (await farm.Source("packages").ScheduleAsync(Request() with { All = true, Target = new TargetId("other", "x86_64") }))
            .Error.ShouldNotBeNull().ShouldContain("repo");
        (await farm.Source("packages").ScheduleAsync(Request() with { All = true, Target = new TargetId("repo", "riscv64") }))
            .Error.ShouldNotBeNull().ShouldContain("x86_64");
        (await farm.Source("packages").ScheduleAsync(Request() with { All = true, Commit = "v9" })).Error.ShouldNotBeNull().ShouldContain("v9");
        (await farm.Source("packages").ScheduleAsync(Request() with { Packages = [new ScheduledPackage("ap", null)] }))
            .Error.ShouldNotBeNull().ShouldContain("app");
        (await farm.Queue.GetAsync()).Items.ShouldBeEmpty();
    }

    private static Comparer<QueuedBuild> ByBuild => Comparer<QueuedBuild>.Create((a, b) => string.CompareOrdinal(a.Build.ToString(), b.Build.ToString()));

    private static EqualityComparer<QueuedBuild> Comparer => EqualityComparer<QueuedBuild>.Create((a, b) => ByBuild.Compare(a, b) == 0, build => 0);

    private static ScheduleRequest Request() => new() { Operation = Guid.NewGuid(), Target = Farm.Target };

    private static Task<string> CommitAsync(Farm farm) => new GitWorkTree(farm.SourceFolder).CommitAsync(
        ("lib+x/PKGBUILD", ""),
        ("lib+x/.SRCINFO", "pkgbase = lib+x\npkgver = 1\npkgrel = 1\nepoch = 2\narch = x86_64\n\npkgname = lib+x\nprovides = libx=2:1\n"),
        ("app/PKGBUILD", ""),
        ("app/.SRCINFO", "pkgbase = app\npkgver = 1\npkgrel = 1\narch = any\nmakedepends = libx>=2:0\n\npkgname = app\n"),
        ("broken/PKGBUILD", ""));
}
