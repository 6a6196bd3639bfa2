using Caur.Builder.Sources;

namespace Caur.Tests.Builder;

/// <summary>A folder of one test's own, removed with it.</summary>
internal sealed class TestFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("caur-builder-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

/// <summary>A real source repository.</summary>
internal sealed class TestRepository
{
    private readonly string _folder;

    private TestRepository(string folder) => _folder = folder;

    public string Path => _folder;

    public static async Task<TestRepository> CreateAsync(string folder)
    {
        Directory.CreateDirectory(System.IO.Path.Combine(folder, ".git"));
        var repository = new TestRepository(folder);
        await repository.GitAsync("init", "--quiet", "--initial-branch=main");
        return repository;
    }

    /// <summary>Writes files, the parts of whose names are folders, commits everything, and returns the commit.</summary>
    public async Task<string> CommitAsync(params (string Name, string Text)[] files)
    {
        foreach (var (name, text) in files)
        {
            var path = System.IO.Path.Combine(_folder, name);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
            await File.WriteAllTextAsync(path, text, TestContext.Current.CancellationToken);
        }

        return await CommitAllAsync();
    }

    public async Task<string> CommitAllAsync()
    {
        await GitAsync("add", "--all");
        await GitAsync("-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "--allow-empty", "-m", "change");
        return (await GitAsync("rev-parse", "HEAD")).Trim();
    }

    public async Task<string> GitAsync(params string[] arguments)
    {
        var git = new GitCommand(System.IO.Path.Combine(_folder, ".git"), null);
        var result = await git.RunAsync(TestContext.Current.CancellationToken, ["-C", _folder, "--work-tree=" + _folder, .. arguments]);
        result.Succeeded.ShouldBeTrue(result.Complaint);
        return result.Output;
    }
}
