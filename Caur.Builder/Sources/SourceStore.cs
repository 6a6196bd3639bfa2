using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace Caur.Builder.Sources;

/// <summary>What became of a checkout.</summary>
internal enum SourceStatus
{
    /// <summary>The folder's files are there.</summary>
    Ready,

    /// <summary>The order cannot be carried out by any builder: no such commit or folder, or the folder is not acceptable.</summary>
    Wrong,

    /// <summary>The repository could not be reached or read; another try may help.</summary>
    Unreachable,
}

/// <param name="Status">What became of it.</param>
/// <param name="Message">Why, for people; empty when ready.</param>
internal sealed record SourceResult(SourceStatus Status, string Message)
{
    public static SourceResult Ready { get; } = new(SourceStatus.Ready, "");
}

/// <summary>Keeps one bare repository per source repository with just the commits that were built, and unpacks package folders from it.</summary>
internal sealed partial class SourceStore(string root, SourceOptions options, TimeProvider time, ILogger<SourceStore> logger)
{
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _turns = new(StringComparer.Ordinal);

    /// <summary>Unpacks the package folder at exactly this commit into an existing, empty folder.</summary>
    public async Task<SourceResult> CheckOutAsync(
        string url, string commit, string pkgbase, string destination, CancellationToken cancellationToken)
    {
        if (SourceUrl.TryParse(url, out var problem) is not { } source)
        {
            return new(SourceStatus.Wrong, $"The source repository's address '{url}' cannot be used: {problem}.");
        }

        var turn = _turns.GetOrAdd(url, _ => new SemaphoreSlim(1));
        await turn.WaitAsync(cancellationToken);
        try
        {
            var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(url)))[..20];
            var folder = Path.Combine(root, name + ".git");
            var git = await OpenAsync(source, folder, cancellationToken);
            var fetched = await FetchAsync(git, source, commit, cancellationToken);
            return fetched.Status == SourceStatus.Ready
                ? await UnpackAsync(git, source, commit, pkgbase, destination, cancellationToken)
                : fetched;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            return new(SourceStatus.Unreachable, $"The source repository {source.Shown} could not be kept on this builder: {error.Message}");
        }
        finally
        {
            turn.Release();
        }
    }

    private static async Task<GitCommand> OpenAsync(SourceUrl source, string folder, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder);
        var config = Path.Combine(folder, "caur.gitconfig");
        var git = new GitCommand(folder, source.LocalPath is null ? null : config);
        if (source.LocalPath is { } path)
        {
            // A repository of another user on this machine is meant when it is named; git asks for that to be said where the command
            // that serves it looks, too.
            await File.WriteAllTextAsync(config, $"[safe]\n\tdirectory = {Quote(path)}\n\tdirectory = {Quote(path.TrimEnd('/') + "/.git")}\n"
                + $"\tdirectory = {Quote(folder)}\n", cancellationToken);
        }

        // What a killed git left behind would stop the next one; nobody else works here.
        foreach (var stale in Directory.EnumerateFiles(folder, "*.lock", SearchOption.AllDirectories))
        {
            File.Delete(stale);
        }

        if (!File.Exists(Path.Combine(folder, "HEAD")) || !(await git.RunAsync(cancellationToken, "rev-parse", "--git-dir")).Succeeded)
        {
            foreach (var old in Directory.EnumerateFileSystemEntries(folder).Where(e => e != config))
            {
                if (Directory.Exists(old))
                {
                    Directory.Delete(old, recursive: true);
                }
                else
                {
                    File.Delete(old);
                }
            }

            var made = await git.RunAsync(cancellationToken, "init", "--quiet", "--bare", "--template=", folder);
            if (!made.Succeeded)
            {
                throw new IOException(made.Complaint);
            }
        }

        // The folder is wanted as it was committed: attributes that leave files out of archives or rewrite them are for releases.
        Directory.CreateDirectory(Path.Combine(folder, "info"));
        await File.WriteAllTextAsync(Path.Combine(folder, "info", "attributes"), "* -export-ignore -export-subst\n", cancellationToken);
        return git;
    }

    private static string Quote(string value) => '"' + value.Replace("\\", "\\\\").Replace("\"", "\\\"") + '"';

    private async Task<SourceResult> FetchAsync(GitCommand git, SourceUrl source, string commit, CancellationToken cancellationToken)
    {
        if (await HasAsync(git, commit, cancellationToken))
        {
            return SourceResult.Ready;
        }

        var start = time.GetTimestamp();
        using var limit = new CancellationTokenSource(options.FetchTimeout, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var one = await git.RunAsync(
                linked.Token, "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--depth=1", source.Text, $"+{commit}:refs/caur/{commit}");
            if (!one.Succeeded)
            {
                // Some servers hand out only what a branch or tag points at, and plain web servers no shallow part.
                LogFullFetch(logger, source.Shown, one.Complaint);
                var all = await git.RunAsync(
                    linked.Token, "fetch", "--quiet", "--no-write-fetch-head", source.Text, "+refs/heads/*:refs/far/heads/*", "+refs/tags/*:refs/far/tags/*");
                if (!all.Succeeded)
                {
                    return new(SourceStatus.Unreachable, $"The source repository {source.Shown} cannot be fetched: {all.Complaint}");
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new(SourceStatus.Unreachable, $"Fetching the source repository {source.Shown} took longer than {options.FetchTimeout}.");
        }

        if (!await HasAsync(git, commit, cancellationToken))
        {
            return new(SourceStatus.Wrong, $"The source repository {source.Shown} has no commit {commit}. Was it rewritten since the build was scheduled?");
        }

        LogFetched(logger, source.Shown, commit, time.GetElapsedTime(start));
        await CleanAsync(git, commit, cancellationToken);
        return SourceResult.Ready;
    }

    private static async Task<bool> HasAsync(GitCommand git, string commit, CancellationToken cancellationToken) =>
        (await git.RunAsync(cancellationToken, "cat-file", "-e", commit + "^{commit}")).Succeeded;

    /// <summary>Keeps the newest commits, and in any case the one that is wanted now, which may be an old one.</summary>
    private async Task CleanAsync(GitCommand git, string wanted, CancellationToken cancellationToken)
    {
        var listed = await git.RunAsync(cancellationToken, "for-each-ref", "--sort=-committerdate", "--format=%(refname)", "refs/caur/");
        var refs = listed.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (refs.Length < 2 * options.KeepCommits)
        {
            return;
        }

        foreach (var old in refs.Where(name => !name.EndsWith(wanted, StringComparison.Ordinal)).Skip(options.KeepCommits))
        {
            await git.RunAsync(cancellationToken, "update-ref", "-d", old);
        }

        await git.RunAsync(cancellationToken, "gc", "--quiet", "--prune=now");
    }

    private static async Task<SourceResult> UnpackAsync(
        GitCommand git, SourceUrl source, string commit, string pkgbase, string destination, CancellationToken cancellationToken)
    {
        var kind = await git.RunAsync(cancellationToken, "cat-file", "-t", $"{commit}:{pkgbase}");
        if (kind.Output.Trim() != "tree")
        {
            return new(SourceStatus.Wrong, $"The source repository {source.Shown} has no folder '{pkgbase}' at commit {commit}.");
        }

        try
        {
            var packed = await git.RunAsync(
                (tar, token) => FolderExtractor.ExtractAsync(tar, pkgbase, destination, token), cancellationToken,
                "archive", "--format=tar", commit, "--", pkgbase);
            return packed.Succeeded
                ? SourceResult.Ready
                : new(SourceStatus.Unreachable, $"The folder '{pkgbase}' could not be read from the fetched repository: {packed.Complaint}");
        }
        catch (UnsafeEntryException error)
        {
            return new(SourceStatus.Wrong, $"The folder '{pkgbase}' at commit {commit} is refused: {error.Message}.");
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Fetched {Commit} of {Repository} in {Elapsed}")]
    private static partial void LogFetched(ILogger logger, string repository, string commit, TimeSpan elapsed);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Repository} gives no single commit, so all of it is fetched: {Problem}")]
    private static partial void LogFullFetch(ILogger logger, string repository, string problem);
}
