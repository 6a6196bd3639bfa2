using Caur.Storage.Processes;

namespace Caur.Pipelines.Git;

/// <summary>A clone, read with the <c>git</c> command. It runs no hooks, asks for no password, and reads repositories of any
/// owner: what is in them is data here.</summary>
/// <param name="folder">A bare clone, or the git directory of a checkout.</param>
/// <param name="processes">Runs git.</param>
/// <param name="credential">What a server that asks for it is told; null for what git finds itself.</param>
internal sealed class GitRepository(string folder, ProcessRunner processes, GitCredential? credential = null)
{
    private const int LargestAnswer = 512 << 20;

    /// <summary>No command of git's takes so long here.</summary>
    private static readonly TimeSpan LongestWork = TimeSpan.FromHours(1);

    private readonly Dictionary<string, string?> _environment = GitEnvironment.Of(credential);
    private string? _configuration;
    private bool _ensured;

    /// <summary>Where it is.</summary>
    public string Folder => folder;

    /// <summary>Finds the repository that a folder of this machine is a checkout of. Its own configuration and its user's count, since the
    /// way to its server may stand there, but no hook or filter of it runs.</summary>
    /// <exception cref="SourceUnavailableException">It is none.</exception>
    public static async Task<GitRepository> OpenAsync(
        string checkout, ProcessRunner processes, CancellationToken cancellationToken, GitCredential? credential = null)
    {
        if (!Directory.Exists(checkout))
        {
            throw new SourceUnavailableException($"there is no folder '{checkout}'");
        }

        var found = await new GitRepository(checkout, processes).RunAsync(["rev-parse", "--absolute-git-dir"], cancellationToken);
        if (!found.Succeeded)
        {
            throw new SourceUnavailableException($"'{checkout}' is no git repository: {GitText.Of(found)}");
        }

        var directory = found.OutputText.TrimEnd('\n');
        var repository = new GitRepository(directory, processes, credential);
        repository._environment["GIT_DIR"] = directory;
        repository._environment["GIT_CONFIG_NOSYSTEM"] = null;
        return repository;
    }

    /// <summary>Makes the clone if there is none.</summary>
    /// <returns>True when there was none.</returns>
    public async Task<bool> EnsureAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);

        // What a killed git left behind would stop the next one. When this begins nobody else works here; later another run may, but none so long.
        var before = _ensured ? TimeProvider.System.GetUtcNow().UtcDateTime - LongestWork : DateTime.MaxValue;
        foreach (var stale in new DirectoryInfo(folder).EnumerateFiles("*.lock", SearchOption.AllDirectories).Where(file => file.LastWriteTimeUtc < before))
        {
            stale.Delete();
        }

        _ensured = true;

        var safe = Path.Combine(folder, "caur.gitconfig");
        await File.WriteAllTextAsync(safe, "[safe]\n\tdirectory = *\n", cancellationToken);
        _environment["GIT_CONFIG_GLOBAL"] = _configuration = safe;
        if (File.Exists(Path.Combine(folder, "HEAD")) && (await RunAsync(["rev-parse", "--git-dir"], cancellationToken)).Succeeded)
        {
            return false;
        }

        await RequireAsync(["init", "--quiet", "--bare", "--template=", "."], cancellationToken);
        return true;
    }

    /// <summary>Tidies the clone when there is much that is loose.</summary>
    public Task TidyAsync(CancellationToken cancellationToken) => RunAsync(["gc", "--auto", "--quiet"], cancellationToken);

    /// <summary>Runs a git command in the clone.</summary>
    /// <param name="arguments">The command and what it takes.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="input">What it reads.</param>
    /// <param name="largest">So much of its output is kept, in bytes; the rest makes it no success.</param>
    public Task<ProcessResult> RunAsync(
        IReadOnlyList<string> arguments, CancellationToken cancellationToken, ReadOnlyMemory<byte> input = default, int largest = LargestAnswer) =>
        processes.RunAsync(
            new ProcessRequest
            {
                FileName = "git",
                Arguments = [.. GitEnvironment.Settings(credential), .. arguments],
                WorkingFolder = folder,
                Environment = _environment,
                Input = input,
                MaxOutput = largest,
                Timeout = TimeSpan.FromMinutes(9),
            },
            cancellationToken);

    /// <summary>Runs a git command that must succeed.</summary>
    public async Task<ProcessResult> RequireAsync(
        IReadOnlyList<string> arguments, CancellationToken cancellationToken, ReadOnlyMemory<byte> input = default)
    {
        var result = await RunAsync(arguments, cancellationToken, input);
        return result.Succeeded
            ? result
            : throw new SourceUnavailableException($"git {arguments[0]} failed: {GitText.Of(result)}");
    }

    /// <summary>What git said, in one line.</summary>
    public static string Words(ProcessResult result) => GitText.Of(result);

    /// <summary>A repository in a folder that git made of this one, with the same rights.</summary>
    public GitRepository Beside(string other)
    {
        var repository = new GitRepository(other, processes, credential);
        if (_configuration is { } configuration)
        {
            repository._environment["GIT_CONFIG_GLOBAL"] = repository._configuration = configuration;
        }

        return repository;
    }
}
