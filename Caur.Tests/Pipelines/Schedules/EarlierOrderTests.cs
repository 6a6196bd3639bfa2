using Caur.Pipelines.Hosting;
using Caur.Pipelines.Runs;
using Caur.Pipelines.Schedules;

namespace Caur.Tests.Pipelines.Schedules;

/// <summary>Runs that find what an earlier one did not hand over.</summary>
public sealed class EarlierOrderTests(ScheduleStart start) : IAsyncLifetime, IClassFixture<ScheduleStart>
{
    private ScheduleRig _rig = null!;

    public async ValueTask InitializeAsync()
    {
        _rig = await ScheduleRig.StartAsync(start);
        await _rig.PushAurAsync("tool", 200, "2");
    }

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task RunAsync_WhenSomebodyChangedOrDroppedAPackageSince_LeavesItToTheirCommit(bool drops)
    {
        await _rig.Remote.PushAsync("other", ScheduleRig.Package("other", "1", "CI_PKGBUILD_SOURCE=aur\n"));
        await _rig.TagAsync(await _rig.RefAsync("refs/heads/main"));
        await _rig.PushAurAsync("other", 200, "2");
        await LeaveAsync(new FarmUnavailableException("away"));
        (await _rig.StateAsync()).Pending!.Packages.Select(one => one.Pkgbase).ShouldBe(["other", "tool"]);
        await _rig.Remote.Work.GitAsync("pull", "-q", "origin", "main");
        if (drops)
        {
            _rig.Remote.Remove("tool");
        }

        await _rig.Remote.PushAsync("theirs", drops ? [] : [("tool/PKGBUILD", "theirs\n")]);

        var run = await _rig.RunAsync();

        _rig.Farm.Queued.ShouldBe(["other"]);
        run.Notes.ShouldContain(note => note.StartsWith("not handed over of an earlier run at") && note.EndsWith("because main has changed or removed them since: tool"));
        run.Notes.ShouldContain(note => note.StartsWith("1 packages of an earlier run at") && note.EndsWith("were handed over: other"));
        (await _rig.StateAsync()).Pending.ShouldBeNull();
    }

    [Fact]
    public async Task RunAsync_WhenTheFarmRefusesTheOrderAgain_DropsItTellsAndGoesOn()
    {
        (await LeaveAsync(new FarmUnavailableException("no such target") { IsRefusal = true })).MayPass.ShouldBeFalse();
        _rig.Farm.Fault = call => call == "schedule" ? new FarmUnavailableException("no such target") { IsRefusal = true } : null;

        var run = await _rig.RunAsync();

        run.Outcome.ShouldBe(RunOutcome.Incomplete, run.Summary);
        run.Notes.ShouldBe(["tool of an earlier run was not taken: no such target. Order it with caur ci schedule tool"]);
        (await _rig.StateAsync()).Pending.ShouldBeNull();
        (await _rig.RunAsync()).Outcome.ShouldBe(RunOutcome.NothingToDo);
    }

    [Fact]
    public async Task RunAsync_WhenTheFarmRefusesOnePackageOfTheOrder_TellsWhichAndWhy()
    {
        (await LeaveAsync(new FarmUnavailableException("away"))).MayPass.ShouldBeTrue();
        _rig.Farm.Refused["tool"] = "its folder is broken";

        var run = await _rig.RunAsync();

        run.Outcome.ShouldBe(RunOutcome.Incomplete, run.Summary);
        run.Notes.ShouldBe(["tool of an earlier run is not built for x86_64: its folder is broken. Order it with caur ci schedule tool"]);
        (await _rig.StateAsync()).Pending.ShouldBeNull();
    }

    /// <summary>A run that cannot hand over.</summary>
    private async Task<OnSchedulePipeline> LeaveAsync(FarmUnavailableException fault)
    {
        _rig.Farm.Fault = call => call == "schedule" ? fault : null;
        var (git, repository) = _rig.Clone();
        var pipeline = new OnSchedulePipeline(git, repository, _ => _rig.Farm, _rig.Options, _rig.Remote.Processes, TimeProvider.System);
        (await pipeline.RunAsync(TestContext.Current.CancellationToken)).Outcome.ShouldBe(RunOutcome.Failed);
        _rig.Farm.Fault = _ => null;
        return pipeline;
    }
}
