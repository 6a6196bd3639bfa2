using Caur.Pipelines.Git;
using Caur.Pipelines.Reading;
using Caur.Tests.Pipelines.Git;

namespace Caur.Tests.Pipelines.Reading;

public sealed class CommitReaderTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task ReadAsync_WhenOneFileChanged_ReadsThatOne()
    {
        using var remote = await SourceRemote.CreateAsync();
        var first = await remote.CommitAsync("one", [.. SourceRemote.Package("a"), .. SourceRemote.Package("b"), (".ci/config", "BUILD_REPO=x\n")]);
        var second = await remote.CommitAsync("two", ("b/.CI/config", "BUILDER_CLASS=3\n"), ("b/README", "not looked into\n"));
        var third = await remote.CommitAsync("three");
        var reader = new CommitReader(await remote.OpenAsync());

        var before = await reader.ReadAsync(first, Token);
        reader.FilesRead.ShouldBe(5);
        var after = await reader.ReadAsync(second, Token);
        reader.FilesRead.ShouldBe(1);
        var unchanged = await reader.ReadAsync(third, Token);
        reader.FilesRead.ShouldBe(0);

        before.Folders["b"].Config.Keys.ShouldBeEmpty();
        after.Folders["b"].Config["BUILDER_CLASS"].ShouldBe("3");
        after.Folders["a"].Srcinfo.ShouldBeSameAs(before.Folders["a"].Srcinfo);
        (unchanged.Commit, unchanged.Folders.Count).ShouldBe((third, 2));
        unchanged.DeptreeOf("x86_64").ShouldBeSameAs(after.DeptreeOf("x86_64"));
        before.Config.Value["BUILD_REPO"].ShouldBe("x");
        (await reader.ReadAsync(first, Token)).Folders["b"].Config.Keys.ShouldBeEmpty();
    }

    [Fact]
    public async Task ReadSomeAsync_WhenOneIsWanted_ReadsThatOneAndNamesAll()
    {
        using var remote = await SourceRemote.CreateAsync();
        var commit = await remote.CommitAsync("one", [.. SourceRemote.Package("a"), .. SourceRemote.Package("b"), (".ci/config", "BUILD_REPO=x\n")]);
        var reader = new CommitReader(await remote.OpenAsync());

        var snapshot = await reader.ReadSomeAsync(commit, names => names.Where(name => name == "b").Append("nowhere"), Token);

        reader.FilesRead.ShouldBe(3);
        snapshot.Folders.ShouldHaveSingleItem().Value.Srcinfo.ShouldNotBeNull();
        snapshot.Pkgbases.ShouldBe(["a", "b"]);
        (snapshot.Has("a"), snapshot.Has("nowhere"), snapshot.Config.Value["BUILD_REPO"]).ShouldBe((true, false, "x"));
    }

    [Fact]
    public async Task ReadAsync_WhenFoldersAreFaulty_SaysWhatToDoForEachAndReadsTheRest()
    {
        using var remote = await SourceRemote.CreateAsync();
        Link("linked-pkgbuild/PKGBUILD", "/etc/passwd");
        Link("linked-srcinfo/.SRCINFO", "../good/.SRCINFO");
        Link("linked-config/.CI", "../good/.CI");
        Link("linked-folder", "good");
        var commit = await remote.CommitAsync(
            "init",
            [
                .. SourceRemote.Package("good"),
                ("no-srcinfo/PKGBUILD", ""),
                ("broken/PKGBUILD", ""), ("broken/.SRCINFO", "pkgbase = broken\nthis is nothing\n"),
                ("other/PKGBUILD", ""), ("other/.SRCINFO", SourceRemote.Srcinfo("different")), ("other/.CI/on-success.sh", ""),
                ("made/PKGBUILD", ""), ("made/.SRCINFO", SourceRemote.Srcinfo("different")), ("made/.CI/PKGBUILD.append", "pkgbase=made"),
                ("stale/PKGBUILD", "pkgname=stale\npkgver=2\npkgrel=1\n"), ("stale/.SRCINFO", SourceRemote.Srcinfo("stale")),
                ("config/PKGBUILD", ""), ("config/.SRCINFO", SourceRemote.Srcinfo("config")), ("config/.CI/config", "BUILDER_CLASS=\0\n"),
                ("large-config/PKGBUILD", ""), ("large-config/.SRCINFO", SourceRemote.Srcinfo("large-config")), ("large-config/.CI/config", new string('#', (1 << 20) + 1)),
                ("large-pkgbuild/PKGBUILD", new string('#', (4 << 20) + 1)), ("large-pkgbuild/.SRCINFO", SourceRemote.Srcinfo("large-pkgbuild")),
                ("large-srcinfo/PKGBUILD", ""), ("large-srcinfo/.SRCINFO", new string('#', (4 << 20) + 1)),
                ("linked-srcinfo/PKGBUILD", ""),
                ("linked-config/PKGBUILD", ""), ("linked-config/.SRCINFO", SourceRemote.Srcinfo("linked-config")),
                ("with space/PKGBUILD", ""),
                ("$(id)/PKGBUILD", ""),
                ("-dash/PKGBUILD", ""),
                ("\u00fcmlaut/PKGBUILD", ""),
                ("docs/README.md", "no package"),
                (".hidden/PKGBUILD", ""),
                ("deep/er/PKGBUILD", ""),
                ("PKGBUILD", "at the root"),
            ]);

        var snapshot = await new CommitReader(await remote.OpenAsync()).ReadAsync(commit, Token);

        snapshot.Folders.Where(folder => folder.Value.Problem is null).Select(folder => folder.Key).Order().ShouldBe(["good", "made", "other", "stale"]);
        snapshot.Folders["made"].ShouldSatisfyAllConditions(
            made => made.IsAltered.ShouldBeTrue(), made => made.IsOwnSrcinfo.ShouldBeFalse(), made => made.TellsPackages.ShouldBeFalse());
        snapshot.Folders["good"].TellsPackages.ShouldBeTrue();
        var expected = new Dictionary<string, string>
        {
            ["no-srcinfo"] = "makepkg --printsrcinfo",
            ["broken"] = ".SRCINFO cannot be read",
            ["config"] = ".CI/config cannot be read",
            ["large-config"] = "more than 1048576",
            ["large-pkgbuild"] = "PKGBUILD is larger than 4 MiB",
            ["large-srcinfo"] = "larger than 4 MiB",
            ["linked-pkgbuild"] = "PKGBUILD is no plain file",
            ["linked-srcinfo"] = ".SRCINFO is no plain file",
            ["linked-config"] = ".CI/config is no plain file",
            ["with space"] = "letters, digits",
            ["$(id)"] = "letters, digits",
            ["-dash"] = "letters, digits",
            ["\u00fcmlaut"] = "letters, digits",
        };
        snapshot.Folders.Where(folder => folder.Value.Problem is not null).Select(folder => folder.Key).Order(StringComparer.Ordinal)
            .ShouldBe(expected.Keys.Order(StringComparer.Ordinal));
        foreach (var (name, text) in expected)
        {
            snapshot.Folders[name].Problem.ShouldNotBeNull().ShouldContain(text, customMessage: name);
            snapshot.Folders[name].Srcinfo.ShouldBeNull(name);
        }

        snapshot.Folders["stale"].Warning.ShouldNotBeNull().ShouldContain("it says pkgver 1, and its PKGBUILD 2");
        snapshot.Folders["other"].Warning.ShouldNotBeNull().ShouldContain("of pkgbase different");
        snapshot.Folders["good"].Warning.ShouldBeNull();
        snapshot.NotFollowed.ShouldBe(["linked-folder"]);
        snapshot.Pkgbases.ShouldNotContain("with space");
        snapshot.Pkgbases.ShouldContain("broken");

        void Link(string path, string target)
        {
            var full = Path.Combine(remote.Work.Folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            File.CreateSymbolicLink(full, target);
        }
    }

    [Fact]
    public async Task ReadAsync_WhenAFolderIsASubmodule_DoesNotFollowIt()
    {
        using var remote = await SourceRemote.CreateAsync();
        var commit = await remote.CommitAsync("one", SourceRemote.Package("a"));
        await remote.Work.GitAsync("update-index", "--add", "--cacheinfo", $"160000,{commit},sub");
        await remote.Work.GitAsync("update-index", "--add", "--cacheinfo", $"160000,{commit},c/PKGBUILD");
        await File.WriteAllTextAsync(Path.Combine(remote.Work.Folder, ".gitmodules"), "[submodule \"sub\"]\n\tpath = sub\n\turl = ext::sh -c 'touch /tmp/sprung'\n", Token);
        await remote.Work.GitAsync("add", ".gitmodules");
        await remote.Work.GitAsync("commit", "-q", "-m", "two");

        var snapshot = await new CommitReader(await remote.OpenAsync()).ReadAsync(await remote.ParseAsync("HEAD"), Token);

        snapshot.Folders.Keys.Order().ShouldBe(["a", "c"]);
        snapshot.Folders["c"].Problem.ShouldNotBeNull().ShouldContain("submodules are not followed");
        snapshot.NotFollowed.ShouldBe(["sub"]);
    }

    /// <summary>Names that are not even text: git keeps any bytes.</summary>
    [Fact]
    public async Task ReadAsync_WhenANameIsNotUtf8_TellsOfIt()
    {
        using var remote = await SourceRemote.CreateAsync();
        await remote.CommitAsync("one", SourceRemote.Package("a"));
        var blob = await remote.ParseAsync("HEAD:a/PKGBUILD");
        var tree = (await remote.Work.RunAsync("sh", "-c", $"printf '100644 blob {blob}\\tPKGBUILD\\n' | git mktree")).Trim();
        var root = (await remote.Work.RunAsync("sh", "-c", $"printf '040000 tree {tree}\\tb\\377d\\000' | git mktree -z")).Trim();
        var commit = (await remote.Work.GitAsync("commit-tree", "-m", "odd", root)).Trim();

        var snapshot = await new CommitReader(await remote.OpenAsync()).ReadAsync(commit, Token);

        snapshot.Folders.ShouldHaveSingleItem().Value.Problem.ShouldNotBeNull().ShouldContain("name");
        snapshot.Pkgbases.ShouldBeEmpty();
    }

    [Fact]
    public async Task ReadAsync_WhenTheFilesTogetherAreTooLargeForMemory_ReadsThemInParts()
    {
        using var remote = await SourceRemote.CreateAsync();
        var commit = await remote.CommitAsync(
            "init",
            [.. SourceRemote.Package("a"), .. SourceRemote.Package("b"), .. SourceRemote.Package("c"), ("b/.CI/config", $"BUILDER_CLASS=3\n{new string('#', 5000)}")]);
        var git = await remote.OpenAsync();
        var reader = new CommitReader(git) { Blobs = new BlobReader(git) { MostBytes = 300, MostFiles = 5 } };

        var snapshot = await reader.ReadAsync(commit, Token);

        snapshot.Folders.Values.ShouldAllBe(folder => folder.Problem == null);
        snapshot.Folders.Keys.Order().ShouldBe(["a", "b", "c"]);
    }

    [Fact]
    public async Task ReadAsync_WhenAFileIsMissing_SaysThatTheCloneIsDamaged()
    {
        using var remote = await SourceRemote.CreateAsync();
        var commit = await remote.CommitAsync("init", SourceRemote.Package("a"));
        var blob = await remote.ParseAsync("HEAD:a/.SRCINFO");
        File.Delete(Path.Combine(remote.Work.Folder, ".git", "objects", blob[..2], blob[2..]));

        (await Should.ThrowAsync<SourceUnavailableException>(async () => await new CommitReader(await remote.OpenAsync()).ReadAsync(commit, Token)))
            .Message.ShouldContain("damaged");
    }
}
