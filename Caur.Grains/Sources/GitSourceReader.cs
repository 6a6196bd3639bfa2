using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using Caur.Contracts.Ids;
using Caur.Storage.Files;
using Caur.Storage.Processes;

namespace Caur.Grains.Sources;

/// <summary>Reads source repositories with git: one bare clone each, fetched anew for every reading; what is
/// read of a commit is remembered for the newest one of each.</summary>
internal sealed partial class GitSourceReader(DataFolders folders, ProcessRunner processes) : ISourceReader
{
    private const string LocalName = "its folder on the hub";

    /// <summary>What was read last of each repository: a commit never changes, and most calls are about the newest.</summary>
    private readonly ConcurrentDictionary<string, SourceSnapshot> _newest = new(StringComparer.Ordinal);

    public async Task<SourceSnapshot> ReadAsync(string id, string url, string? commit, CancellationToken cancellationToken)
    {
        Names.Check(id, "source repository id");
        if (string.IsNullOrWhiteSpace(url) || url.StartsWith('-'))
        {
            throw new SourceUnavailableException($"source repository {id} has no url that git could fetch: '{Shown(url)}'");
        }

        try
        {
            var git = new GitRepository(Path.Combine(folders.Sources, $"{id}.git"), processes);
            await git.EnsureAsync(cancellationToken);
            var head = await FetchAsync(git, id, url, cancellationToken);
            var resolved = await ResolveAsync(git, id, url, commit, head, cancellationToken);
            if (_newest.TryGetValue(id, out var known) && known.Commit == resolved)
            {
                return known;
            }

            await git.TidyAsync(cancellationToken);
            return _newest[id] = new SourceSnapshot(resolved, await ReadFoldersAsync(git, resolved, cancellationToken));
        }
        catch (SourceUnavailableException unavailable) when (WithoutPaths(unavailable.Message, id, url) is var said && said != unavailable.Message)
        {
            throw new SourceUnavailableException(said, unavailable.Message);
        }
        catch (ProgramNotFoundException missing)
        {
            throw new SourceUnavailableException($"{missing.FileName} is not installed on the hub, which needs it to read {id}");
        }
    }

    private static async Task<string?> FetchAsync(GitRepository git, string id, string url, CancellationToken cancellationToken)
    {
        // At the same time as the fetch. Whichever looks first: a commit that came between them is fetched by its id.
        var listing = git.RunAsync(["ls-remote", "--", url, "HEAD"], cancellationToken);
        var fetched = await git.RunAsync(
            ["fetch", "--quiet", "--prune", "--force", "--no-auto-gc", "--no-write-fetch-head", "--", url, "+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"],
            cancellationToken);
        var listed = await listing;
        if (!fetched.Succeeded)
        {
            throw new SourceUnavailableException($"source repository {id} cannot be fetched from {Shown(url)}: {Shown(GitRepository.Words(fetched))}");
        }

        if (!listed.Succeeded)
        {
            throw new SourceUnavailableException($"source repository {id} cannot be listed at {Shown(url)}: {Shown(GitRepository.Words(listed))}");
        }

        return listed.OutputText.Split('\t') is [{ Length: >= 40 } oid, ..] ? oid : null;
    }

    private static async Task<string> ResolveAsync(
        GitRepository git, string id, string url, string? commit, string? head, CancellationToken cancellationToken)
    {
        // Here HEAD is the clone's own; meant is the other side's.
        var wanted = (commit == "HEAD" ? null : commit) ?? head
            ?? throw new SourceUnavailableException($"source repository {id} at {Shown(url)} has no commit yet");
        if (wanted.StartsWith('-') || wanted.Any(c => char.IsControl(c) || c is ' '))
        {
            throw new SourceUnavailableException($"'{wanted}' is no commit, branch or tag");
        }

        var parsed = await git.RunAsync(["rev-parse", "--verify", "--quiet", "--end-of-options", $"{wanted}^{{commit}}"], cancellationToken);
        if (!parsed.Succeeded && FullId().IsMatch(wanted))
        {
            // A commit that no branch or tag holds any more; some servers hand it out all the same.
            await git.RunAsync(["fetch", "--quiet", "--no-write-fetch-head", "--", url, wanted], cancellationToken);
            parsed = await git.RunAsync(["rev-parse", "--verify", "--quiet", "--end-of-options", $"{wanted}^{{commit}}"], cancellationToken);
        }

        return parsed.Succeeded
            ? parsed.OutputText.Trim()
            : throw new SourceUnavailableException($"source repository {id} has no commit, branch or tag '{wanted}'; was it pushed to {Shown(url)}?");
    }

    private static async Task<IReadOnlyDictionary<string, PackageFolder>> ReadFoldersAsync(
        GitRepository git, string commit, CancellationToken cancellationToken)
    {
        var listed = await git.RequireAsync(["ls-tree", "-r", "-z", commit], cancellationToken);
        var files = new Dictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        foreach (var line in listed.OutputText.Split('\0', StringSplitOptions.RemoveEmptyEntries))
        {
            // <mode> SP <type> SP <oid> TAB <path>
            var tab = line.IndexOf('\t', StringComparison.Ordinal);
            var path = line[(tab + 1)..];
            var slash = path.IndexOf('/', StringComparison.Ordinal);
            if (slash > 0 && path[0] != '.' && line[..tab].Split(' ') is [_, "blob", var oid]
                && path[(slash + 1)..] is "PKGBUILD" or ".SRCINFO" or ".CI/config")
            {
                if (!files.TryGetValue(path[..slash], out var folder))
                {
                    files[path[..slash]] = folder = new Dictionary<string, string>(StringComparer.Ordinal);
                }

                folder[path[(slash + 1)..]] = oid;
            }
        }

        var packages = files.Where(folder => folder.Value.ContainsKey("PKGBUILD")).ToList();
        var wanted = packages
            .SelectMany(folder => folder.Value.Where(file => file.Key != "PKGBUILD").Select(file => file.Value))
            .Distinct(StringComparer.Ordinal)
            .ToList();
        var texts = wanted.Zip(await git.ReadBlobsAsync(wanted, cancellationToken)).ToDictionary(pair => pair.First, pair => pair.Second);
        return packages.ToDictionary(
            folder => folder.Key,
            folder => PackageFolder.Read(folder.Key, Text(folder.Value, ".SRCINFO"), Text(folder.Value, ".CI/config")),
            StringComparer.Ordinal);

        string? Text(Dictionary<string, string> folder, string name) => folder.TryGetValue(name, out var oid) ? texts[oid] : null;
    }

    /// <summary>A text without the folders of this machine, which are nothing to whoever orders builds.</summary>
    private string WithoutPaths(string text, string id, string url)
    {
        var folder = url.StartsWith("file://", StringComparison.OrdinalIgnoreCase) ? url["file://".Length..] : url;
        if (folder.StartsWith('/') || folder.StartsWith('.'))
        {
            text = text.Replace(url, LocalName, StringComparison.Ordinal).Replace(folder, LocalName, StringComparison.Ordinal);
        }

        return text.Replace(Path.Combine(folders.Sources, $"{id}.git"), "the hub's clone", StringComparison.Ordinal)
            .Replace(folders.Sources, "the hub's clones", StringComparison.Ordinal);
    }

    /// <summary>A text without the names and passwords in its URLs: these messages reach logs and callers.</summary>
    private static string Shown(string text) => UserInfo().Replace(text, "$1");

    [GeneratedRegex(@"([a-z][a-z0-9+.-]*://)[^/@\s]+@", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex UserInfo();

    [GeneratedRegex("^([0-9a-f]{40}|[0-9a-f]{64})$", RegexOptions.CultureInvariant)]
    private static partial Regex FullId();
}
