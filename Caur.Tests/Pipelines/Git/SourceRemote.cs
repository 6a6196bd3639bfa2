using Caur.Pipelines.Git;
using Caur.Storage.Processes;
using Caur.Tests.Sources;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Pipelines.Git;

/// <summary>A source repository as a forge has it, bare, with a checkout in which somebody works.</summary>
internal sealed class SourceRemote : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private SourceRemote() => Work = new GitWorkTree(_folder["work"]);

    /// <summary>The bare repository.</summary>
    public string Path => _folder["origin.git"];

    /// <summary>The checkout; its remote is the bare repository.</summary>
    public GitWorkTree Work { get; }

    public ProcessRunner Processes { get; } = new(TimeProvider.System);

    /// <summary>A path that only this test has.</summary>
    public string this[params string[] names] => _folder[names];

    public static async Task<SourceRemote> CreateAsync()
    {
        var remote = new SourceRemote();
        await remote.Work.GitAsync("init", "-q", "--bare", "-b", "main", remote.Path);
        await remote.Work.GitAsync("remote", "add", "origin", remote.Path);
        return remote;
    }

    /// <summary>The same once more, with all that is beside it.</summary>
    public static SourceRemote CopyOf(SourceRemote other)
    {
        var copy = new SourceRemote();
        foreach (var file in Directory.EnumerateFiles(other._folder.Path, "*", SearchOption.AllDirectories))
        {
            var to = copy._folder[System.IO.Path.GetRelativePath(other._folder.Path, file)];
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(to)!);
            File.Copy(file, to);
        }

        // What git needs of a repository, also without a file in it.
        foreach (var folder in (string[])["refs/heads", "refs/tags", "objects/info", "objects/pack"])
        {
            Directory.CreateDirectory(System.IO.Path.Combine(copy.Path, folder));
            Directory.CreateDirectory(System.IO.Path.Combine(copy.Work.Folder, ".git", folder));
        }

        var config = System.IO.Path.Combine(copy.Work.Folder, ".git", "config");
        File.WriteAllText(config, File.ReadAllText(config).Replace(other.Path, copy.Path, StringComparison.Ordinal));
        return copy;
    }

    /// <summary>The text of a .SRCINFO.</summary>
    public static string Srcinfo(string pkgbase, params string[] lines) =>
        string.Join("\n", [$"pkgbase = {pkgbase}", "pkgver = 1", "pkgrel = 1", "arch = x86_64", .. lines, "", $"pkgname = {pkgbase}", ""]);

    /// <summary>The files of a package folder.</summary>
    public static (string Path, string Text)[] Package(string pkgbase, string pkgver = "1") =>
    [
        ($"{pkgbase}/PKGBUILD", $"pkgname={pkgbase}\npkgver={pkgver}\npkgrel=1\narch=(x86_64)\n"),
        ($"{pkgbase}/.SRCINFO", Srcinfo(pkgbase).Replace("pkgver = 1", $"pkgver = {pkgver}", StringComparison.Ordinal)),
    ];

    /// <summary>Commits everything, with files written before, and pushes it, by force where needed.</summary>
    /// <returns>The commit.</returns>
    public async Task<string> PushAsync(string message, params (string Path, string Text)[] files)
    {
        var commit = await CommitAsync(message, files);
        await Work.GitAsync("push", "-q", "--force", "origin", "HEAD:refs/heads/main");
        return commit;
    }

    /// <summary>The same without pushing.</summary>
    public async Task<string> CommitAsync(string message, params (string Path, string Text)[] files)
    {
        foreach (var (path, text) in files)
        {
            var full = System.IO.Path.Combine(Work.Folder, path);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(full)!);
            await File.WriteAllTextAsync(full, text);
        }

        await Work.GitAsync("add", "-A", ".");
        await Work.GitAsync("commit", "-q", "--allow-empty", "--cleanup=verbatim", "-m", message);
        return await ParseAsync("HEAD");
    }

    /// <summary>Removes a folder, without committing.</summary>
    public void Remove(string folder) => Directory.Delete(System.IO.Path.Combine(Work.Folder, folder), recursive: true);

    /// <summary>A commit of the checkout.</summary>
    public async Task<string> ParseAsync(string name) => (await Work.GitAsync("rev-parse", name)).Trim();

    /// <summary>Where the tag is at the forge; null when it is not.</summary>
    public async Task<string?> TagAsync(string tag = "scheduled") =>
        (await Work.GitAsync("ls-remote", "origin", $"refs/tags/{tag}")).Split('\t') is [{ Length: > 0 } commit, ..] ? commit : null;

    /// <summary>The checkout, as a pipeline opens it.</summary>
    public Task<GitRepository> OpenAsync(string? folder = null) =>
        GitRepository.OpenAsync(folder ?? Work.Folder, Processes, TestContext.Current.CancellationToken);

    public void Dispose() => _folder.Dispose();
}
