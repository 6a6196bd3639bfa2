using Caur.Contracts.Farm;
using Caur.Grains.Sources;
using Caur.Pipelines.Git;
using Caur.Pipelines.Reading;
using Caur.Storage.Files;
using Caur.Storage.Processes;
using Caur.Tests.Storage.Support;
using Microsoft.Extensions.Options;

namespace Caur.Tests.Sources;

public sealed class GitSourceReaderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly GitWorkTree _source;
    private readonly GitSourceReader _reader;

    public GitSourceReaderTests()
    {
        _source = new GitWorkTree(_folder["source"]);
        _reader = new GitSourceReader(new SourceClones(DataFolders.Resolve(_folder["data"]), new ProcessRunner(TimeProvider.System), Options.Create(new FarmOptions())));
    }

    [Fact]
    public async Task ReadAsync_WhenNoCommitIsNamed_ReadsTheDefaultBranch()
    {
        await _source.CommitAsync(("lib/PKGBUILD", ""), ("lib/.SRCINFO", Srcinfo("lib")), ("lib/.CI/config", "BUILDER_CLASS=3\n"));
        var commit = await _source.CommitAsync(("app/PKGBUILD", ""), ("app/.SRCINFO", Srcinfo("app", "depends = lib")));

        var snapshot = await ReadAsync();

        snapshot.Commit.ShouldBe(commit);
        snapshot.Folders.Keys.Order().ShouldBe(["app", "lib"]);
        snapshot.Folders["lib"].Config["BUILDER_CLASS"].ShouldBe("3");
        snapshot.Folders.Values.ShouldAllBe(folder => folder.Problem == null);
        snapshot.Folders["app"].Srcinfo!.Depends("x86_64").ShouldHaveSingleItem().ToString().ShouldBe("lib");
    }

    [Fact]
    public async Task ReadAsync_WhenNewCommitsCame_ReadsThem()
    {
        await _source.CommitAsync(("a/PKGBUILD", ""));
        await ReadAsync();
        var second = await _source.CommitAsync(("b/PKGBUILD", ""));

        (await ReadAsync()).Commit.ShouldBe(second);
    }

    [Fact]
    public async Task ReadAsync_WhenABranchTagOrCommitIsNamed_ReadsThat()
    {
        var first = await _source.CommitAsync(("a/PKGBUILD", ""));
        await _source.GitAsync("tag", "-a", "v1", "-m", "one");
        await _source.GitAsync("checkout", "-q", "-b", "feature/x");
        var second = await _source.CommitAsync(("b/PKGBUILD", ""));
        await _source.GitAsync("checkout", "-q", "main");
        var third = await _source.CommitAsync(("c/PKGBUILD", ""));

        (await ReadAsync("v1")).Commit.ShouldBe(first);
        (await ReadAsync("feature/x")).Folders.Keys.Order().ShouldBe(["a", "b"]);
        (await ReadAsync(second)).Commit.ShouldBe(second);
        (await ReadAsync(second[..12])).Commit.ShouldBe(second);
        (await ReadAsync("HEAD")).Commit.ShouldBe(third);
        (await ReadAsync(first)).Folders.Keys.ShouldBe(["a"]);
    }

    [Fact]
    public async Task ReadAsync_WhenThePinnedCommitIsOnNoBranchAnyMore_StillReadsIt()
    {
        await _source.CommitAsync(("a/PKGBUILD", ""));
        var pinned = await _source.CommitAsync(("b/PKGBUILD", ""));
        await _source.GitAsync("reset", "-q", "--hard", "HEAD~1");
        await _source.CommitAsync(("c/PKGBUILD", ""));

        (await ReadAsync(pinned)).Folders.Keys.Order().ShouldBe(["a", "b"]);
    }

    [Fact]
    public async Task ReadAsync_WhenTheBranchWasForced_ReadsWhatItIsNow()
    {
        await _source.CommitAsync(("a/PKGBUILD", ""));
        await _source.CommitAsync(("b/PKGBUILD", ""));
        await ReadAsync();
        await _source.GitAsync("reset", "-q", "--hard", "HEAD~1");
        var forced = await _source.CommitAsync(("c/PKGBUILD", ""));

        (await ReadAsync()).Commit.ShouldBe(forced);
    }

    [Fact]
    public async Task ReadAsync_WhenHeadIsDetached_ReadsIt()
    {
        await _source.CommitAsync(("a/PKGBUILD", ""));
        await _source.GitAsync("checkout", "-q", "--detach");
        var detached = await _source.CommitAsync(("b/PKGBUILD", ""));

        (await ReadAsync()).Commit.ShouldBe(detached);
    }

    [Theory]
    [InlineData("nothing-of-the-kind")]
    [InlineData("--upload-pack=touch")]
    [InlineData("main lib")]
    [InlineData("0123456789012345678901234567890123456789")]
    public async Task ReadAsync_WhenThereIsNoSuchCommit_NamesIt(string commit)
    {
        await _source.CommitAsync(("a/PKGBUILD", ""));

        (await Should.ThrowAsync<SourceUnavailableException>(() => ReadAsync(commit))).Message.ShouldContain(commit);
    }

    [Fact]
    public async Task ReadAsync_WhenEmpty_SaysSo() =>
        (await Should.ThrowAsync<SourceUnavailableException>(async () =>
        {
            await _source.GitAsync("status");
            await ReadAsync();
        })).Message.ShouldContain("no commit");

    [Theory]
    [InlineData("")]
    [InlineData("--upload-pack=touch")]
    [InlineData("ext::sh -c true")]
    [InlineData("https://localhost:1/nothing/here")]
    public async Task ReadAsync_WhenTheUrlCannotBeFetched_NamesRepositoryAndUrl(string url)
    {
        var problem = await Should.ThrowAsync<SourceUnavailableException>(
            () => _reader.ReadAsync("packages", url, null, TestContext.Current.CancellationToken));

        problem.Message.ShouldContain("packages");
        problem.Message.ShouldContain(url);
    }

    /// <summary>What it says is answered to whoever orders builds; the paths of the hub's machine are for its log alone.</summary>
    [Theory]
    [InlineData("", null)]
    [InlineData("file://", null)]
    [InlineData("", "nothing-of-the-kind")]
    [InlineData("file://", "nothing-of-the-kind")]
    public async Task ReadAsync_WhenTheRepositoryIsAFolder_NamesItInTheDetailOnly(string scheme, string? commit)
    {
        if (commit is not null)
        {
            await _source.CommitAsync(("a/PKGBUILD", ""));
        }

        var folder = commit is null ? "/nothing/here" : _source.Folder;
        var problem = await Should.ThrowAsync<SourceUnavailableException>(
            () => _reader.ReadAsync("packages", $"{scheme}{folder}", commit, TestContext.Current.CancellationToken));

        problem.Message.ShouldNotContain(folder);
        problem.Message.ShouldContain("packages");
        problem.Detail.ShouldContain(folder);
    }

    [Theory]
    [InlineData(".")]
    [InlineData("/")]
    [InlineData("file:///")]
    [InlineData("/a")]
    public async Task ReadAsync_WhenTheFolderIsNearlyNothing_LeavesTheOtherWordsAsTheyAre(string url)
    {
        var problem = await Should.ThrowAsync<SourceUnavailableException>(
            () => _reader.ReadAsync("packages", url, "origin/a.b", TestContext.Current.CancellationToken));

        problem.Message.ShouldContain("packages");
        problem.Message.ShouldNotMatch(@"[\w/.]its folder on the hub|its folder on the hub\w");
    }

    [Fact]
    public async Task ReadAsync_WhenFoldersAreFaulty_SaysWhatToDoForEach()
    {
        await _source.CommitAsync(
            ("nosrcinfo/PKGBUILD", ""),
            ("broken/PKGBUILD", ""), ("broken/.SRCINFO", "pkgbase = broken\nthis is nothing\n"),
            ("other/PKGBUILD", ""), ("other/.SRCINFO", Srcinfo("different")),
            ("-dash/PKGBUILD", ""), ("-dash/.SRCINFO", Srcinfo("dash")),
            ("with space/PKGBUILD", ""),
            ("docs/README.md", "no package"),
            (".hidden/PKGBUILD", ""),
            ("deep/er/PKGBUILD", ""),
            ("PKGBUILD", "at the root"));

        var folders = (await ReadAsync()).Folders;

        folders.Keys.Order(StringComparer.Ordinal).ShouldBe(["-dash", "broken", "nosrcinfo", "other", "with space"]);
        folders["nosrcinfo"].Problem.ShouldNotBeNull().ShouldContain("makepkg --printsrcinfo");
        folders["broken"].Problem.ShouldNotBeNull().ShouldContain(".SRCINFO cannot be read");
        folders["other"].Warning.ShouldNotBeNull().ShouldContain("different");
        folders["-dash"].Problem.ShouldNotBeNull().ShouldContain("name");
        folders.Values.Where(folder => folder.Pkgbase != "other").ShouldAllBe(folder => folder.Srcinfo == null);
    }

    [Theory]
    [InlineData("gtk+")]
    [InlineData("lib@2.x")]
    [InlineData("Upper_Case-2")]
    [InlineData("lib32-foo.bar")]
    public async Task ReadAsync_WhenTheNameIsOddAndLegal_ReadsIt(string pkgbase)
    {
        await _source.CommitAsync(($"{pkgbase}/PKGBUILD", ""), ($"{pkgbase}/.SRCINFO", Srcinfo(pkgbase)));

        (await ReadAsync()).Folders[pkgbase].Problem.ShouldBeNull();
    }

    [Fact]
    public async Task ReadAsync_WhenTheRepositoryIsAnotherUsers_ReadsIt()
    {
        Assert.SkipUnless(Environment.UserName == "root", "Only root can give files away.");
        var commit = await _source.CommitAsync(("a/PKGBUILD", ""));
        await _source.RunAsync("chown", "-R", "12345:12345", _source.Folder);

        (await ReadAsync()).Commit.ShouldBe(commit);
    }

    public void Dispose() => _folder.Dispose();

    private static string Srcinfo(string pkgbase, params string[] lines) =>
        string.Join("\n", [$"pkgbase = {pkgbase}", "pkgver = 1", "pkgrel = 1", "arch = x86_64", .. lines, "", $"pkgname = {pkgbase}", ""]);

    private Task<SourceSnapshot> ReadAsync(string? commit = null) =>
        _reader.ReadAsync("packages", _source.Folder, commit, TestContext.Current.CancellationToken);
}
