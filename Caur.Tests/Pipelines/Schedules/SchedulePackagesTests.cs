using Caur.Pipelines.Manual;
using Caur.Pipelines.Runs;

namespace Caur.Tests.Pipelines.Schedules;

public sealed class SchedulePackagesTests(ScheduleStart start) : IClassFixture<ScheduleStart>
{
    [Fact]
    public async Task RunAsync_OfAll_NamesFoldersThatCannotBeBuilt()
    {
        await using var rig = await ScheduleRig.StartAsync(start);
        await rig.Remote.PushAsync("broken", ("bro ken/PKGBUILD", "x\n"));
        var (git, repository) = rig.Clone();

        var run = await new SchedulePackages(git, repository, _ => rig.Farm, null, new ManualOptions { Branch = "main" }, TimeProvider.System)
            .RunAsync(TestContext.Current.CancellationToken);

        rig.Farm.Queued.ShouldBe(["heavy", "plain", "tool"]);
        run.Outcome.ShouldBe(RunOutcome.Incomplete, run.Summary);
        var broken = run.Decisions.Single(one => one.Pkgbase == "bro ken");
        broken.Kind.ShouldBe(DecisionKind.Skipped);
        broken.Problem.ShouldNotBeNull().ShouldStartWith("its folder's name is none for a package");
    }
}
