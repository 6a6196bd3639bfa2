using System.Text.Json;
using Caur.Contracts.Builds;
using Caur.Silo.Cli;
using Caur.Tests.Cli;
using Caur.Tests.Notifications;
using Caur.Tests.Pipelines.Aur;
using Caur.Tests.Pipelines.Git;
using Caur.Tests.Pipelines.Schedules;
using Caur.Tests.Sources;
using UpstreamDaemon = Caur.Tests.Pipelines.Upstream.GitDaemon;

namespace Caur.Tests.Pipelines.Ci;

/// <summary>The verbs of <c>caur ci</c> beside <c>on-commit</c>.</summary>
public sealed class ScheduleVerbsTests : IAsyncLifetime
{
    private const string Config = "BUILD_REPO=caur\nREPO_NAME=caur\nCI_DEFAULT_CLASS=5\nGIT_AUTHOR_NAME=CI\nGIT_AUTHOR_EMAIL=ci@example.org\n";

    private SourceRemote _remote = null!;
    private FakeFarm _farm = null!;
    private string _tag = "";

    public async ValueTask InitializeAsync()
    {
        _remote = await SourceRemote.CreateAsync();
        _farm = await FakeFarm.StartAsync();
        await CommitAsync(
            [
                .. SourceRemote.Package("a"), ("a/.CI/config", "CI_PKGBUILD_SOURCE=custom\nBUILDER_CLASS=2\n"),
                .. SourceRemote.Package("b"), ("b/.CI/config", "# b\nCI_PKGBUILD_SOURCE=custom\n"),
                .. SourceRemote.Package("heavy"), ("heavy/.CI/config", "CI_PKGBUILD_SOURCE=custom\nCI_ON_TRIGGER=daily\n"),
                (".ci/config", Config),
            ]);
    }

    public async ValueTask DisposeAsync()
    {
        await _farm.DisposeAsync();
        _remote.Dispose();
    }

    [Fact]
    public async Task OnSchedule_WhenASourceChanged_CommitsAndPostsItOnceAndTellsItsPage()
    {
        await using var upstream = await UpstreamAsync("b", "2");
        await CommitAsync([("b/.CI/config", $"# b\nCI_PKGBUILD_SOURCE={upstream.Url("b")}\n")]);
        var dry = await RunAsync(["on-schedule"], ("CAUR_DRY_RUN", "true"));
        dry.Succeeded().Output.ShouldContain("1 updated, 1 to build; nothing was changed, as this is a dry run");
        _farm.Scheduled.ShouldBeEmpty();
        (await HeadAsync()).ShouldBe(_tag);

        var run = await RunAsync(["on-schedule"], ("GITLAB_CI", "true"), ("CI_PIPELINE_ID", "42"), ("CI_PIPELINE_URL", "https://forge.example/-/pipelines/42"), ("CI_COMMIT_BRANCH", "main"));

        run.Succeeded().Output.ShouldContain("build    b: changed at");
        run.Output.ShouldNotContain("nothing  a");
        run.Output.ShouldContain("run: https://forge.example/-/pipelines/42");
        var head = await HeadAsync();
        var body = _farm.Scheduled.ShouldHaveSingleItem();
        (body.Commit, body.Priority).ShouldBe(($"{head}:42", BuildPriority.Schedule));
        body.Packages!.Select(package => (package.Pkgbase, package.BuildClass?.GetRawText())).ShouldBe([("b", "5")]);
        (await _remote.TagAsync()).ShouldBe(head);
        (await _remote.Work.GitAsync("--git-dir", _remote.Path, "show", "main:b/.CI/config")).ShouldStartWith("# b\n");

        (await RunAsync(["on-schedule"])).Succeeded().Output.ShouldContain("3 packages: nothing is new");
        _farm.Scheduled.Count.ShouldBe(1);
    }

    [Fact]
    public async Task OnSchedule_OfAPackageOfTheAur_AsksTheOneThatIsNamed()
    {
        await using var aur = await AurStandIn.StartAsync();
        aur.Set("b", 100);
        await CommitAsync([("b/.CI/config", "CI_PKGBUILD_SOURCE=aur\n"), (".ci/aur-state", "100\n")]);

        var run = await RunAsync(["on-schedule", "--aur", aur.Address, "--json"]);

        using var document = JsonDocument.Parse(run.Succeeded().Output);
        document.RootElement.GetProperty("outcome").GetString().ShouldBe("NothingToDo");
        document.RootElement.GetProperty("decisions").EnumerateArray().Single(one => one.GetProperty("pkgbase").GetString() == "b").GetProperty("reasons")[0].GetString()
            .ShouldBe("no newer AUR timestamp since 1970-01-01 00:01:40 UTC");
        aur.Requests.ShouldNotBeEmpty();
        (await _remote.Work.GitAsync("ls-remote", "origin", "refs/heads/state")).ShouldNotBeEmpty();
    }

    [Fact]
    public async Task OnSchedule_OfATrigger_PostsItsPackagesAlone()
    {
        (await RunAsync(["on-schedule"], ("TRIGGER", "daily"))).Succeeded().Output.ShouldContain("heavy: scheduled: trigger daily");

        var body = _farm.Scheduled.ShouldHaveSingleItem();
        (body.Commit, body.Packages!.Single().Pkgbase).ShouldBe((_tag, "heavy"));
        (await RunAsync(["on-schedule", "--trigger", "midnight"])).Succeeded();
        _farm.Scheduled.Count.ShouldBe(1);
    }

    [Fact]
    public async Task OnSchedule_WhenTheTagIsBehind_EndsWithOne()
    {
        await _remote.PushAsync("change", SourceRemote.Package("a", "2"));

        var run = await RunAsync(["on-schedule"]);

        run.ExitCode.ShouldBe(ExitCodes.Failed);
        run.Error.ShouldContain("the on-commit pipeline of");
    }

    [Fact]
    public async Task Schedule_WithPackagesOfAVariable_PostsThemWithTheirClasses()
    {
        var run = await RunAsync(
            ["schedule"], ("PACKAGES", "a:b/9:heavy/catbuilder"), ("GITHUB_SERVER_URL", "https://forge.example"), ("GITHUB_REPOSITORY", "me/pkgbuilds"), ("GITHUB_RUN_ID", "7"));

        run.Succeeded().Output.ShouldContain("run: https://forge.example/me/pkgbuilds/actions/runs/7");
        var body = _farm.Scheduled.ShouldHaveSingleItem();
        (body.Commit, body.Priority).ShouldBe((_tag, BuildPriority.Manual));
        body.Packages!.Select(package => (package.Pkgbase, package.BuildClass?.GetRawText())).ShouldBe([("a", null), ("b", "9"), ("heavy", "\"catbuilder\"")]);
    }

    [Fact]
    public async Task Schedule_OfAll_PostsEveryFolder()
    {
        (await RunAsync(["schedule", "all"])).Succeeded();
        _farm.Scheduled.ShouldHaveSingleItem().Packages!.Select(package => package.Pkgbase).ShouldBe(["a", "b", "heavy"]);
    }

    [Fact]
    public async Task Verbs_WhenANameIsUnknown_DoNothingAndNameTheNearest()
    {
        foreach (var verb in (string[])["schedule", "drop", "bump"])
        {
            var run = await RunAsync([verb, "a", "heavi"]);

            run.ExitCode.ShouldBe(ExitCodes.Failed, verb);
            run.Error.ShouldContain("'heavi' is no package folder (did you mean heavy?). Nothing was done");
        }

        _farm.Scheduled.ShouldBeEmpty();
        (await HeadAsync()).ShouldBe(_tag);
    }

    [Fact]
    public async Task Verbs_WhenWronglyUsed_EndWithTwo()
    {
        foreach (var arguments in (string[][])[["schedule"], ["add"], ["schedule", "a/b/c"], ["add", "-x"]])
        {
            (await RunAsync(arguments)).ExitCode.ShouldBe(ExitCodes.Usage, string.Join(' ', arguments));
        }
    }

    [Fact]
    public async Task Add_OfAGitRepository_CommitsAFolderThatOnCommitSchedules()
    {
        await using var upstream = await UpstreamAsync("new", "3");

        var run = await RunAsync(["add", $"new/{upstream.Url("new")}", $"a/{upstream.Url("new")}"]);

        run.ExitCode.ShouldBe(ExitCodes.Failed);
        run.Output.ShouldContain("update   new: made from git://");
        run.Output.ShouldContain("not done a: there is a folder of its name already");
        var head = await HeadAsync();
        (await _remote.Work.GitAsync("--git-dir", _remote.Path, "log", "-1", "--format=%P %s", "main")).ShouldBe($"{_tag} chore(add): new\n");
        (await _remote.Work.GitAsync("--git-dir", _remote.Path, "show", "main:new/.CI/config")).ShouldBe($"CI_PKGBUILD_SOURCE={upstream.Url("new")}\n");
        (await _remote.Work.GitAsync("--git-dir", _remote.Path, "show", "main:new/PKGBUILD")).ShouldContain("pkgver=3");
        (await _remote.TagAsync()).ShouldBe(_tag);
        _farm.Scheduled.ShouldBeEmpty();

        (await RunAsync(["on-commit", "--commit", head])).Succeeded();
        _farm.Scheduled.ShouldHaveSingleItem().Packages!.Single().Pkgbase.ShouldBe("new");
    }

    [Fact]
    public async Task Drop_OfAFolder_CommitsThatAndOnCommitRemovesIt()
    {
        (await RunAsync(["drop", "b", "--dry-run"])).Succeeded();
        (await HeadAsync()).ShouldBe(_tag);

        (await RunAsync(["drop", "b"])).Succeeded().Output.ShouldContain("1 dropped");

        var head = await HeadAsync();
        (await _remote.Work.GitAsync("--git-dir", _remote.Path, "log", "-1", "--format=%s", "main")).ShouldBe("chore(drop): b\n");
        (await _remote.Work.GitAsync("--git-dir", _remote.Path, "ls-tree", "--name-only", "main")).ShouldBe(".ci\na\nheavy\n");
        (await RunAsync(["on-commit", "--commit", head])).Succeeded();
        _farm.Changes.ShouldHaveSingleItem().Body.Names.ShouldBe(["a", "heavy"]);
    }

    [Fact]
    public async Task Bump_OfAVersionWithAnEpoch_CommitsAndPostsItOnce()
    {
        var database = await FollowedDatabases.WriteAsync(("a", "1-1.4"), ("b", "3:1-2"));
        await using var mirror = await RecordingServer.StartAsync();
        mirror.Answer = (_, context) => context.Response.Body.WriteAsync(database).AsTask();
        await CommitAsync([(".ci/config", $"{Config}CI_LIB_DB={mirror.Address}/caur.db\n"), ("a/.CI/config", "CI_PACKAGE_BUMP=1-1/7\n")]);

        var run = await RunAsync(["bump", "b", "a", "heavy"], ("GITHUB_RUN_ID", "17"));

        run.ExitCode.ShouldBe(ExitCodes.Failed);
        run.Output.ShouldContain("heavy: not bumped: no database of CI_LIB_DB has a version of it");
        var head = await HeadAsync();
        (await _remote.Work.GitAsync("--git-dir", _remote.Path, "log", "-1", "--format=%s", "main")).ShouldBe("chore(bump): a, b\n");
        (await _remote.Work.GitAsync("--git-dir", _remote.Path, "show", "main:b/.CI/config")).ShouldBe("# b\nCI_PKGBUILD_SOURCE=custom\nCI_PACKAGE_BUMP=3:1-2/1\n");
        (await _remote.Work.GitAsync("--git-dir", _remote.Path, "show", "main:a/.CI/config")).ShouldBe("CI_PACKAGE_BUMP=1-1/8\n");
        var body = _farm.Scheduled.ShouldHaveSingleItem();
        (body.Commit, body.Priority).ShouldBe((head, BuildPriority.Manual));
        body.Packages!.Select(package => package.Pkgbase).ShouldBe(["a", "b"]);
        (await _remote.TagAsync()).ShouldBe(head);
        (await RunAsync(["on-commit", "--commit", head])).Succeeded();
        _farm.Scheduled.Count.ShouldBe(1);

        // The forge begins the job once more: it is the same order.
        (await RunAsync(["bump", "b", "a"], ("GITHUB_RUN_ID", "17"))).Succeeded().Output.ShouldContain("did it, of an earlier try of this run");
        (await HeadAsync()).ShouldBe(head);
        (await RunAsync(["bump", "b", "a"], ("GITHUB_RUN_ID", "1"))).Succeeded();
        (await HeadAsync()).ShouldNotBe(head, "run 1 is not run 17");
    }

    [Fact]
    public async Task Drop_WhenTheJobIsRepeated_IsDoneOnce()
    {
        (await RunAsync(["drop", "a"], ("GITHUB_RUN_ID", "18"))).Succeeded();
        var head = await HeadAsync();

        (await RunAsync(["drop", "a"], ("GITHUB_RUN_ID", "18"))).Succeeded();
        (await HeadAsync()).ShouldBe(head);
        (await RunAsync(["drop", "a"], ("GITHUB_RUN_ID", "19"))).Error.ShouldContain("'a' is no package folder");
    }

    private Task<CliRun> RunAsync(string[] arguments, params (string Name, string Value)[] variables) => CliRun.RunAsync(
        ["ci", .. arguments, "--repository", _remote.Work.Folder],
        variables.Prepend(("CAUR_URL", _farm.Url)).ToDictionary(pair => pair.Item1, pair => pair.Item2));

    private async Task<string> HeadAsync() => (await _remote.Work.GitAsync("--git-dir", _remote.Path, "rev-parse", "main")).Trim();

    /// <summary>Commits files, all of which is handed over.</summary>
    private async Task CommitAsync((string Path, string Text)[] files)
    {
        _tag = await _remote.PushAsync("init", files);
        await _remote.Work.GitAsync("push", "-q", "--force", "origin", $"{_tag}:refs/tags/scheduled");
    }

    private async Task<UpstreamDaemon> UpstreamAsync(string name, string version)
    {
        await new GitWorkTree(_remote["upstream", name]).CommitAsync([.. SourceRemote.Package(name, version).Select(file => (file.Path[(name.Length + 1)..], file.Text))]);
        return new UpstreamDaemon(_remote["upstream"]);
    }
}
