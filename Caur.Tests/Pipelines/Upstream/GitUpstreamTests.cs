using System.Text;
using Caur.Pipelines.Polite;
using Caur.Pipelines.Upstream;
using Caur.Tests.Notifications;
using Caur.Tests.Support;

namespace Caur.Tests.Pipelines.Upstream;

public sealed class GitUpstreamTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task CloneAsync_WhenRepositoryIsServed_ReadsItsNewestCommitWhole()
    {
        using var rig = new GitRig();
        var repository = rig.Repository("tool");
        await repository.CommitAsync(("PKGBUILD", "old"), ("gone", "x"));
        await repository.CommitAsync(("PKGBUILD", "pkgver=1\n"), (".SRCINFO", "s"), ("LICENSE", "l"), ("run.sh", "#!"), ("LICENSES/x", ""));
        File.SetUnixFileMode(Path.Combine(repository.Folder, "run.sh"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.Delete(Path.Combine(repository.Folder, "gone"));
        File.Delete(Path.Combine(repository.Folder, "LICENSES/x"));
        File.CreateSymbolicLink(Path.Combine(repository.Folder, "LICENSES/x"), "../LICENSE");
        var commit = await repository.CommitAsync();

        await using var daemon = new GitDaemon(rig.Root);
        var cloned = await rig.Upstream.CloneAsync(daemon.Url("tool"), null, Token);
        cloned.Problem.ShouldBeNull();
        cloned.Value!.Commit.ShouldBe(commit);
        cloned.Value.Files.Files.Keys.ShouldBe([".SRCINFO", "LICENSE", "LICENSES/x", "PKGBUILD", "run.sh"]);
        cloned.Value.Files.Text("PKGBUILD").ShouldBe("pkgver=1\n");
        cloned.Value.Files.Find("run.sh")!.Kind.ShouldBe(TreeFileKind.Executable);
        cloned.Value.Files.Find("LICENSES/x").ShouldBe(new TreeFile(TreeFileKind.Link, "../LICENSE"u8.ToArray()));
        Directory.EnumerateFileSystemEntries(rig["clones"]).ShouldBeEmpty();
    }

    [Fact]
    public async Task CloneAsync_WhenBranchIsGiven_ReadsThatBranch()
    {
        using var rig = new GitRig();
        var repository = rig.Repository("mirror");
        await repository.CommitAsync(("README", "all packages"));
        await repository.GitAsync("checkout", "-q", "--orphan", "lib++.x");
        var commit = await repository.CommitAsync(("PKGBUILD", "x"));
        await repository.GitAsync("checkout", "-q", "main");
        (await rig.Upstream.CloneAsync(rig.Url("mirror"), "lib++.x", Token)).Value!.Commit.ShouldBe(commit);
    }

    [Fact]
    public async Task CloneAsync_WhenRepositoryIsNotThere_FailsTwiceAndTellsWithoutPathsOfClones()
    {
        using var rig = new GitRig();
        await using var daemon = new GitDaemon(rig.Root);
        var cloned = await rig.Upstream.CloneAsync(daemon.Url("gone"), null, Token);
        cloned.Problem.ShouldStartWith("clone failed twice: ");
        cloned.Problem.ShouldNotContain(rig["clones"]);
        daemon.Connections.ShouldBe(2);
    }

    [Fact]
    public async Task CloneAsync_WhenHostIsOverloaded_BacksOffFromAllOfIt()
    {
        await using var server = await RecordingServer.StartAsync();
        server.Answer = RecordingServer.Status(429);
        var time = new ManualTimeProvider();
        var options = new PoliteOptions();
        using var pacer = new HostPacer(options, time);
        using var rig = new GitRig();
        var git = new GitCommand(new Caur.Storage.Processes.ProcessRunner(TimeProvider.System), options, rig.Rules);
        var upstream = new GitUpstream(rig["clones"], git, pacer, options, new UpstreamLimits());
        var cloning = upstream.CloneAsync($"{server.Address}/a.git", null, Token);
        await time.ArmedAsync(TimeSpan.FromSeconds(30));
        server.Requests.Count.ShouldBe(1);
        time.Advance(TimeSpan.FromSeconds(30));
        (await cloning.DefaultTimeout("the refusal")).Problem.ShouldStartWith("clone failed twice: ");
        server.Requests.Count.ShouldBe(2);
    }

    [Fact]
    public async Task CloneAsync_WhenFilesAreHostile_TakesNothing()
    {
        using var rig = new GitRig(new UpstreamLimits { MaxFiles = 3, MaxFileBytes = 100, MaxBytes = 150 });
        await rig.Repository("large").CommitAsync(("PKGBUILD", new string('x', 101)));
        await rig.Repository("sum").CommitAsync(("PKGBUILD", new string('x', 80)), ("b", new string('x', 80)));
        await rig.Repository("many").CommitAsync(("a", ""), ("b", ""), ("c", ""), ("d", ""));
        await rig.Repository("empty").GitAsync("status");

        var link = rig.Repository("link");
        await link.CommitAsync();
        File.CreateSymbolicLink(Path.Combine(link.Folder, "PKGBUILD"), "/etc/passwd");
        await link.CommitAsync();

        var module = rig.Repository("module");
        await module.CommitAsync();
        await module.GitAsync("update-index", "--add", "--cacheinfo", $"160000,{new string('a', 40)},sub");
        await module.GitAsync("commit", "-qm", "x");

        (await ProblemAsync("large")).ShouldBe("it is too large: PKGBUILD has 101 bytes, 101 with what stands before it");
        (await ProblemAsync("sum")).ShouldBe("it is too large: b has 80 bytes, 160 with what stands before it");
        (await ProblemAsync("many")).ShouldBe("it holds more than 3 files");
        (await ProblemAsync("link")).ShouldBe("it holds a link that leads out of its folder: PKGBUILD");
        (await ProblemAsync("module")).ShouldBe("it holds a submodule: sub");
        (await ProblemAsync("empty")).ShouldBe("it has no commit yet");

        async Task<string?> ProblemAsync(string name) => (await rig.Upstream.CloneAsync(rig.Url(name), null, Token)).Problem;
    }

    [Fact]
    public async Task CloneAsync_WhenFilesOfThisMachineAreNotAllowed_GitRefusesToo()
    {
        using var rig = new GitRig(rules: new GitUrlRules());
        await rig.Repository("a").CommitAsync(("PKGBUILD", "x"));
        (await rig.Upstream.CloneAsync(rig.Url("a"), null, Token)).Problem!.ShouldContain("transport 'file' not allowed");
    }

    [Fact]
    public async Task NewestAsync_WhenSeveralNamesEndAlike_TakesTheOneThatIsMeant()
    {
        using var rig = new GitRig();
        var repository = rig.Repository("a");
        var head = await repository.CommitAsync(("x", "1"));
        await repository.GitAsync("checkout", "-q", "-b", "old/dev");
        await repository.CommitAsync(("x", "2"));
        await repository.GitAsync("checkout", "-q", "-b", "dev", "main");
        var dev = await repository.CommitAsync(("x", "3"));
        await repository.GitAsync("tag", "dev", "main");
        await repository.GitAsync("checkout", "-q", "main");

        (await rig.Upstream.NewestAsync(rig.Url("a"), "refs/heads/dev", Token)).Value.ShouldBe(dev);
        (await rig.Upstream.NewestAsync(rig.Url("a"), "HEAD", Token)).Value.ShouldBe(head);
        (await rig.Upstream.NewestAsync(rig.Url("a"), "refs/heads/nobody", Token)).Problem.ShouldEndWith(" has no refs/heads/nobody");
    }

    [Fact]
    public async Task NewestAsync_WhenSeveralPackagesShareARepository_AsksItOnce()
    {
        using var rig = new GitRig();
        var head = await rig.Repository("a").CommitAsync(("x", "1"));
        await using var daemon = new GitDaemon(rig.Root);
        var commits = new VcsCommits(rig.Upstream, rig.Rules);
        var source = new VcsSource(daemon.Url("a"), "HEAD", "");
        var answers = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => commits.NewestAsync(source, Token)));
        answers.ShouldAllBe(answer => answer.Value == head);
        daemon.Connections.ShouldBe(1);
    }

    [Fact]
    public async Task NewestAsync_WhenSourceIsNoAddressForGit_IsNotAsked()
    {
        using var rig = new GitRig();
        (await new VcsCommits(rig.Upstream, rig.Rules).NewestAsync(new VcsSource("ext::touch /tmp/x", "HEAD", ""), Token)).Problem
            .ShouldBe("its git source is not asked: 'ext::touch /tmp/x' is no address");
    }

    [Fact]
    public async Task RunAsync_WhenHostIsTheAurs_GoesThroughTheProxyWithoutTellingItsPassword()
    {
        await using var server = await RecordingServer.StartAsync();
        server.Answer = (request, context) => RecordingServer.Status(
            request.Headers.ContainsKey("Proxy-Authorization") ? 403 : 407, "", ("Proxy-Authenticate", "Basic realm=\"x\""))(request, context);
        var proxy = HostProxy.Parse($"http://user:hunter2@{new Uri(server.Address).Authority}", ["aur.invalid"], out _);
        using var rig = new GitRig(proxy: proxy);
        var cloned = await rig.Upstream.CloneAsync("http://aur.invalid/a.git", null, Token);
        cloned.Problem!.ShouldNotContain("hunter2");
        server.Requests[0].Target.ShouldStartWith("http://aur.invalid/a.git/info/refs");
        Encoding.UTF8.GetString(Convert.FromBase64String(server.Requests[^1].Headers["Proxy-Authorization"]["Basic ".Length..])).ShouldBe("user:hunter2");
    }
}
