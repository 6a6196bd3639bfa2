using Caur.Storage.Processes;

namespace Caur.Tests.Sources;

/// <summary>A git repository with a work tree, made with the git command.</summary>
internal sealed class GitWorkTree(string folder)
{
    private static readonly Dictionary<string, string?> Environment = new()
    {
        ["GIT_CONFIG_GLOBAL"] = "/dev/null",
        ["GIT_CONFIG_NOSYSTEM"] = "1",
        ["GIT_AUTHOR_NAME"] = "A",
        ["GIT_AUTHOR_EMAIL"] = "a@example.org",
        ["GIT_COMMITTER_NAME"] = "A",
        ["GIT_COMMITTER_EMAIL"] = "a@example.org",
    };

    private readonly ProcessRunner _processes = new(TimeProvider.System);

    public string Folder => folder;

    /// <summary>Writes files and commits everything.</summary>
    /// <returns>The commit.</returns>
    public async Task<string> CommitAsync(params (string Path, string Text)[] files)
    {
        await EnsureAsync();
        foreach (var (path, text) in files)
        {
            var full = Path.Combine(folder, path);
            Directory.CreateDirectory(Path.GetDirectoryName(full)!);
            await File.WriteAllTextAsync(full, text);
        }

        await GitAsync("add", "-A", ".");
        await GitAsync("commit", "-q", "--allow-empty", "-m", "change");
        return (await GitAsync("rev-parse", "HEAD")).Trim();
    }

    public async Task<string> GitAsync(params string[] arguments)
    {
        await EnsureAsync();
        return await RunAsync("git", arguments);
    }

    public async Task<string> RunAsync(string program, params string[] arguments)
    {
        var result = await _processes.RunAsync(
            new ProcessRequest { FileName = program, Arguments = arguments, WorkingFolder = folder, Environment = Environment }, CancellationToken.None);
        result.Succeeded.ShouldBeTrue($"{program} {string.Join(' ', arguments)}: {result.Error}");
        return result.OutputText;
    }

    private async Task EnsureAsync()
    {
        if (!Directory.Exists(Path.Combine(folder, ".git")))
        {
            Directory.CreateDirectory(folder);
            await RunAsync("git", "init", "-q", "-b", "main", ".");
        }
    }
}
