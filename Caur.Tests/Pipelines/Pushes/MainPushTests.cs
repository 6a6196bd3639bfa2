using System.Text;
using Caur.Pipelines.Changes;
using Caur.Pipelines.Pushes;

namespace Caur.Tests.Pipelines.Pushes;

public sealed class MainPushTests
{
    private static readonly CancellationToken Stop = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Run_WhenPackagesChanged_MakesOneCommitAndMovesTheTag()
    {
        using var farm = await new PushedFarm().StartAsync();
        var made = new List<string>();
        var odd = new FolderTree(
        [
            KeyValuePair.Create("run \"é\".sh", new FolderFile(FileKind.Executable, Encoding.UTF8.GetBytes("x"))),
            KeyValuePair.Create("PKGBUILD/x", FolderFile.Of("now a folder")),
            KeyValuePair.Create("link", new FolderFile(FileKind.Link, Encoding.UTF8.GetBytes("PKGBUILD"))),
            KeyValuePair.Create("nul", new FolderFile(FileKind.File, new byte[] { 0, 10, 255 })),
        ]);
        var outcome = await new MainPush(farm.Repository, farm.Time, made.Add).RunAsync(
            farm.Change(PushedFarm.Folder("a", "a1\n", "a2\n"), new FolderChange("b", FolderTree.Of(("PKGBUILD", "b1\n")), odd)) with
            {
                Files = new Dictionary<string, FolderFile?> { [".ci/aur-state"] = FolderFile.Of("2\n") },
            },
            Stop);
        outcome.State.ShouldBe(MainState.Pushed, outcome.Words);
        (await farm.RefAsync("refs/heads/main")).ShouldBe(outcome.Commit);
        (await farm.RefAsync("refs/tags/scheduled")).ShouldBe(outcome.Commit);
        made.ShouldBe([outcome.Commit!]);
        (await farm.GitAsync("log", "-1", "--format=%P %an %ae %cn %ce %ct %B", "main")).ShouldBe($"{farm.Head} Chaotic CI ci@example.org Chaotic CI ci@example.org 1893456000 chore(update): a, b");
        (await farm.TextAsync("a/PKGBUILD")).ShouldBe("a2");
        (await farm.TextAsync("a/.CI/config")).ShouldBe("x");
        (await farm.TextAsync(".ci/aur-state")).ShouldBe("2");
        (await farm.GitAsync("-c", "core.quotepath=false", "ls-tree", "-r", "--format=%(objectmode) %(path)", "main", "b/")).Split('\n')
            .ShouldBe(["100644 b/PKGBUILD/x", "120000 b/link", "100644 b/nul", "100755 \"b/run \\\"é\\\".sh\""]);
        (await farm.Repository.ReadAsync(outcome.Commit!, "b", Stop)).Files["nul"].Content.ToArray().ShouldBe(new byte[] { 0, 10, 255 });
    }

    [Fact]
    public async Task Run_WhenSomebodyTakesTheLastCommitBackMeanwhile_DoesNotBringItBack()
    {
        using var farm = await new PushedFarm(TimeProvider.System).StartAsync();
        var last = await farm.SomebodyPushesAsync(("b/PKGBUILD", "secret\n"));
        var push = new MainPush(farm.Repository, farm.Time, _ => File.WriteAllText(Path.Combine(farm.Url, "refs/heads/main"), $"{farm.Head}\n"));

        var outcome = await push.RunAsync(farm.Change(PushedFarm.Folder("a", "a1\n", "a2\n")) with { Base = last, OnlyFromBase = true, Tag = null }, Stop);

        outcome.State.ShouldBe(MainState.Overtaken, outcome.Words);
        (await farm.RefAsync("refs/heads/main")).ShouldBe(farm.Head);
    }

    [Theory]
    [InlineData(0, "chore(update): update packages")]
    [InlineData(1, "chore(update): p0")]
    [InlineData(4, "chore(update): p0, p1, p2, p3")]
    [InlineData(5, "chore(update): packages (5)\n\nchanged: p0, p1, p2, p3, p4")]
    public void CommitMessage_WhenThereAreSomePackages_IsAsTheTemplates(int count, string message) =>
        CommitMessage.Of([.. Enumerable.Range(0, count).Select(i => $"p{i}")], marksSkip: false).ShouldBe(message + "\n");

    [Fact]
    public async Task Run_WhenCiIsToBeSkipped_SaysSoToTheServer()
    {
        using var farm = await new PushedFarm().StartAsync();
        farm.Hook("pre-receive", $"echo \"$GIT_PUSH_OPTION_COUNT $GIT_PUSH_OPTION_0\" >>{farm["options"]}");
        var option = await new MainPush(farm.Repository, farm.Time).RunAsync(farm.Change(PushedFarm.Folder("a", "a1\n", "a2\n")) with { Skip = CiSkip.PushOption }, Stop);
        option.State.ShouldBe(MainState.Pushed, option.Words);
        (await File.ReadAllTextAsync(farm["options"], Stop)).ShouldBe("1 ci.skip\n");
        var marked = await new MainPush(farm.Repository, farm.Time).RunAsync(
            farm.Change(PushedFarm.Folder("a", "a2\n", "a3\n")) with { Base = option.Commit!, Skip = CiSkip.Marker }, Stop);
        marked.State.ShouldBe(MainState.Pushed, marked.Words);
        (await File.ReadAllTextAsync(farm["options"], Stop)).ShouldBe("1 ci.skip\n0 \n");
        (await farm.GitAsync("log", "-1", "--format=%s", "main")).ShouldBe("chore(update): a [skip ci]");
    }

    [Fact]
    public async Task Run_WhenNothingChanged_PushesNothing()
    {
        using var farm = await new PushedFarm().StartAsync();
        var outcome = await new MainPush(farm.Repository, farm.Time).RunAsync(
            farm.Change(PushedFarm.Folder("a", "a1\n", "a1\n")) with { Files = new Dictionary<string, FolderFile?> { [".ci/aur-state"] = FolderFile.Of("2\n") } }, Stop);
        (outcome.State, outcome.Commit).ShouldBe((MainState.Nothing, null));
        (await farm.RefAsync("refs/heads/main")).ShouldBe(farm.Head);
    }

    [Fact]
    public async Task Run_WhenSomebodyPushedInBetween_GoesOnTopAndLeavesTheTag()
    {
        using var farm = await new PushedFarm().StartAsync();
        var theirs = await farm.SomebodyPushesAsync(("b/PKGBUILD", "theirs\n"));
        var outcome = await new MainPush(farm.Repository, farm.Time).RunAsync(
            farm.Change(PushedFarm.Folder("a", "a1\n", "a2\n"), PushedFarm.Folder("b", "b1\n", "b2\n")) with { Overwrites = true }, Stop);
        outcome.State.ShouldBe(MainState.Pushed, outcome.Words);
        (outcome.HasOthers, outcome.TagMoved).ShouldBe((true, false));
        outcome.LeftOut.ShouldBe(["b"]);
        (await farm.GitAsync("log", "--format=%H", "main")).Split('\n').ShouldBe([outcome.Commit!, theirs, farm.Head]);
        (await farm.TextAsync("b/PKGBUILD")).ShouldBe("theirs");
        (await farm.RefAsync("refs/tags/scheduled")).ShouldBe(farm.Head);
        (await farm.GitAsync("log", "-1", "--format=%s", "main")).ShouldBe("chore(update): a");
    }

    [Fact]
    public async Task Run_WhenSomebodyPushesAtTheSameTime_TriesAgain()
    {
        using var farm = await new PushedFarm(TimeProvider.System).StartAsync();

        // The first push is overtaken just before it would be taken.
        await farm.SomebodyPushesAsync();
        await farm.GitAsync("update-ref", "refs/caur-test/theirs", "main");
        await farm.GitAsync("update-ref", "refs/heads/main", farm.Head);
        farm.Hook("pre-receive", $"[ -e {farm["once"]} ] || {{ touch {farm["once"]}; unset GIT_QUARANTINE_PATH; git update-ref refs/heads/main refs/caur-test/theirs; }}");
        var outcome = await new MainPush(farm.Repository, farm.Time).RunAsync(farm.Change(PushedFarm.Folder("a", "a1\n", "a2\n")), Stop);
        outcome.State.ShouldBe(MainState.Pushed, outcome.Words);
        File.Exists(farm["once"]).ShouldBeTrue();
        outcome.HasOthers.ShouldBeTrue();
        (await farm.GitAsync("log", "--format=%H", "main")).Split('\n')[1].ShouldBe(await farm.RefAsync("refs/caur-test/theirs"));
    }

    [Fact]
    public async Task Run_WhenManyRunAtTheSameTime_LosesNobodysCommit()
    {
        using var farm = await new PushedFarm(TimeProvider.System).StartAsync();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 3).Select(i => new MainPush(farm.Clone($"clone{i}"), farm.Time).RunAsync(
            farm.Change(new FolderChange($"new{i}", FolderTree.Empty, FolderTree.Of(("PKGBUILD", "x")))), Stop)));
        outcomes.ShouldAllBe(outcome => outcome.State == MainState.Pushed);
        (await farm.GitAsync("ls-tree", "--name-only", "main")).Split('\n').ShouldBe([".ci", "a", "b", "new0", "new1", "new2"]);
        outcomes.Count(outcome => outcome.TagMoved).ShouldBe(1);
    }

    [Fact]
    public async Task Run_WhenCommitsAreOverwritten_ReplacesAnAutomatedOneAndNoOther()
    {
        using var farm = await new PushedFarm().StartAsync();
        var push = new MainPush(farm.Repository, farm.Time);
        var first = await push.RunAsync(farm.Change(PushedFarm.Folder("a", "a1\n", "a2\n")) with { Overwrites = true }, Stop);
        first.Replaced.ShouldBeNull();
        var second = await push.RunAsync(farm.Change(PushedFarm.Folder("b", "b1\n", "b2\n")) with { Base = first.Commit!, Overwrites = true, Skip = CiSkip.Marker }, Stop);
        second.State.ShouldBe(MainState.Pushed, second.Words);
        second.Replaced.ShouldBe(first.Commit);
        (await farm.GitAsync("log", "--format=%H", "main")).Split('\n').ShouldBe([second.Commit!, farm.Head]);
        (await farm.GitAsync("log", "-1", "--format=%s", "main")).ShouldBe("chore(update): a, b [skip ci]");
        (await farm.TextAsync("a/PKGBUILD")).ShouldBe("a2");
        (await farm.RefAsync("refs/tags/scheduled")).ShouldBe(second.Commit);
    }

    [Theory]
    [InlineData("chore(packages): update packages", true)]
    [InlineData("chore(packages): update packages [skip ci]", true)]
    [InlineData("chore(update): packages (8)", true)]
    [InlineData("chore(update): a [skip ci]", true)]
    [InlineData("chore(foo): init", false)]
    [InlineData("fix: chore(update): a", false)]
    public void AutomatedCommit_WhenASubjectIsOurs_IsAutomated(string subject, bool isOurs)
    {
        AutomatedCommit.Is(new CommitFacts("c", ["p"], "ci@example.org", "ci@example.org", subject), PushedFarm.Identity).ShouldBe(isOurs);
        AutomatedCommit.Is(new CommitFacts("c", ["p"], "ci@example.org", "somebody@example.org", subject), PushedFarm.Identity).ShouldBeFalse();
        AutomatedCommit.Is(new CommitFacts("c", ["p", "q"], "ci@example.org", "ci@example.org", subject), PushedFarm.Identity).ShouldBeFalse();
    }

    [Fact]
    public async Task Run_WhenStateAndBranchesGoAlong_PushesAllOrNothing()
    {
        using var farm = await new PushedFarm().StartAsync();
        await farm.Somebody.GitAsync("push", "-q", "origin", "main:refs/heads/update-a", "main:refs/heads/update-b");
        await farm.Repository.EnsureAsync(Stop);
        var state = await farm.Repository.CommitAsync(
            new NewCommit { Parent = null, Identity = PushedFarm.Identity, Time = farm.Time.GetUtcNow(), Message = "chore(state): update state", Changes = [KeyValuePair.Create("a", (FolderFile?)FolderFile.Of("CI_GIT_COMMIT=1\n"))] }, Stop);
        var change = farm.Change(PushedFarm.Folder("a", "a1\n", "a2\n"));
        var refused = await new MainPush(farm.Repository, farm.Time).RunAsync(
            change with { Others = [new RefChange("refs/heads/state", state, new string('1', 40)), new RefChange("refs/heads/update-a", "", farm.Head)] }, Stop);
        refused.State.ShouldBe(MainState.Overtaken);
        refused.Words.ShouldContain("refs/heads/state");
        (await farm.RefAsync("refs/heads/main")).ShouldBe(farm.Head);
        (await farm.RefAsync("refs/heads/update-a")).ShouldBe(farm.Head);

        var taken = await new MainPush(farm.Repository, farm.Time).RunAsync(
            change with { Others = [new RefChange("refs/heads/state", state, ""), new RefChange("refs/heads/update-a", "", farm.Head), new RefChange("refs/heads/update-gone", "", farm.Head), new RefChange("refs/heads/update-b", "", new string('1', 40))] }, Stop);
        taken.State.ShouldBe(MainState.Pushed, taken.Words);
        (await farm.RefAsync("refs/heads/state")).ShouldBe(state);
        (await farm.RefAsync("refs/heads/update-a")).ShouldBe("");
        (await farm.RefAsync("refs/heads/update-b")).ShouldBe(farm.Head);
    }

    [Fact]
    public async Task Run_WhenTheServerRefuses_SaysWhatItSays()
    {
        using var farm = await new PushedFarm().StartAsync();
        farm.Hook("pre-receive", "echo 'main is protected'; exit 1");
        var outcome = await new MainPush(farm.Repository, farm.Time).RunAsync(farm.Change(PushedFarm.Folder("a", "a1\n", "a2\n")), Stop);
        outcome.State.ShouldBe(MainState.Refused);
        outcome.Words.ShouldContain("main is protected");
    }

    [Fact]
    public async Task Run_WhenTheRepositoryIsGone_Throws()
    {
        using var farm = await new PushedFarm().StartAsync();
        var gone = farm.Clone("gone", GitRemote.Of("http://127.0.0.1:1/x.git", token: "secret-token"));
        var failure = await Should.ThrowAsync<PushException>(() => new MainPush(gone, farm.Time).RunAsync(farm.Change(PushedFarm.Folder("a", "a1\n", "a2\n")), Stop));
        failure.IsUnavailable.ShouldBeTrue(failure.Message);
        failure.Message.ShouldNotContain("secret-token");
    }

    [Fact]
    public void GitIdentity_WhenItWouldBreakACommit_IsCleaned()
    {
        var identity = new GitIdentity("A\n<b>", "a@b>\ncommitter x");
        (identity.Name, identity.Email).ShouldBe(("Ab", "a@bcommitter x"));
    }
}
