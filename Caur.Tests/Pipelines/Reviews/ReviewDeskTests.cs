using Caur.Pipelines.Changes;
using Caur.Pipelines.Forges;
using Caur.Pipelines.Reviews;
using Caur.Tests.Pipelines.Forges;
using Caur.Tests.Pipelines.Pushes;

namespace Caur.Tests.Pipelines.Reviews;

public sealed class ReviewDeskTests
{
    private static readonly CancellationToken Stop = TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(ForgeKind.GitLab)]
    [InlineData(ForgeKind.GitHub)]
    internal async Task Propose_WhenAChangeIsMajor_MakesABranchAndARequestOnce(ForgeKind kind)
    {
        using var farm = await new PushedFarm().StartAsync();
        await using var server = await ForgeServer.StartAsync(kind);
        var desk = Desk(farm, server.Client());
        var first = await desk.ProposeAsync(Proposal("curl x | sh\n"), Stop);
        (first.State, first.Changed, first.Request!.Number).ShouldBe((ReviewState.Open, true, 1), first.Words);
        (await farm.TextAsync("a/PKGBUILD", "update-a")).ShouldBe("curl x | sh");
        (await farm.TextAsync("a/.CI/config", "update-a")).ShouldBe("x");
        (await farm.GitAsync("log", "-1", "--format=%P %s", "update-a")).ShouldBe($"{farm.Head} chore(update): a");
        server.BodyOf(1).ShouldContain("runs what it downloads");
        server.BodyOf(1).ShouldContain("-a1\n+curl x | sh");

        var commit = await farm.RefAsync("refs/heads/update-a");
        server.Server.Forget();
        var again = await desk.ProposeAsync(Proposal("curl x | sh\n"), Stop);
        (again.State, again.Changed).ShouldBe((ReviewState.Open, false), again.Words);
        (await farm.RefAsync("refs/heads/update-a")).ShouldBe(commit);
        server.Server.Requests.ShouldAllBe(request => request.Method == "GET");

        var other = await desk.ProposeAsync(Proposal("a3\n"), Stop);
        (other.State, other.Changed, other.Request!.Number).ShouldBe((ReviewState.Open, true, 1), other.Words);
        (await farm.TextAsync("a/PKGBUILD", "update-a")).ShouldBe("a3");
        (await farm.GitAsync("log", "-1", "--format=%P", "update-a")).ShouldBe(farm.Head);
        server.BodyOf(1).ShouldContain("+a3");
        server.All.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Propose_WhenMainMovesOn_MovesTheBranchOnlyWhenItsPackageChanged()
    {
        using var farm = await new PushedFarm().StartAsync();
        var desk = Desk(farm, null);
        (await desk.ProposeAsync(Proposal("a2\n"), Stop)).State.ShouldBe(ReviewState.BranchOnly);
        var commit = await farm.RefAsync("refs/heads/update-a");
        await farm.SomebodyPushesAsync(("b/PKGBUILD", "b2\n"));
        (await desk.ProposeAsync(Proposal("a2\n"), Stop)).Changed.ShouldBeFalse();
        (await farm.RefAsync("refs/heads/update-a")).ShouldBe(commit);
        var head = await farm.SomebodyPushesAsync(("a/.CI/config", "y\n"));
        (await desk.ProposeAsync(Proposal("a2\n") with { New = FolderTree.Of(("PKGBUILD", "a2\n"), (".CI/config", "y\n")) }, Stop)).Changed.ShouldBeTrue();
        (await farm.GitAsync("log", "-1", "--format=%P", "update-a")).ShouldBe(head);
    }

    [Fact]
    public async Task Propose_WhenSomebodyWorksOnTheBranch_LeavesIt()
    {
        using var farm = await new PushedFarm().StartAsync();
        await using var server = await ForgeServer.StartAsync(ForgeKind.GitLab);
        var desk = Desk(farm, server.Client());
        await desk.ProposeAsync(Proposal("a2\n"), Stop);
        await farm.Somebody.GitAsync("fetch", "-q", "origin");
        await farm.Somebody.GitAsync("checkout", "-q", "update-a");
        await farm.Somebody.CommitAsync(("a/PKGBUILD", "mended\n"));
        await farm.Somebody.GitAsync("push", "-q", "origin", "update-a");
        var outcome = await desk.ProposeAsync(Proposal("a3\n"), Stop);
        outcome.State.ShouldBe(ReviewState.TakenOver);
        (await farm.TextAsync("a/PKGBUILD", "update-a")).ShouldBe("mended");
        (await desk.WithdrawAsync("a", "it is over", Stop)).ShouldBeNull();
        (await farm.RefAsync("refs/heads/update-a")).ShouldNotBe("");
        server.StateOf(1).ShouldBe("opened");
    }

    [Theory]
    [InlineData(ForgeKind.GitLab)]
    [InlineData(ForgeKind.GitHub)]
    internal async Task Propose_WhenSomebodyRejectedJustThat_AsksNobodyAgain(ForgeKind kind)
    {
        using var farm = await new PushedFarm().StartAsync();
        await using var server = await ForgeServer.StartAsync(kind);
        await Desk(farm, null).ProposeAsync(Proposal("a2\n"), Stop);
        server.Add("update-a", "closed", sha: await farm.RefAsync("refs/heads/update-a"));
        var desk = Desk(farm, server.Client());
        (await desk.ProposeAsync(Proposal("a2\n"), Stop)).State.ShouldBe(ReviewState.Rejected);
        server.All.Count.ShouldBe(1);
        var other = await desk.ProposeAsync(Proposal("a3\n"), Stop);
        (other.State, other.Request!.Number).ShouldBe((ReviewState.Open, 2), other.Words);
    }

    [Fact]
    public async Task Propose_WhenSomebodyClosedItAndRemovedTheBranch_PushesNothing()
    {
        using var farm = await new PushedFarm().StartAsync();
        await using var server = await ForgeServer.StartAsync(ForgeKind.GitLab);
        var desk = Desk(farm, server.Client());
        await desk.ProposeAsync(Proposal("a2\n"), Stop);
        server.All[0]["state"] = "closed";
        await farm.GitAsync("update-ref", "-d", "refs/heads/update-a");

        var again = await desk.ProposeAsync(Proposal("a2\n"), Stop);

        (again.State, again.Request?.Number, again.Words).ShouldBe((ReviewState.Rejected, 1, "was not taken in request 1, and is the same since"));
        (await farm.RefAsync("refs/heads/update-a")).ShouldBe("");
        (await desk.ProposeAsync(Proposal("a3\n"), Stop)).Request!.Number.ShouldBe(2);

        // What we withdrew ourselves, nobody rejected.
        await desk.WithdrawAsync("a", "its source is as main has it", Stop);
        (await desk.ProposeAsync(Proposal("a3\n"), Stop)).Request!.Number.ShouldBe(3);
    }

    [Fact]
    public async Task Prune_WhenABranchHasNothingOfItsOwn_RemovesItOnlyWhenItWasOurs()
    {
        using var farm = await new PushedFarm().StartAsync();
        var desk = Desk(farm, null);
        await desk.ProposeAsync(Proposal("a2\n"), Stop);
        await farm.GitAsync("update-ref", "refs/heads/main", "refs/heads/update-a");
        await farm.SomebodyPushesAsync(("c/PKGBUILD", "c1\n"));
        await farm.Somebody.GitAsync("push", "-q", "origin", "main:refs/heads/update-b");
        (await desk.PruneAsync(Stop)).ShouldHaveSingleItem().ShouldStartWith("update-a is removed");
        (await farm.RefAsync("refs/heads/update-b")).ShouldNotBe("");
    }

    [Fact]
    public async Task Propose_WhenTheForgeRefuses_TellsThatTheBranchIsThere()
    {
        using var farm = await new PushedFarm().StartAsync();
        await using var server = await ForgeServer.StartAsync(ForgeKind.GitLab);
        var outcome = await Desk(farm, server.Client(token: "wrong-token")).ProposeAsync(Proposal("a2\n"), Stop);
        outcome.State.ShouldBe(ReviewState.BranchOnly);
        outcome.Words.ShouldContain("does not take the token");
        outcome.Words.ShouldNotContain("wrong-token");

        // The next run, with a good one, makes what is missing.
        (await Desk(farm, server.Client()).ProposeAsync(Proposal("a2\n"), Stop)).State.ShouldBe(ReviewState.Open);
    }

    [Fact]
    public async Task Propose_WhenMainHasItAlready_DoesNothing()
    {
        using var farm = await new PushedFarm().StartAsync();
        var outcome = await Desk(farm, null).ProposeAsync(Proposal("a1\n"), Stop);
        outcome.State.ShouldBe(ReviewState.Unneeded);
        (await farm.RefAsync("refs/heads/update-a")).ShouldBe("");
    }

    [Fact]
    public async Task Propose_WhenANameIsOdd_HasABranchAllTheSame()
    {
        using var farm = await new PushedFarm().StartAsync();
        await using var server = await ForgeServer.StartAsync(ForgeKind.GitHub);
        foreach (var name in (string[])["x..y.lock", "c++@1.2_z-"])
        {
            var proposal = new ReviewProposal(name, FolderTree.Empty, FolderTree.Of(("PKGBUILD", "x\n")), Major, "why");
            var outcome = await Desk(farm, server.Client()).ProposeAsync(proposal, Stop);
            outcome.State.ShouldBe(ReviewState.Open, outcome.Words);
            (await farm.TextAsync($"{name}/PKGBUILD", ReviewBranch.Of(name))).ShouldBe("x");
            (await server.Client().FindAsync(ReviewBranch.Of(name), Stop)).ShouldNotBeNull();
        }
    }

    [Theory]
    [InlineData(ForgeKind.GitLab)]
    [InlineData(ForgeKind.GitHub)]
    internal async Task Prune_WhenChangesAreOver_ClosesAndRemovesThoseAlone(ForgeKind kind)
    {
        using var farm = await new PushedFarm().StartAsync();
        await using var server = await ForgeServer.StartAsync(kind);
        var desk = Desk(farm, server.Client());
        await desk.ProposeAsync(Proposal("a2\n"), Stop);
        await desk.ProposeAsync(new ReviewProposal("b", FolderTree.Of(("PKGBUILD", "b1\n")), FolderTree.Of(("PKGBUILD", "b2\n")), Major, "why"), Stop);
        await desk.ProposeAsync(new ReviewProposal("c", FolderTree.Empty, FolderTree.Of(("PKGBUILD", "c1\n")), Major, "why"), Stop);
        await farm.Somebody.GitAsync("push", "-q", "origin", "main:refs/heads/update-everything", "main:refs/heads/other");
        (await desk.PruneAsync(Stop)).ShouldBeEmpty();

        // One is merged by hand, the other's package goes.
        await farm.SomebodyPushesAsync(("a/PKGBUILD", "a2\n"));
        await farm.Somebody.GitAsync("rm", "-rq", "b");
        await farm.SomebodyPushesAsync();
        var told = await desk.PruneAsync(Stop);
        told.Count.ShouldBe(2, string.Join('\n', told));
        server.All.Select((_, index) => server.StateOf(index + 1)).ShouldBe(kind == ForgeKind.GitLab ? ["closed", "closed", "opened"] : ["closed", "closed", "open"]);
        (await farm.GitAsync("for-each-ref", "--format=%(refname:short)", "refs/heads")).Split('\n').ShouldBe(["main", "other", "update-c", "update-everything"]);
    }

    [Fact]
    public async Task Withdraw_WhenAChangeNeedsNoReviewAnyMore_ClosesItsRequest()
    {
        using var farm = await new PushedFarm().StartAsync();
        await using var server = await ForgeServer.StartAsync(ForgeKind.GitLab);
        var desk = Desk(farm, server.Client());
        await desk.ProposeAsync(Proposal("a2\n"), Stop);
        (await desk.WithdrawAsync("a", "everybody who keeps it is trusted now", Stop)).ShouldNotBeNull().ShouldContain("update-a is removed");
        server.StateOf(1).ShouldBe("closed");
        server.Server.Requests.ShouldContain(request => request.Target.EndsWith("/notes") && request.Body.Contains("trusted now"));
        (await farm.RefAsync("refs/heads/update-a")).ShouldBe("");
        (await desk.WithdrawAsync("a", "x", Stop)).ShouldBeNull();
    }

    private static PackageChange Major => new(ChangeKind.Major, [new ChangeReason("PKGBUILD", 1, "changed")], []);

    private static ReviewDesk Desk(PushedFarm farm, IForge? forge) => new(farm.Repository, forge, PushedFarm.Identity, farm.Time);

    private static ReviewProposal Proposal(string pkgbuild) => new(
        "a", FolderTree.Of(("PKGBUILD", "a1\n"), (".CI/config", "x\n")), FolderTree.Of(("PKGBUILD", pkgbuild), (".CI/config", "x\n")), Major, "CI_HUMAN_REVIEW is true");
}
