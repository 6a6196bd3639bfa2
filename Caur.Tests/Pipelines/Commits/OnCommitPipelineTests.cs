using Caur.Pipelines.Commits;
using Caur.Pipelines.Git;
using Caur.Pipelines.Hosting;
using Caur.Pipelines.Reading;
using Caur.Pipelines.Runs;
using Caur.Tests.Pipelines.Git;

namespace Caur.Tests.Pipelines.Commits;

public sealed class OnCommitPipelineTests : IAsyncLifetime
{
    private readonly RecordingFarm _farm = new();
    private SourceRemote _remote = null!;

    public async ValueTask InitializeAsync() => _remote = await SourceRemote.CreateAsync();

    [Fact]
    public async Task RunAsync_WhenFoldersChanged_SchedulesThemAndMovesTheTag()
    {
        var first = await TaggedAsync("a", "b", "c");
        await PushAsync("change", Package("a", "2"));
        var head = await PushAsync("more", ("b/.CI/config", "CI_PACKAGE_BUMP=1-1/1\n"), ("new/PKGBUILD", ""), ("new/.SRCINFO", Srcinfo("new")), ("README", "x"), (".ci/x", ""));

        var run = await RunAsync();

        run.Outcome.ShouldBe(RunOutcome.Succeeded, run.Summary);
        (run.From, run.Commit).ShouldBe((first, head));
        Decisions(run).ShouldBe(["a Build changed: .SRCINFO, PKGBUILD", "b Build changed: .CI/config", "new Build its folder is new"]);
        var order = _farm.Schedules.ShouldHaveSingleItem();
        (order.Commit, order.SourceRepository, order.TargetRepository, order.Arch).ShouldBe((head, "chaotic-aur", "chaotic-aur", "x86_64"));
        run.Decisions[0].Builds.ShouldBe(["chaotic-aur/x86_64/a/1000"]);
        _farm.Keeps.ShouldBeEmpty();
        (await _remote.TagAsync()).ShouldBe(head);
        (await _remote.ParseAsync("refs/tags/scheduled")).ShouldBe(head);
        run.Steps.Select(step => (step.Name, step.Outcome)).ShouldBe(
        [
            ("range", StepOutcome.Done), ("read", StepOutcome.Done), ("decide", StepOutcome.Done), ("names", StepOutcome.Done),
            ("schedule", StepOutcome.Done), ("remove", StepOutcome.Skipped), ("tag", StepOutcome.Done),
        ]);
        run.Steps.ShouldAllBe(step => step.Ended >= step.Started);

        (await RunAsync()).Outcome.ShouldBe(RunOutcome.NothingToDo);
        _farm.Schedules.Count.ShouldBe(1);
    }

    /// <summary>The farm reads whole commits, and remembers them.</summary>
    [Fact]
    public async Task RunAsync_WithAReaderThatRemembers_DecidesTheSame()
    {
        await TaggedAsync("a", "b");
        await PushAsync("change [deploy b]", Package("a", "2"));
        var git = await _remote.OpenAsync();
        var reader = new CommitReader(git);

        var run = await new OnCommitPipeline(
            git, new GitRemote("origin", null), _ => _farm, new OnCommitOptions { DryRun = true }, TimeProvider.System, reader: reader)
            .RunAsync(TestContext.Current.CancellationToken);

        Decisions(run).ShouldBe(Decisions(await RunAsync(new OnCommitOptions { DryRun = true })));
        (await reader.ReadAsync(run.Commit!, TestContext.Current.CancellationToken)).Folders.Count.ShouldBe(2);
        reader.FilesRead.ShouldBe(0);
    }

    [Fact]
    public async Task RunAsync_WithoutATag_HandlesTheHeadAlone()
    {
        await PushAsync("one [deploy b]", [.. Package("a"), .. Package("b")]);
        var head = await PushAsync("two", Package("b", "2"));

        var run = await RunAsync();

        Decisions(run).ShouldBe(["b Build changed: .SRCINFO, PKGBUILD"]);
        run.From.ShouldBeNull();
        (await _remote.TagAsync()).ShouldBe(head);
    }

    [Fact]
    public async Task RunAsync_WithoutATag_HandlesAMergeAndAFirstCommitToo()
    {
        var root = await PushAsync("root", Package("a"));
        Decisions(await RunAsync()).ShouldBe(["a Build its folder is new"]);
        await _remote.Work.GitAsync("push", "-q", "origin", ":refs/tags/scheduled");
        await _remote.Work.GitAsync("checkout", "-q", "-b", "side");
        await _remote.CommitAsync("side", Package("b"));
        await _remote.Work.GitAsync("checkout", "-q", "-B", "main", root);
        await _remote.CommitAsync("main", Package("c"));
        await _remote.Work.GitAsync("merge", "-q", "--no-ff", "-m", "merge", "side");
        await PushAsync("on top");
        await _remote.Work.GitAsync("reset", "-q", "--hard", "HEAD~1");
        await _remote.Work.GitAsync("push", "-q", "--force", "origin", "HEAD:refs/heads/main");

        Decisions(await RunAsync()).ShouldBe(["b Build its folder is new"]);
    }

    [Fact]
    public async Task RunAsync_WhenMessagesOrder_SchedulesWhatTheyName()
    {
        await TaggedAsync("a", "c++utilities", "guile1.8", "@x");
        var first = await PushAsync("one [deploy a]\n\nand [deploy c++utilities] too");
        await PushAsync("two [deploy @x] [deploy a]", Package("a", "2"));

        var run = await RunAsync();

        run.Decisions.Select(one => one.Pkgbase).ShouldBe(["@x", "a", "c++utilities"]);
        run.Decisions[1].Reasons.ShouldContain($"[deploy a] in {first[..10]}");
        run.Decisions[1].Reasons[0].ShouldStartWith("changed: ");
    }

    [Fact]
    public async Task RunAsync_WhenAllAreOrdered_SchedulesAll()
    {
        await TaggedAsync("a", "b", "c");
        await PushAsync("all [deploy all]", ("broken/PKGBUILD", ""));
        _farm.Refused["broken"] = "it has no .SRCINFO";
        (await RunAsync(new OnCommitOptions { DryRun = true })).Decisions.Single(one => one.Pkgbase == "broken").Problem.ShouldNotBeNull().ShouldContain(".SRCINFO");

        var run = await RunAsync();

        _farm.Queued.ShouldBe(["a", "b", "c"]);
        run.Outcome.ShouldBe(RunOutcome.Incomplete);
        run.Decisions.Single(one => one.Pkgbase == "broken").Problem.ShouldNotBeNull().ShouldContain(".SRCINFO");
    }

    [Theory]
    [InlineData("fix [deploy ab]", "[deploy ab]")]
    [InlineData("fix [deploy abc] [deploy all] [deploy nowhere]", "[deploy nowhere]")]
    public async Task RunAsync_WhenANameIsUnknown_FailsAndNamesItAndTheCommitAndLeavesTheTag(string message, string named)
    {
        var tag = await TaggedAsync("abc");
        var guilty = await PushAsync(message);
        await PushAsync("more", Package("abc", "2"));

        var run = await RunAsync();

        run.Outcome.ShouldBe(RunOutcome.Failed);
        run.Summary.ShouldContain(guilty);
        run.Summary.ShouldContain(named);
        run.Steps[^1].ShouldSatisfyAllConditions(step => step.Name.ShouldBe("decide"), step => step.Outcome.ShouldBe(StepOutcome.Failed));
        (await _remote.TagAsync()).ShouldBe(tag);
        _farm.Schedules.ShouldBeEmpty();

        // As the manual has it: the message is mended and force-pushed.
        await _remote.Work.GitAsync("reset", "-q", "--hard", tag);
        await PushAsync("mended [deploy abc]");
        (await RunAsync()).Outcome.ShouldBe(RunOutcome.Succeeded);
        _farm.Queued.ShouldBe(["abc"]);
    }

    [Fact]
    public async Task RunAsync_WhenWhatIsOrderedWentLater_SaysSoAndGoesOn()
    {
        await TaggedAsync("a", "b");
        await PushAsync("one [deploy b]");
        _remote.Remove("b");
        await PushAsync("two", Package("a", "2"));

        var run = await RunAsync();

        run.Outcome.ShouldBe(RunOutcome.Succeeded, run.Summary);
        run.Notes.ShouldContain(note => note.Contains("[deploy b]"));
        _farm.Queued.ShouldBe(["a"]);
    }

    [Fact]
    public async Task RunAsync_WhenFoldersWentOrWereRenamed_RemovesThemAndTheirSplitPackages()
    {
        await TaggedAsync("a", "old", "gone", "stays");
        _farm.Published["a"] = ["a"];
        _farm.Published["old"] = ["old", "old-docs"];
        _farm.Published["gone"] = ["gone-bin"];
        _farm.Published["stays"] = ["stays"];

        await _remote.Work.GitAsync("mv", "old", "renamed");
        await File.WriteAllTextAsync(Path.Combine(_remote.Work.Folder, "renamed", ".SRCINFO"), Srcinfo("renamed"), TestContext.Current.CancellationToken);
        _remote.Remove("gone");
        File.Delete(Path.Combine(_remote.Work.Folder, "a", "PKGBUILD"));
        await PushAsync("moves");

        var run = await RunAsync();

        Decisions(run).ShouldBe(
        [
            "a Remove its folder is gone; x86_64: a", "gone Remove its folder is gone; x86_64: gone-bin",
            "old Remove its folder was renamed to renamed; x86_64: old, old-docs", "renamed Build its folder is new",
        ]);
        _farm.Published.Keys.ShouldBe(["stays"]);
        _farm.Keeps.ShouldHaveSingleItem().Pkgbases.ShouldBe(["renamed", "stays"]);
        _farm.Queued.ShouldBe(["renamed"]);
    }

    [Fact]
    public async Task RunAsync_WhenNoFolderIsLeft_RemovesNothingAndFails()
    {
        var tag = await TaggedAsync("a");
        _farm.Published["a"] = ["a"];
        _remote.Remove("a");
        await PushAsync("all gone");

        var run = await RunAsync();

        run.Outcome.ShouldBe(RunOutcome.Failed);
        _farm.Published.ShouldContainKey("a");
        (await _remote.TagAsync()).ShouldBe(tag);
    }

    [Fact]
    public async Task RunAsync_WhenTheHistoryWasForced_ComparesTheFilesAllTheSame()
    {
        var first = await TaggedAsync("a", "b", "c");
        await PushAsync("bad [deploy typo", Package("a", "2"));
        await RunAsync();
        _farm.Queued.Clear();
        await _remote.Work.GitAsync("reset", "-q", "--hard", first);
        await PushAsync("other [deploy c]", Package("b", "2"));

        var run = await RunAsync();

        // a is what it was before, which was built since then.
        run.Decisions.Select(one => one.Pkgbase).ShouldBe(["a", "b", "c"]);
        run.Outcome.ShouldBe(RunOutcome.Succeeded, run.Summary);
    }

    [Fact]
    public async Task RunAsync_WhenTheWholeHistoryIsAnother_CountsTheNewestMessageOnly()
    {
        await TaggedAsync("a", "b");
        await _remote.Work.GitAsync("checkout", "-q", "--orphan", "other");
        await _remote.CommitAsync("long ago [deploy what-is-gone]", Package("a", "2"));
        var head = await PushAsync("now [deploy b]");

        var run = await RunAsync();

        run.Outcome.ShouldBe(RunOutcome.Succeeded, run.Summary);
        run.Decisions.Select(one => one.Pkgbase).ShouldBe(["a", "b"]);
        run.Notes.ShouldContain(note => note.Contains("no common history"));
        (await _remote.TagAsync()).ShouldBe(head);
    }

    /// <summary>Whatever breaks in between: the same run again does the rest.</summary>
    [Theory]
    [InlineData("names")]
    [InlineData("schedule")]
    [InlineData("schedule done")]
    [InlineData("keep")]
    [InlineData("keep done")]
    public async Task RunAsync_WhenTheFarmFails_LeavesTheTagAndSchedulesNothingTwice(string where)
    {
        var tag = await TaggedAsync("a", "b");
        _farm.Published["b"] = ["b"];
        _remote.Remove("b");
        var head = await PushAsync("change", Package("a", "2"));
        _farm.Fault = call => call == where ? new FarmUnavailableException("it is away") : null;

        var failed = await RunAsync();

        (failed.Outcome, failed.Summary).ShouldBe((RunOutcome.Failed, "it is away"));
        (await _remote.TagAsync()).ShouldBe(tag);
        _farm.Fault = _ => null;
        (await RunAsync()).Outcome.ShouldBe(RunOutcome.Succeeded);
        _farm.Queued.ShouldBe(["a"]);
        _farm.Published.ShouldBeEmpty();
        (await _remote.TagAsync()).ShouldBe(head);
    }

    [Fact]
    public async Task RunAsync_WhenTheTagCannotBePushed_FailsAndTheNextRunSchedulesNothingTwice()
    {
        var tag = await TaggedAsync("a");
        await PushAsync("change", Package("a", "2"));
        var hook = Path.Combine(_remote.Path, "hooks", "pre-receive");
        await File.WriteAllTextAsync(hook, "#!/bin/sh\necho 'tags are protected' >&2\nexit 1\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(hook, UnixFileMode.UserRead | UnixFileMode.UserExecute);

        var failed = await RunAsync();
        File.Delete(hook);
        var again = await RunAsync();

        failed.Outcome.ShouldBe(RunOutcome.Failed);
        failed.Summary.ShouldContain("tags are protected");
        failed.From.ShouldBe(tag);
        again.Outcome.ShouldBe(RunOutcome.Succeeded, again.Summary);
        _farm.Schedules.Select(order => order.Operation).Distinct().Count().ShouldBe(1);
        _farm.Queued.ShouldBe(["a"]);
    }

    [Fact]
    public async Task RunAsync_WhenANewerCommitWasHandledAlready_DoesNotGoBack()
    {
        await TaggedAsync("a", "b");
        var older = await PushAsync("older", Package("a", "2"));
        var newer = await PushAsync("newer", Package("b", "2"));
        (await RunAsync()).Outcome.ShouldBe(RunOutcome.Succeeded);

        var late = await RunAsync(new OnCommitOptions { Commit = older });

        late.Outcome.ShouldBe(RunOutcome.Superseded, late.Summary);
        _farm.Schedules.Count.ShouldBe(1);
        (await _remote.TagAsync()).ShouldBe(newer);
    }

    [Fact]
    public async Task RunAsync_WhenANewerCommitIsThereAndNothingWasHandled_DoesItsPart()
    {
        await TaggedAsync("a", "b");
        var older = await PushAsync("older", Package("a", "2"));
        await PushAsync("newer", Package("b", "2"));

        (await RunAsync(new OnCommitOptions { Commit = older })).Decisions.Select(one => one.Pkgbase).ShouldBe(["a"]);
        (await RunAsync()).Decisions.Select(one => one.Pkgbase).ShouldBe(["b"]);
    }

    [Fact]
    public async Task RunAsync_WhenItsCommitWasForcedAway_LeavesItToTheNewRun()
    {
        var first = await TaggedAsync("a", "b");
        var lost = await PushAsync("lost", Package("a", "2"));
        await _remote.Work.GitAsync("reset", "-q", "--hard", first);
        await PushAsync("kept", Package("b", "2"));

        (await RunAsync(new OnCommitOptions { Commit = lost })).Outcome.ShouldBe(RunOutcome.Superseded);
        _farm.Schedules.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task RunAsync_WhenAnotherRunMovesTheTagMeanwhile_EndsAtTheNewerOfBoth(int other)
    {
        await TaggedAsync("a", "b");
        string[] commits = ["", await PushAsync("one", Package("a", "2")), await PushAsync("two", Package("b", "2"))];
        _farm.Meanwhile = call => call == "schedule done"
            ? _remote.Work.GitAsync("push", "-q", "--force", "origin", $"{commits[other]}:refs/tags/scheduled")
            : Task.CompletedTask;

        var run = await RunAsync();

        run.Outcome.ShouldBe(RunOutcome.Succeeded, run.Summary);
        (await _remote.TagAsync()).ShouldBe(commits[2]);
    }

    [Fact]
    public async Task RunAsync_InAShallowCloneWithAnOldTag_SeesTheWholeRange()
    {
        await TaggedAsync("a", "b", "c");
        await PushAsync("one [deploy c]");
        await PushAsync("two", Package("a", "2"));
        var head = await PushAsync("three", Package("b", "2"));
        await _remote.Work.GitAsync("clone", "-q", "--depth", "1", "--no-tags", $"file://{_remote.Path}", _remote["shallow"]);

        var run = await RunAsync(folder: _remote["shallow"]);

        run.Outcome.ShouldBe(RunOutcome.Succeeded, run.Summary);
        run.Decisions.Select(one => one.Pkgbase).ShouldBe(["a", "b", "c"]);
        (await _remote.TagAsync()).ShouldBe(head);
    }

    [Fact]
    public async Task RunAsync_InACloneWithAStaleTag_GoesByTheServers()
    {
        await TaggedAsync("a", "b");
        await _remote.Work.GitAsync("clone", "-q", $"file://{_remote.Path}", _remote["cached"]);
        await PushAsync("one", Package("a", "2"));
        await RunAsync();
        await PushAsync("two", Package("b", "2"));
        await _remote.Work.GitAsync("-C", _remote["cached"], "fetch", "-q", "origin", "main");
        await _remote.Work.GitAsync("-C", _remote["cached"], "checkout", "-q", "--detach", "FETCH_HEAD");

        var run = await RunAsync(folder: _remote["cached"]);

        run.Decisions.Select(one => one.Pkgbase).ShouldBe(["b"], run.Summary);
    }

    [Fact]
    public async Task RunAsync_WhenTheTagIsAnnotated_GoesByItsCommit()
    {
        var first = await TaggedAsync("a");
        await _remote.Work.GitAsync("tag", "-f", "-a", "-m", "by hand", "scheduled", first);
        await _remote.Work.GitAsync("push", "-q", "--force", "origin", "refs/tags/scheduled");
        var head = await PushAsync("one", Package("a", "2"));

        var run = await RunAsync();

        (run.From, run.Outcome).ShouldBe((first, RunOutcome.Succeeded));
        (await _remote.TagAsync()).ShouldBe(head);
    }

    [Fact]
    public async Task RunAsync_WhenDry_ChangesNothing()
    {
        var tag = await TaggedAsync("a", "b");
        _farm.Published["b"] = ["b", "b-docs"];
        _remote.Remove("b");
        await PushAsync("change", Package("a", "2"));

        var run = await RunAsync(new OnCommitOptions { DryRun = true });

        run.Outcome.ShouldBe(RunOutcome.Succeeded, run.Summary);
        Decisions(run).ShouldBe(["a Build changed: .SRCINFO, PKGBUILD", "b Remove its folder is gone; x86_64: b, b-docs"]);
        run.Summary.ShouldContain("would be");
        _farm.Schedules.ShouldBeEmpty();
        _farm.Published.ShouldContainKey("b");
        (await _remote.TagAsync()).ShouldBe(tag);
    }

    [Fact]
    public async Task RunAsync_WhenDryAndNothingAnswers_StillDecides()
    {
        await TaggedAsync("a", "b");
        _remote.Remove("b");
        await _remote.CommitAsync("not pushed", Package("a", "2"));
        await _remote.Work.GitAsync("tag", "scheduled", "origin/main");
        await _remote.Work.GitAsync("remote", "set-url", "origin", _remote["nowhere"]);
        _farm.Fault = _ => new FarmUnavailableException("it is away");

        var run = await RunAsync(new OnCommitOptions { DryRun = true });

        run.Decisions.Select(one => (one.Pkgbase, one.Kind)).ShouldBe([("a", DecisionKind.Build), ("b", DecisionKind.Remove)], run.Summary);
        run.Notes.Count(note => note.Contains("it is away")).ShouldBe(2);
    }

    [Fact]
    public async Task RunAsync_WhenSettingsSaySo_HandsOverNamesAndClasses()
    {
        await TaggedAsync("a", "b");
        _farm.Names = new FarmNames(["pkgs"], [new FarmTargetName("caur", ["x86_64", "aarch64"])]);
        await PushAsync(
            "settings", [.. Package("a", "2"), ("b/.CI/config", "BUILDER_CLASS=9\n"), (".ci/config", "BUILD_REPO=pkgs\nREPO_NAME=caur\nCI_DEFAULT_CLASS=5\n")]);

        var run = await RunAsync(new OnCommitOptions { Architectures = ["x86_64", "aarch64"], Pipeline = "42" });

        run.Outcome.ShouldBe(RunOutcome.Succeeded, run.Summary);
        _farm.Schedules.Select(order => (order.Arch, order.SourceRepository, order.TargetRepository, order.Pipeline))
            .ShouldBe([("x86_64", "pkgs", "caur", "42"), ("aarch64", "pkgs", "caur", "42")]);
        _farm.Schedules[0].Packages.ShouldBe([new WantedPackage("a", "5"), new WantedPackage("b", null)]);
        _farm.Schedules.Select(order => order.Operation).Distinct().Count().ShouldBe(2);
        run.Decisions[0].Builds.Length.ShouldBe(2);
    }

    [Theory]
    [InlineData("BUILD_REPO=$(id)", "BUILD_REPO in .ci/config")]
    [InlineData("BUILD_REPO=nowhere", "no source repository")]
    [InlineData("CI_DEFAULT_CLASS=a b", "CI_DEFAULT_CLASS")]
    [InlineData("REPO_NAME=\0", ".ci/config")]
    public async Task RunAsync_WhenTheSettingsCannotBeMeant_FailsAndLeavesTheTag(string config, string says)
    {
        var tag = await TaggedAsync("a");
        await PushAsync("settings", [.. Package("a", "2"), (".ci/config", config)]);

        var run = await RunAsync();

        run.Outcome.ShouldBe(RunOutcome.Failed);
        run.Summary.ShouldContain(says);
        (await _remote.TagAsync()).ShouldBe(tag);
        _farm.Schedules.ShouldBeEmpty();
    }

    [Fact]
    public async Task RunAsync_WhenFoldersCannotBeBuilt_TellsEachAndHandsOverTheRest()
    {
        await TaggedAsync("a", "refused");
        _farm.Refused["refused"] = "its arch is aarch64";
        _farm.Refused["bare"] = "it has no .SRCINFO";
        var head = await PushAsync(
            "change",
            [.. Package("a", "2"), .. Package("refused", "2"), ("bare/PKGBUILD", ""), ("with space/PKGBUILD", ""), ("docs/x", "no package")]);

        var run = await RunAsync();

        run.Outcome.ShouldBe(RunOutcome.Incomplete);
        _farm.Queued.ShouldBe(["a"]);
        run.Decisions.Where(one => one.Problem is not null).Select(one => one.Pkgbase).ShouldBe(["bare", "refused", "with space"]);
        run.Notes.ShouldContain("docs changed, and is no package folder: it has no PKGBUILD");
        (await _remote.TagAsync()).ShouldBe(head);
    }

    [Fact]
    public async Task RunAsync_WhenNoCommitIsMeant_SaysSo()
    {
        await TaggedAsync("a");

        var run = await RunAsync(new OnCommitOptions { Commit = "--all" });

        (run.Outcome, run.Summary.Contains("'--all' is no commit")).ShouldBe((RunOutcome.Failed, true), run.Summary);
        (await RunAsync(new OnCommitOptions { Tag = "a b" })).Summary.ShouldContain("no name");
        (await RunAsync(new OnCommitOptions { Branch = "--exec=x" })).Outcome.ShouldNotBe(RunOutcome.Succeeded);
    }

    public ValueTask DisposeAsync()
    {
        _remote.Dispose();
        return ValueTask.CompletedTask;
    }

    private static (string Path, string Text)[] Package(string pkgbase, string pkgver = "1") => SourceRemote.Package(pkgbase, pkgver);

    private static string Srcinfo(string pkgbase) => SourceRemote.Srcinfo(pkgbase);

    private static IEnumerable<string> Decisions(PipelineRun run) =>
        run.Decisions.Select(one => $"{one.Pkgbase} {one.Kind} {string.Join("; ", one.Reasons)}");

    private Task<string> PushAsync(string message, params (string Path, string Text)[] files) => _remote.PushAsync(message, files);

    /// <summary>Pushes packages, up to which everything was handed over.</summary>
    private async Task<string> TaggedAsync(params string[] pkgbases)
    {
        var commit = await PushAsync("init", [.. pkgbases.SelectMany(pkgbase => Package(pkgbase))]);
        await _remote.Work.GitAsync("push", "-q", "origin", $"{commit}:refs/tags/scheduled");
        return commit;
    }

    private async Task<PipelineRun> RunAsync(OnCommitOptions? options = null, string? folder = null) => await new OnCommitPipeline(
        await _remote.OpenAsync(folder), new GitRemote("origin", null), _ => _farm, options ?? new OnCommitOptions(), TimeProvider.System)
        .RunAsync(TestContext.Current.CancellationToken);
}
