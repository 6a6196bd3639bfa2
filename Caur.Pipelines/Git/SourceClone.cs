using System.Text.RegularExpressions;
using Caur.Storage.Processes;

namespace Caur.Pipelines.Git;

/// <summary>A bare clone of a source repository, kept beside the farm's data. It is a partial one where the server can make such: large files
/// come only when somebody reads them. What writes into the repository does it in a work tree of its own (<see cref="AddWorkTreeAsync"/>).</summary>
/// <param name="id">The repository's name, for messages.</param>
/// <param name="folder">Where the clone is.</param>
/// <param name="url">Where it is fetched from; name and password in it stand in no command line.</param>
/// <param name="processes">Runs git.</param>
internal sealed partial class SourceClone(string id, string folder, string url, ProcessRunner processes)
{
    /// <summary>Name and address of the other side in the clone's configuration: files that are missing are fetched from there.</summary>
    private const string Remote = "origin";

    /// <summary>No file that is read of a package folder is nearly as large.</summary>
    private const string Filter = "--filter=blob:limit=1m";

    private readonly GitRemote _remote = GitRemote.Parse(url);
    private bool _configured;
    private bool _made;

    /// <summary>The clone.</summary>
    public GitRepository Git { get; } = new(folder, processes, GitRemote.Parse(url).Credential);

    private string Shown => GitText.Shown(url);

    /// <summary>Makes the clone if there is none, and fetches what is new.</summary>
    /// <returns>The newest commit of the other side's default branch; null when it has none.</returns>
    /// <exception cref="SourceUnavailableException">It cannot be had; the message says what to do.</exception>
    public async Task<string?> FetchAsync(CancellationToken cancellationToken)
    {
        Check();
        if (await Git.EnsureAsync(cancellationToken) || !_configured)
        {
            await Git.RequireAsync(["config", "--replace-all", $"remote.{Remote}.url", _remote.Address], cancellationToken);
            _configured = true;
        }

        // At the same time as the fetch. Whichever looks first: a commit that came between them is fetched by its id.
        var listing = Git.RunAsync(["ls-remote", "--", _remote.Address, "HEAD"], cancellationToken);
        var fetched = await Git.RunAsync(
            [
                "fetch", "--quiet", "--prune", "--force", "--no-auto-gc", "--no-write-fetch-head", Filter, "--", Remote,
                "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*",
            ],
            cancellationToken);
        var listed = await listing;
        if (!fetched.Succeeded)
        {
            throw new SourceUnavailableException($"source repository {id} cannot be fetched from {Shown}: {GitText.Of(fetched)}");
        }

        return HeadOf(listed);
    }

    /// <summary>Asks for the newest commit of the other side's default branch, and fetches nothing.</summary>
    /// <returns>Null when there is none.</returns>
    /// <exception cref="SourceUnavailableException">It does not answer; the message says what to do.</exception>
    public async Task<string?> LookAsync(CancellationToken cancellationToken)
    {
        Check();
        if (!_made || !Directory.Exists(folder))
        {
            // Not each time: somebody may be pushing from here, and this takes old locks away.
            await Git.EnsureAsync(cancellationToken);
            _made = true;
        }

        return HeadOf(await Git.RunAsync(["ls-remote", "--", _remote.Address, "HEAD"], cancellationToken));
    }

    /// <summary>Which commit is meant.</summary>
    /// <param name="commit">A commit, branch or tag; null or HEAD for the newest of the other side's default branch.</param>
    /// <param name="head">That newest commit, as <see cref="FetchAsync"/> found it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SourceUnavailableException">There is none.</exception>
    public async Task<string> ResolveAsync(string? commit, string? head, CancellationToken cancellationToken)
    {
        // Here HEAD is the clone's own; meant is the other side's.
        var wanted = (commit == "HEAD" ? null : commit) ?? head
            ?? throw new SourceUnavailableException($"source repository {id} at {Shown} has no commit yet");
        if (wanted.StartsWith('-') || wanted.Any(c => char.IsControl(c) || c is ' '))
        {
            throw new SourceUnavailableException($"'{wanted}' is no commit, branch or tag");
        }

        var parsed = await ParseAsync(wanted, cancellationToken);
        if (!parsed.Succeeded && FullId().IsMatch(wanted))
        {
            // A commit that no branch or tag holds any more; some servers hand it out all the same.
            await Git.RunAsync(["fetch", "--quiet", "--no-write-fetch-head", Filter, "--", Remote, wanted], cancellationToken);
            parsed = await ParseAsync(wanted, cancellationToken);
        }

        return parsed.Succeeded
            ? parsed.OutputText.Trim()
            : throw new SourceUnavailableException($"source repository {id} has no commit, branch or tag '{wanted}'; was it pushed to {Shown}?");
    }

    /// <summary>Checks a commit out, for whoever writes. Dispose of it.</summary>
    public Task<WorkTree> AddWorkTreeAsync(string path, string commit, CancellationToken cancellationToken) =>
        WorkTree.AddAsync(Git, path, commit, cancellationToken);

    private void Check()
    {
        if (GitUrl.Problem(url, mayBeLocal: true) is { } problem)
        {
            throw new SourceUnavailableException($"source repository {id} has no url that git could fetch: {problem}");
        }
    }

    private string? HeadOf(ProcessResult listed) => !listed.Succeeded
        ? throw new SourceUnavailableException($"source repository {id} cannot be listed at {Shown}: {GitText.Of(listed)}")
        : listed.OutputText.Split('\t') is [{ Length: >= 40 } oid, ..] ? oid : null;

    private Task<ProcessResult> ParseAsync(string wanted, CancellationToken cancellationToken) =>
        Git.RunAsync(["rev-parse", "--verify", "--quiet", "--end-of-options", $"{wanted}^{{commit}}"], cancellationToken);

    [GeneratedRegex("^([0-9a-f]{40}|[0-9a-f]{64})$", RegexOptions.CultureInvariant)]
    private static partial Regex FullId();
}
