using System.Runtime.Versioning;
using Caur.Builder.Sources;
using Caur.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Caur.Tests.Builder.Sources;

[SupportedOSPlatform("linux")]
public sealed class SourceStoreTests : IDisposable
{
    private readonly TestFolder _folder = new();
    private readonly SourceOptions _options = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task CheckOut_WhenCommitIsNotTheNewest_UnpacksThatVeryFolder()
    {
        var repository = await TestRepository.CreateAsync(_folder["repository"]);
        var old = await repository.CommitAsync(("a/PKGBUILD", "old"), ("a/.CI/prepare", "x"), ("ab/PKGBUILD", "other"), (".gitattributes", "PKGBUILD export-ignore\n"));
        File.SetUnixFileMode(_folder["repository/a/.CI/prepare"], (UnixFileMode)0x1ED);
        File.CreateSymbolicLink(_folder["repository/a/link"], "../a/PKGBUILD/../PKGBUILD");
        File.Delete(_folder["repository/a/link"]);
        File.CreateSymbolicLink(_folder["repository/a/link"], ".CI/prepare");
        var middle = await repository.CommitAllAsync();
        await repository.CommitAsync(("a/PKGBUILD", "new"));
        var store = Store();
        (await CheckOutAsync(store, repository.Path, old, "a", "one")).ShouldBe(SourceResult.Ready);
        (await CheckOutAsync(store, "file://" + repository.Path, middle, "a", "two")).ShouldBe(SourceResult.Ready);
        File.ReadAllText(_folder["one/PKGBUILD"]).ShouldBe("old");
        File.GetUnixFileMode(_folder["two/.CI/prepare"]).HasFlag(UnixFileMode.OtherExecute).ShouldBeTrue();
        new FileInfo(_folder["two/link"]).LinkTarget.ShouldBe(".CI/prepare");
        Directory.EnumerateFileSystemEntries(_folder["one"]).Select(Path.GetFileName).ShouldBe([".CI", "PKGBUILD"], ignoreOrder: true);
    }

    [Fact]
    public async Task CheckOut_WhenOneCommitIsKnown_NeedsTheRepositoryNoMore()
    {
        var repository = await TestRepository.CreateAsync(_folder["repository"]);
        var commit = await repository.CommitAsync(("a/PKGBUILD", "a"), ("b/PKGBUILD", "b"));
        var store = Store();
        (await CheckOutAsync(store, repository.Path, commit, "a", "one")).Status.ShouldBe(SourceStatus.Ready);
        Directory.Delete(repository.Path, recursive: true);
        (await CheckOutAsync(store, repository.Path, commit, "b", "two")).Status.ShouldBe(SourceStatus.Ready);
        (await CheckOutAsync(store, repository.Path, new string('0', 40), "b", "three")).Status.ShouldBe(SourceStatus.Unreachable);
    }

    [Fact]
    public async Task CheckOut_WhenManyAskAtOnce_AllAreServed()
    {
        var repository = await TestRepository.CreateAsync(_folder["repository"]);
        var commits = new List<string>();
        for (var i = 0; i < 6; i++)
        {
            commits.Add(await repository.CommitAsync(("a/PKGBUILD", $"{i}")));
        }

        _options.KeepCommits = 1;
        var store = Store();
        var results = await Task.WhenAll(commits.Select((commit, i) => CheckOutAsync(store, repository.Path, commit, "a", $"out{i}")));
        results.ShouldAllBe(r => r.Status == SourceStatus.Ready);
        Enumerable.Range(0, 6).Select(i => File.ReadAllText(_folder[$"out{i}/PKGBUILD"])).ShouldBe(["0", "1", "2", "3", "4", "5"]);
    }

    [Fact]
    public async Task CheckOut_WhenTheServerGivesNoSingleCommits_FetchesAll()
    {
        var repository = await TestRepository.CreateAsync(_folder["repository"]);
        var commit = await repository.CommitAsync(("a/PKGBUILD", "old"));
        await repository.CommitAsync(("a/PKGBUILD", "new"));
        await repository.GitAsync("update-server-info");

        // What git calls a dumb server: it knows files and nothing of commits.
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        await using var server = builder.Build();
        server.Urls.Add("http://127.0.0.1:0");
        server.Run(context => File.Exists(_folder["repository/.git" + context.Request.Path])
            ? context.Response.SendFileAsync(_folder["repository/.git" + context.Request.Path])
            : Task.FromResult(context.Response.StatusCode = 404));
        await server.StartAsync(Stop);
        var store = Store();
        (await CheckOutAsync(store, server.Urls.Single(), commit, "a", "one")).ShouldBe(SourceResult.Ready);
        File.ReadAllText(_folder["one/PKGBUILD"]).ShouldBe("old");
        var missing = await CheckOutAsync(store, server.Urls.Single(), new string('1', 40), "a", "two");
        missing.Status.ShouldBe(SourceStatus.Wrong);
        missing.Message.ShouldContain("no commit 1111");
    }

    [Fact]
    public async Task CheckOut_WhenTheFolderIsMissing_IsWrong()
    {
        var repository = await TestRepository.CreateAsync(_folder["repository"]);
        var commit = await repository.CommitAsync(("a/PKGBUILD", "a"), ("file", "no folder"));
        (await CheckOutAsync(Store(), repository.Path, commit, "b", "one")).Message.ShouldContain("no folder 'b'");
        (await CheckOutAsync(Store(), repository.Path, commit, "file", "two")).Status.ShouldBe(SourceStatus.Wrong);
    }

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("../../etc/passwd")]
    public async Task CheckOut_WhenALinkLeavesTheFolder_IsRefused(string target)
    {
        var repository = await TestRepository.CreateAsync(_folder["repository"]);
        Directory.CreateDirectory(_folder["repository/a"]);
        File.CreateSymbolicLink(_folder["repository/a/link"], target);
        var commit = await repository.CommitAsync(("a/PKGBUILD", "a"));
        var result = await CheckOutAsync(Store(), repository.Path, commit, "a", "one");
        result.Status.ShouldBe(SourceStatus.Wrong);
        result.Message.ShouldContain(target);
    }

    [Fact]
    public async Task CheckOut_WhenTheRepositoryIsAway_IsUnreachable()
    {
        var result = await CheckOutAsync(Store(), _folder["nothing"], new string('a', 40), "a", "one");
        result.Status.ShouldBe(SourceStatus.Unreachable);
        result.Message.ShouldContain("nothing");
    }

    [Fact]
    public async Task CheckOut_WhenTheCacheIsBroken_MakesItAnew()
    {
        var repository = await TestRepository.CreateAsync(_folder["repository"]);
        var commit = await repository.CommitAsync(("a/PKGBUILD", "a"));
        (await CheckOutAsync(Store(), repository.Path, commit, "a", "one")).Status.ShouldBe(SourceStatus.Ready);
        var cache = Directory.GetDirectories(_folder["sources"]).ShouldHaveSingleItem();
        File.Delete(Path.Combine(cache, "HEAD"));
        await File.WriteAllTextAsync(Path.Combine(cache, "shallow.lock"), "", Stop);
        (await CheckOutAsync(Store(), repository.Path, commit, "a", "two")).Status.ShouldBe(SourceStatus.Ready);
    }

    [Theory]
    [InlineData("--upload-pack=touch /tmp/x")]
    [InlineData("ext::sh -c touch% /tmp/x")]
    [InlineData("fd::1")]
    [InlineData("relative/path")]
    [InlineData("ftp://host/x")]
    [InlineData("ssh://-oProxyCommand=x/y")]
    [InlineData("")]
    public async Task CheckOut_WhenTheAddressIsUnsafe_IsWrong(string url) =>
        (await CheckOutAsync(Store(), url, new string('a', 40), "a", "one")).Status.ShouldBe(SourceStatus.Wrong);

    [Theory]
    [InlineData("https://user:secret@host/x.git", "https://user:***@host/x.git")]
    [InlineData("git@host:group/x.git", "git@host:group/x.git")]
    [InlineData("ssh://git@host:22/x", "ssh://git@host:22/x")]
    [InlineData("git://host/x", "git://host/x")]
    public void TryParse_WhenTheAddressIsUsable_ShowsNoPassword(string url, string shown) =>
        SourceUrl.TryParse(url, out _).ShouldNotBeNull().Shown.ShouldBe(shown);

    [Theory]
    [InlineData("x", 0, true)]
    [InlineData("../x", 0, false)]
    [InlineData("../x", 1, true)]
    [InlineData("./../../x", 1, false)]
    [InlineData("x/../y", 3, false)]
    [InlineData("/x", 3, false)]
    [InlineData("", 3, false)]
    public void StaysInside_WhenALinkIsRelative_CountsItsClimbs(string target, int depth, bool inside) =>
        FolderExtractor.StaysInside(target, depth).ShouldBe(inside);

    private SourceStore Store() => new(_folder["sources"], _options, TimeProvider.System, NullLogger<SourceStore>.Instance);

    private Task<SourceResult> CheckOutAsync(SourceStore store, string url, string commit, string pkgbase, string into)
    {
        Directory.CreateDirectory(_folder[into]);
        return store.CheckOutAsync(url, commit, pkgbase, _folder[into], Stop).DefaultTimeout("the checkout");
    }
}
