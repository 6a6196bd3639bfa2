using Caur.Pipelines.Commits;
using Caur.Pipelines.ManagedAur;
using Caur.Pipelines.Pushes;
using Caur.Pipelines.Runs;
using Caur.Pipelines.Schedules;
using Caur.Tests.Pipelines.Schedules;

namespace Caur.Tests.Pipelines.ManagedAur;

/// <summary>What a commit changes of managed packages reaches the AUR with that commit's run.</summary>
public sealed class AurDeliveryTests(ScheduleStart start) : IAsyncLifetime, IClassFixture<ScheduleStart>
{
    private ScheduleRig _rig = null!;

    public async ValueTask InitializeAsync() => _rig = await ScheduleRig.StartAsync(start);

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task AfterAsync_WhenACommitChangesAManagedPackage_PushesThatAlone()
    {
        const string Managed = "CI_PKGBUILD_SOURCE=custom\nCI_MANAGE_AUR=true\n";
        await _rig.TagAsync(await _rig.Remote.PushAsync(
            "managed", [(".ci/config", $"{ScheduleRig.Config}CI_MANAGE_AUR=true\n"), ("plain/.CI/config", Managed), .. ScheduleRig.Package("other", "1", Managed)]));
        await _rig.Remote.PushAsync("new", [.. ScheduleRig.Package("plain", "2", Managed), .. ScheduleRig.Package("tool", "2", "CI_PKGBUILD_SOURCE=aur\n")]);
        var aur = _rig.Remote["managed", "plain.git"];
        await _rig.Remote.Work.GitAsync("init", "-q", "--bare", "-b", "master", aur);
        var pipeline = new OnCommitPipeline(
            await _rig.Remote.OpenAsync(), new Caur.Pipelines.Git.GitRemote("origin", null), _ => _rig.Farm, new OnCommitOptions { Commit = "HEAD", Branch = "main" }, TimeProvider.System);
        var ended = await pipeline.RunAsync(TestContext.Current.CancellationToken);
        ended.Outcome.ShouldBe(RunOutcome.Succeeded, ended.Summary);
        pipeline.Managed.ShouldBe(["plain"]);

        var without = await AurDelivery.AfterAsync(ended, pipeline.Managed, null, TimeProvider.System, null, TestContext.Current.CancellationToken);
        without.Notes.ShouldContain(AurDelivery.NoKey);
        var run = await AurDelivery.AfterAsync(ended, pipeline.Managed, Delivery(), TimeProvider.System, null, TestContext.Current.CancellationToken);

        (run.Outcome, run.Summary).ShouldBe((ended.Outcome, ended.Summary));
        run.Steps[^1].ShouldSatisfyAllConditions(step => step.Name.ShouldBe("aur"), step => step.Detail.ShouldBe("1 pushed, 0 were there, 0 failed"));
        (await _rig.Remote.Work.GitAsync("--git-dir", aur, "show", "master:PKGBUILD")).ShouldContain("pkgver=2");
        (await AurDelivery.AfterAsync(ended with { DryRun = true }, pipeline.Managed, Delivery(), TimeProvider.System, null, TestContext.Current.CancellationToken))
            .Steps.Length.ShouldBe(ended.Steps.Length);
    }

    private AurDelivery Delivery() => new(
        new PushRepository(Path.Combine(_rig.Remote.Work.Folder, ".git"), GitRemote.Of(_rig.Remote.Path), _rig.Remote.Processes),
        new ManagedAurSetup("-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----") { Address = $"file://{_rig.Remote["managed"]}", KnownHosts = "x" },
        _rig.Remote["delivery"],
        null,
        new GitIdentity("Farm", "farm@example.org"),
        _rig.Remote.Processes,
        TimeProvider.System);
}
