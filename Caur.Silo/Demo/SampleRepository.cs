using Caur.Silo.Cli;
using Caur.Storage.Processes;

namespace Caur.Silo.Demo;

/// <summary>A source repository as farms have them: a git repository of package folders.</summary>
/// <param name="Url">What the hub fetches from.</param>
/// <param name="Note">What was done, for people.</param>
/// <param name="Expectations">What is to become of its packages, if it is the samples.</param>
internal sealed record SampleRepository(string Url, string Note, DemoExpectations? Expectations)
{
    private static readonly Dictionary<string, string?> Environment = new()
    {
        // Whatever this user has configured, templates with hooks and signed commits too, has no say here.
        ["GIT_CONFIG_GLOBAL"] = "/dev/null",
        ["GIT_CONFIG_NOSYSTEM"] = "1",
        ["GIT_TEMPLATE_DIR"] = "",
        ["GIT_DIR"] = null,
        ["GIT_WORK_TREE"] = null,
        ["GIT_INDEX_FILE"] = null,
        ["GIT_AUTHOR_NAME"] = "Caur",
        ["GIT_AUTHOR_EMAIL"] = "caur@example.org",
        ["GIT_COMMITTER_NAME"] = "Caur",
        ["GIT_COMMITTER_EMAIL"] = "caur@example.org",
        ["LC_ALL"] = "C",
    };

    /// <summary>Prepares the source that the options name.</summary>
    public static async Task<SampleRepository> PrepareAsync(
        DemoOptions options, DemoFolders folders, CliContext context, CancellationToken cancellationToken)
    {
        if (options.Source is not { } source)
        {
            var samples = FindSamples(context);
            var expect = Path.Combine(samples, DemoExpectations.FileName);
            var expectations = File.Exists(expect) ? DemoExpectations.Parse(await File.ReadAllTextAsync(expect, cancellationToken)) : null;
            var said = await CommitAsync(samples, folders.Source, context.Time, cancellationToken, keepsRelease: true);

            // The demo orders all of it by hand; the farm, which follows the repository, is to take it from here.
            await RunAsync(folders.Source, context.Time, cancellationToken, "tag", "-f", "scheduled", "HEAD");
            return new SampleRepository(folders.Source, said, expectations);
        }

        if (source.Contains("://", StringComparison.Ordinal))
        {
            return new SampleRepository(source, "a git repository elsewhere", null);
        }

        var path = Path.GetFullPath(source);
        if (!Directory.Exists(path))
        {
            throw new FarmException(ExitCodes.Usage, $"there is no folder {path} (--source)");
        }

        return IsGitRepository(path)
            ? new SampleRepository(path, "a git repository, built at its current commit", null)
            : new SampleRepository(folders.Source, await CommitAsync(path, folders.Source, context.Time, cancellationToken), null);
    }

    /// <summary>Makes a git repository equal to a plain folder.</summary>
    /// <returns>What it did: a commit only when something changed, so that the same content keeps its commit.</returns>
    /// <param name="from">The plain folder.</param>
    /// <param name="to">The repository.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <param name="keepsRelease">A version that an earlier demo committed stays: it is published.</param>
    public static async Task<string> CommitAsync(
        string from, string to, TimeProvider time, CancellationToken cancellationToken, bool keepsRelease = false)
    {
        var release = keepsRelease ? SampleRelease.Read(to) : null;
        if (!Directory.Exists(Path.Combine(to, ".git")))
        {
            Directory.CreateDirectory(to);
            await RunAsync("init", "-q", "-b", "main");
        }

        File.Delete(Path.Combine(to, ".git", "index.lock"));
        foreach (var old in new DirectoryInfo(to).EnumerateFileSystemInfos().Where(entry => entry.Name != ".git"))
        {
            if (old is DirectoryInfo { LinkTarget: null } folder)
            {
                folder.Delete(recursive: true);
            }
            else
            {
                old.Delete();
            }
        }

        Copy(new DirectoryInfo(from), to);
        if (release is not null)
        {
            SampleRelease.Write(to, release);
        }

        // A sample's upstream is a git repository in plain files; what its own ignore files leave out belongs to it all the same.
        await RunAsync("add", "-A", "-f", ".");
        var before = await HeadAsync();
        if (before is null || (await RunAsync("status", "--porcelain")).Length > 0)
        {
            await RunAsync("commit", "-q", "--allow-empty", "-m", "The package folders as they are");
        }

        var after = await HeadAsync() ?? throw new FarmException(ExitCodes.Failed, $"git made no commit in {to}");
        var count = new DirectoryInfo(to).EnumerateDirectories().Count(folder => File.Exists(Path.Combine(folder.FullName, "PKGBUILD")));
        return $"{count} package folders at commit {after[..10]}, {(after == before ? "unchanged" : "new")}";

        Task<string> RunAsync(params string[] arguments) => SampleRepository.RunAsync(to, time, cancellationToken, arguments);

        async Task<string?> HeadAsync()
        {
            var result = await new ProcessRunner(time).RunAsync(
                new ProcessRequest { FileName = "git", Arguments = ["-C", to, "rev-parse", "--verify", "-q", "HEAD"], Environment = Environment },
                cancellationToken);
            return result.Succeeded ? result.OutputText.Trim() : null;
        }
    }

    /// <summary>Commits what was changed in the repository.</summary>
    /// <returns>The commit.</returns>
    public static async Task<string> CommitAllAsync(string repository, string message, TimeProvider time, CancellationToken cancellationToken)
    {
        await RunAsync(repository, time, cancellationToken, "commit", "-q", "-a", "-m", message);
        return (await RunAsync(repository, time, cancellationToken, "rev-parse", "HEAD")).Trim();
    }

    private static async Task<string> RunAsync(string repository, TimeProvider time, CancellationToken cancellationToken, params string[] arguments)
    {
        var result = await new ProcessRunner(time).RunAsync(
            new ProcessRequest { FileName = "git", Arguments = ["-C", repository, "-c", "core.autocrlf=false", .. arguments], Environment = Environment },
            cancellationToken);
        return result.Succeeded
            ? result.OutputText
            : throw new FarmException(ExitCodes.Failed, $"git {arguments[0]} in {repository} failed: {result.Error.Trim()}");
    }

    private static bool IsGitRepository(string path) =>
        Path.Exists(Path.Combine(path, ".git"))
        || (File.Exists(Path.Combine(path, "HEAD")) && Directory.Exists(Path.Combine(path, "objects")) && Directory.Exists(Path.Combine(path, "refs")));

    private static void Copy(DirectoryInfo from, string to)
    {
        foreach (var entry in from.EnumerateFileSystemInfos().Where(entry => entry.Name != ".git"))
        {
            var target = Path.Combine(to, entry.Name);
            switch (entry)
            {
                case { LinkTarget: { } link }:
                    File.CreateSymbolicLink(target, link);
                    break;
                case DirectoryInfo folder:
                    Directory.CreateDirectory(target);
                    Copy(folder, target);
                    break;
                case FileInfo file:
                    file.CopyTo(target);
                    break;
            }
        }
    }

    /// <summary>The samples of the checkout that this executable was built in.</summary>
    private static string FindSamples(CliContext context)
    {
        if (context.Variable("CAUR_SAMPLES") is { } named)
        {
            return named;
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var samples = Path.Combine(folder.FullName, "samples");
            if (File.Exists(Path.Combine(samples, DemoExpectations.FileName)))
            {
                return samples;
            }
        }

        throw new FarmException(
            ExitCodes.Failed, "the samples are not beside this executable: run ./caur demo in a checkout, name them in CAUR_SAMPLES, or build something else with --source");
    }
}
