using Caur.Pipelines.Git;

namespace Caur.Tests.Pipelines.Git;

public sealed class WorkTreeTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AddAsync_WhenTheCommitHasLinksAndFilters_GivesPlainFilesAndKeepsThem()
    {
        using var remote = await SourceRemote.CreateAsync();
        File.CreateSymbolicLink(Path.Combine(Directory.CreateDirectory(Path.Combine(remote.Work.Folder, "a")).FullName, "link"), "/etc/passwd");
        var commit = await remote.PushAsync(
            "init", ("a/PKGBUILD", "x\n"), ("a/.gitattributes", "* text eol=crlf ident\n"), ("a/b", "$Id$\n"));
        var clone = new SourceClone("packages", remote["clone.git"], remote.Path, remote.Processes);
        (await clone.FetchAsync(Token)).ShouldBe(commit);

        await using var tree = await clone.AddWorkTreeAsync(remote["trees", "one"], commit, Token);

        (await File.ReadAllTextAsync(Path.Combine(tree.Folder, "a", "PKGBUILD"), Token)).ShouldBe("x\n");
        (await File.ReadAllTextAsync(Path.Combine(tree.Folder, "a", "b"), Token)).ShouldBe("$Id$\n");
        new FileInfo(Path.Combine(tree.Folder, "a", "link")).LinkTarget.ShouldBeNull();
        await File.WriteAllTextAsync(Path.Combine(tree.Folder, "a", "PKGBUILD"), "y\n", Token);
        await tree.RequireAsync(["add", "--all"], Token);
        (await tree.RequireAsync(["diff", "--cached", "--name-only"], Token)).OutputText.ShouldBe("a/PKGBUILD\n");
    }

    [Fact]
    public async Task DisposeAsync_ThenAddAsync_MakesItAnew()
    {
        using var remote = await SourceRemote.CreateAsync();
        var first = await remote.PushAsync("one", SourceRemote.Package("a"));
        var second = await remote.PushAsync("two", SourceRemote.Package("b"));
        var clone = new SourceClone("packages", remote["clone.git"], $"file://{remote.Path}", remote.Processes);
        await clone.FetchAsync(Token);
        var tree = await clone.AddWorkTreeAsync(remote["tree"], first, Token);
        await tree.DisposeAsync();
        Directory.Exists(tree.Folder).ShouldBeFalse();

        // One that a killed process left behind.
        await clone.AddWorkTreeAsync(remote["tree"], first, Token);
        await using var again = await clone.AddWorkTreeAsync(remote["tree"], second, Token);

        Directory.Exists(Path.Combine(again.Folder, "b")).ShouldBeTrue();
    }

    [Fact]
    public async Task FetchAsync_WhenTheServerMakesPartialClones_LeavesLargeFilesThere()
    {
        using var remote = await SourceRemote.CreateAsync();
        await remote.Work.GitAsync("-C", remote.Path, "config", "uploadpack.allowFilter", "true");
        await File.WriteAllBytesAsync(Path.Combine(remote.Work.Folder, "large"), Large(), Token);
        var commit = await remote.PushAsync("init", SourceRemote.Package("a"));
        var clone = new SourceClone("packages", remote["clone.git"], $"file://{remote.Path}", remote.Processes);

        (await clone.FetchAsync(Token)).ShouldBe(commit);

        new DirectoryInfo(remote["clone.git"]).EnumerateFiles("*", SearchOption.AllDirectories).Sum(file => file.Length).ShouldBeLessThan(1 << 20);

        // Whoever wants the file has it.
        await using var tree = await clone.AddWorkTreeAsync(remote["tree"], commit, Token);
        new FileInfo(Path.Combine(tree.Folder, "large")).Length.ShouldBe(Large().Length);
    }

    private static byte[] Large()
    {
        var bytes = new byte[2 << 20];
        new Random(1).NextBytes(bytes);
        return bytes;
    }
}
