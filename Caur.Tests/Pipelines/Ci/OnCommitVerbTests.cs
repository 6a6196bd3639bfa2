using System.Runtime.Versioning;
using System.Text.Json;
using Caur.Contracts.Builds;
using Caur.Contracts.Repositories;
using Caur.Contracts.Sources;
using Caur.Silo.Cli;
using Caur.Tests.Cli;
using Caur.Tests.Pipelines.Git;
using Caur.Tests.Ssh;
using Microsoft.AspNetCore.Http;

namespace Caur.Tests.Pipelines.Ci;

[SupportedOSPlatform("linux")]
public sealed class OnCommitVerbTests : IAsyncLifetime
{
    private SourceRemote _remote = null!;
    private FakeFarm _farm = null!;
    private string _tag = "";

    public async ValueTask InitializeAsync()
    {
        _remote = await SourceRemote.CreateAsync();
        _farm = await FakeFarm.StartAsync();
        _tag = await _remote.PushAsync(
            "init", [.. SourceRemote.Package("a"), .. SourceRemote.Package("b"), (".ci/config", "BUILD_REPO=caur\nREPO_NAME=caur\nCI_DEFAULT_CLASS=5\n")]);
        await _remote.Work.GitAsync("push", "-q", "origin", $"{_tag}:refs/tags/scheduled");
    }

    public async ValueTask DisposeAsync()
    {
        await _farm.DisposeAsync();
        _remote.Dispose();
    }

    [Fact]
    public async Task OnCommit_InAGitLabJob_PostsWhatChangedAndMovesTheTag()
    {
        _remote.Remove("b");
        var head = await _remote.PushAsync("change", [.. SourceRemote.Package("a", "2"), .. SourceRemote.Package("c"), ("c/.CI/config", "BUILDER_CLASS=catbuilder\n")]);

        var run = await RunAsync([], ("GITLAB_CI", "true"), ("CI_PIPELINE_ID", "42"), ("CI_COMMIT_BRANCH", "main"), ("CAUR_TOKEN", "mine"));

        // The farm says that another package goes too, which no folder makes any more.
        run.Succeeded().Output.ShouldContain("2 scheduled, 2 removed");
        run.Output.ShouldContain("remove   hello: no folder has its name any more; x86_64: Hello++");
        run.Output.ShouldContain("a: changed: .SRCINFO, PKGBUILD -> caur/x86_64/a/1000");
        var body = _farm.Scheduled.ShouldHaveSingleItem();
        (body.SourceRepo, body.TargetRepo, body.Arch, body.Commit, body.All, body.Priority).ShouldBe(("caur", "caur", "x86_64", $"{head}:42", false, BuildPriority.Commit));
        body.Packages!.Select(package => (package.Pkgbase, package.BuildClass?.GetRawText())).ShouldBe([("a", "5"), ("c", null)]);
        var (target, verb, change) = _farm.Changes.ShouldHaveSingleItem();
        (target.ToString(), verb, change.DryRun, change.Force).ShouldBe(("caur/x86_64", "keep", false, false));
        change.Names.ShouldBe(["a", "c"]);
        _farm.Token.ShouldBe("Bearer mine");
        (await _remote.TagAsync()).ShouldBe(head);
    }

    [Fact]
    public async Task OnCommit_WhenItIsRepeated_NamesTheSameOrder()
    {
        await _remote.PushAsync("change", SourceRemote.Package("a", "2"));
        (await RunAsync([])).Succeeded();
        (await RunAsync([])).Succeeded().Output.ShouldContain("already");
        await _remote.Work.GitAsync("push", "-q", "--force", "origin", $"{_tag}:refs/tags/scheduled");
        (await RunAsync([])).Succeeded();
        await _remote.PushAsync("another", SourceRemote.Package("a", "3"));
        (await RunAsync([])).Succeeded();

        _farm.Scheduled.Count.ShouldBe(3);
        _farm.Scheduled.Select(body => body.Operation).Distinct().Count().ShouldBe(2);
    }

    [Fact]
    public async Task OnCommit_WithJson_PrintsTheRun()
    {
        var head = await _remote.PushAsync("change [deploy b]", SourceRemote.Package("a", "2"));

        var run = await RunAsync(["--json"]);

        using var document = JsonDocument.Parse(run.Succeeded().Output);
        var root = document.RootElement;
        (root.GetProperty("outcome").GetString(), root.GetProperty("commit").GetString(), root.GetProperty("from").GetString())
            .ShouldBe(("Succeeded", head, _tag));
        root.GetProperty("decisions").EnumerateArray().Select(one => (one.GetProperty("pkgbase").GetString(), one.GetProperty("kind").GetString()))
            .ShouldBe([("a", "Build"), ("b", "Build")]);
        root.GetProperty("steps").EnumerateArray().Select(step => step.GetProperty("outcome").GetString()).ShouldContain("Done");
        run.Error.ShouldBe("");
    }

    [Fact]
    public async Task OnCommit_WhenANameIsUnknown_EndsWithOneAndNamesTheNearest()
    {
        await _remote.PushAsync("init", SourceRemote.Package("firefox-nightly"));
        var guilty = await _remote.PushAsync("fix [deploy firefox-nihgtly]");

        var run = await RunAsync([]);

        run.ExitCode.ShouldBe(ExitCodes.Failed);
        run.Error.ShouldContain($"[deploy firefox-nihgtly] in {guilty} names no package folder (did you mean firefox-nightly?)");
        _farm.Scheduled.ShouldBeEmpty();
        (await _remote.TagAsync()).ShouldBe(_tag);
    }

    [Fact]
    public async Task OnCommit_WhenDry_OrdersNothing()
    {
        _remote.Remove("b");
        await _remote.PushAsync("change", SourceRemote.Package("a", "2"));
        _farm.Change = body => TypedResults.Ok(FakeFarm.Changed(Guid.NewGuid(), RepositoryChangeState.Planned));

        var run = await RunAsync(["--dry-run"]);

        run.Succeeded().Output.ShouldContain("would be scheduled");
        _farm.Scheduled.ShouldBeEmpty();
        _farm.Changes.ShouldHaveSingleItem().Body.DryRun.ShouldBeTrue();
        (await _remote.TagAsync()).ShouldBe(_tag);
    }

    [Fact]
    public async Task OnCommit_WhenTheFarmRefusesSome_EndsWithOneAndMovesTheTag()
    {
        var head = await _remote.PushAsync("change", [.. SourceRemote.Package("a", "2"), .. SourceRemote.Package("b", "2")]);
        _farm.Schedule = _ => TypedResults.Ok(new ScheduleReply
        {
            Commit = head,
            Builds = [new QueuedBuild(FakeFarm.Id("a"), null, [])],
            Refused = [new RefusedPackage("b", "its arch is aarch64")],
        });

        var run = await RunAsync([]);

        run.ExitCode.ShouldBe(ExitCodes.Failed);
        run.Output.ShouldContain("its arch is aarch64");
        (await _remote.TagAsync()).ShouldBe(head);
    }

    [Fact]
    public async Task OnCommit_WhenTooMuchWouldGo_FailsAndLeavesTheTagUntilItIsForced()
    {
        _remote.Remove("b");
        var head = await _remote.PushAsync("change");
        _farm.Change = body => body.Force
            ? TypedResults.Ok(FakeFarm.Changed(body.Operation!.Value))
            : TypedResults.Problem("120 of 200 packages would go, more than a fifth", statusCode: StatusCodes.Status409Conflict);

        var refused = await RunAsync([]);
        var tag = await _remote.TagAsync();
        var forced = await RunAsync(["--force"]);

        refused.ExitCode.ShouldBe(ExitCodes.Failed);
        refused.Error.ShouldContain("120 of 200");
        tag.ShouldBe(_tag);
        forced.Succeeded();
        (await _remote.TagAsync()).ShouldBe(head);
    }

    [Fact]
    public async Task OnCommit_WhenTheHubRestarts_GoesOnAfterIt()
    {
        await _remote.PushAsync("change", SourceRemote.Package("a", "2"));
        var away = 1;
        _farm.IsAway = context => context.Request.Path.Value!.EndsWith("/schedule", StringComparison.Ordinal) && away-- > 0;

        var run = await RunAsync([]);

        run.Succeeded().Error.ShouldContain("tried again");
        _farm.Scheduled.ShouldHaveSingleItem();
    }

    [Theory]
    [InlineData(StatusCodes.Status401Unauthorized, ExitCodes.TokenRefused)]
    [InlineData(StatusCodes.Status422UnprocessableEntity, ExitCodes.Failed)]
    public async Task OnCommit_WhenTheFarmRefuses_EndsWithItsCode(int status, int code)
    {
        await _remote.PushAsync("change", SourceRemote.Package("a", "2"));
        _farm.Schedule = _ => TypedResults.Problem("no", statusCode: status);

        (await RunAsync([])).ExitCode.ShouldBe(code);
        (await _remote.TagAsync()).ShouldBe(_tag);
    }

    [Fact]
    public async Task OnCommit_WhenNoFarmAnswers_EndsWithThree()
    {
        await _remote.PushAsync("change", SourceRemote.Package("a", "2"));

        (await RunAsync([], ("CAUR_URL", "http://127.0.0.1:1"))).ExitCode.ShouldBe(ExitCodes.Unreachable);
    }

    /// <summary>The template's remote holds a password in its address, and a runner's another one.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task OnCommit_OverHttpWithAccessToken_PushesTheTagAndShowsItNowhere(bool fromFile)
    {
        const string Secret = "glpat-0123456789";
        await using var server = await GitHttpServer.StartAsync(Path.GetDirectoryName(_remote.Path)!, "oauth2", Secret);
        var head = await _remote.PushAsync("change", SourceRemote.Package("a", "2"));
        await _remote.Work.GitAsync("remote", "set-url", "origin", $"{server.Url.Replace("http://", "http://gitlab-ci-token:job@", StringComparison.Ordinal)}/origin.git");
        var file = _remote["token"];
        await File.WriteAllTextAsync(file, $"{Secret}\n", TestContext.Current.CancellationToken);

        var run = fromFile ? await RunAsync([], ("ACCESS_TOKEN_FILE", file)) : await RunAsync([], ("ACCESS_TOKEN", Secret));

        run.Succeeded();
        await _remote.Work.GitAsync("remote", "set-url", "origin", _remote.Path);
        (await _remote.TagAsync()).ShouldBe(head);
        (run.Output + run.Error).ShouldNotContain(Secret);
        File.ReadAllText(Path.Combine(_remote.Work.Folder, ".git", "config")).ShouldNotContain(Secret);
    }

    [Fact]
    public async Task OnCommit_OverHttpWithAWrongToken_SaysSoWithoutShowingIt()
    {
        await using var server = await GitHttpServer.StartAsync(Path.GetDirectoryName(_remote.Path)!, "oauth2", "right");
        await _remote.Work.GitAsync("remote", "set-url", "origin", $"{server.Url}/origin.git");

        var run = await RunAsync([], ("ACCESS_TOKEN", "wrong-but-secret"));

        run.ExitCode.ShouldBe(ExitCodes.Failed);
        run.Error.ShouldContain("403");
        run.Error.ShouldNotContain("wrong-but-secret");
    }

    /// <summary>The way to the farm that the repository's settings name, as the template has it.</summary>
    [Fact]
    public async Task OnCommit_WhenTheSettingsNameATunnel_GoesThroughIt()
    {
        await using var ssh = await SshServer.StartAsync();
        var variables = ssh.VariablesFor(_farm.Url.Replace("127.0.0.1", "localhost", StringComparison.Ordinal));
        await _remote.PushAsync(
            "change",
            [
                .. SourceRemote.Package("a", "2"),
                (".ci/config", $"BUILD_REPO=caur\nREPO_NAME=caur\nREDIS_SSH_HOST={variables["REDIS_SSH_HOST"]}\nREDIS_SSH_PORT={variables["REDIS_SSH_PORT"]}\nREDIS_SSH_USER={variables["REDIS_SSH_USER"]}\n"),
            ]);
        foreach (var name in (string[])["REDIS_SSH_HOST", "REDIS_SSH_PORT", "REDIS_SSH_USER"])
        {
            variables.Remove(name);
        }

        var run = await CliRun.RunAsync(["ci", "on-commit", "--repository", _remote.Work.Folder], variables);

        run.Succeeded();
        ssh.Accepted.ShouldBe(1);
        _farm.Scheduled.ShouldHaveSingleItem();
    }

    [Theory]
    [InlineData("--remote", "--upload-pack=touch x")]
    [InlineData("--arch", "../x")]
    [InlineData("--frob", "x")]
    public async Task OnCommit_WhenWronglyUsed_EndsWithTwo(string option, string value) =>
        (await RunAsync([option, value])).ExitCode.ShouldBe(ExitCodes.Usage);

    [Fact]
    public async Task OnCommit_OutsideOfARepository_SaysSo()
    {
        var run = await CliRun.RunAsync(_farm, "ci", "on-commit", "--repository", "/");

        run.ExitCode.ShouldBe(ExitCodes.Failed);
        run.Error.ShouldContain("no git repository");
    }

    private Task<CliRun> RunAsync(string[] arguments, params (string Name, string Value)[] variables) => CliRun.RunAsync(
        ["ci", "on-commit", "--repository", _remote.Work.Folder, .. arguments],
        variables.Prepend(("CAUR_URL", _farm.Url)).GroupBy(pair => pair.Item1).ToDictionary(group => group.Key, group => group.Last().Item2));
}
