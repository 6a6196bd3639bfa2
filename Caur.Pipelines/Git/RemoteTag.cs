namespace Caur.Pipelines.Git;

/// <summary>A tag of the other side that moves, and the branch beside it. What the other side says counts: a CI job's own copy of the tag may
/// be as old as its clone.</summary>
/// <param name="git">The repository here.</param>
/// <param name="remote">The other side.</param>
/// <param name="tag">The tag's name.</param>
internal sealed class RemoteTag(GitRepository git, GitRemote remote, string tag)
{
    private readonly string _ref = $"refs/tags/{tag}";

    /// <summary>Asks where tag and branch are.</summary>
    /// <param name="branch">The branch; null for the default one.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SourceUnavailableException">The other side does not answer, or the names are none.</exception>
    public async Task<RemoteTagPlace> FindAsync(string? branch, CancellationToken cancellationToken)
    {
        var head = branch is null ? "HEAD" : $"refs/heads/{branch}";
        await CheckAsync(_ref, cancellationToken);
        if (branch is not null)
        {
            await CheckAsync(head, cancellationToken);
        }

        var listed = await git.RunAsync(["ls-remote", "--quiet", "--", remote.Address, head, _ref, $"{_ref}^{{}}"], cancellationToken);
        if (!listed.Succeeded)
        {
            throw new SourceUnavailableException($"{GitText.Shown(remote.Address)} cannot be asked for its tag {tag}: {GitText.Of(listed)}");
        }

        var found = listed.OutputText.Split('\n')
            .Select(line => line.Split('\t'))
            .Where(fields => fields.Length == 2)
            .GroupBy(fields => fields[1], StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => group.First()[0], StringComparer.Ordinal);
        var value = found.GetValueOrDefault(_ref);
        return new RemoteTagPlace(value, found.GetValueOrDefault($"{_ref}^{{}}") ?? value, found.GetValueOrDefault(head));
    }

    /// <summary>Fetches what tag and branch are of, so that commits can be compared; nothing here is named after it.</summary>
    public async Task FetchAsync(string? branch, bool hasTag, bool deepen, CancellationToken cancellationToken)
    {
        List<string> wanted = [branch is null ? "HEAD" : $"refs/heads/{branch}"];
        if (hasTag)
        {
            wanted.Add(_ref);
        }

        var fetched = await git.RunAsync(
            ["fetch", "--quiet", "--no-tags", "--no-auto-gc", "--no-write-fetch-head", .. deepen ? ["--unshallow"] : Array.Empty<string>(), "--", remote.Address, .. wanted],
            cancellationToken);
        if (!fetched.Succeeded)
        {
            throw new SourceUnavailableException($"{string.Join(" and ", wanted)} cannot be fetched from {GitText.Shown(remote.Address)}: {GitText.Of(fetched)}");
        }
    }

    /// <summary>Moves the tag there, if it is where it was seen, and here.</summary>
    /// <param name="from">The object that it named when it was seen; null when there was no tag.</param>
    /// <param name="to">The commit that it is to name.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>False when somebody else moved it meanwhile.</returns>
    /// <exception cref="SourceUnavailableException">The other side does not take it.</exception>
    public async Task<bool> MoveAsync(string? from, string to, CancellationToken cancellationToken)
    {
        var pushed = await git.RunAsync(
            [
                "push", "--porcelain", "--no-verify", "--no-follow-tags", "--no-signed", "--recurse-submodules=no",
                $"--force-with-lease={_ref}:{from}", "--", remote.Address, $"{to}:{_ref}",
            ],
            cancellationToken);
        if (pushed.Succeeded)
        {
            await git.RequireAsync(["update-ref", _ref, to], cancellationToken);
            return true;
        }

        // A line for each ref that was not taken: "!<TAB>from:to<TAB>[rejected] (stale info)".
        return pushed.OutputText.Contains("(stale info)", StringComparison.Ordinal) ? false
            : throw new SourceUnavailableException(
                $"the tag {tag} cannot be moved at {GitText.Shown(remote.Address)}: {Reason(pushed.OutputText)}{GitText.Of(pushed)}");
    }

    private static string Reason(string porcelain) =>
        porcelain.Split('\n').FirstOrDefault(line => line.StartsWith('!')) is { } line ? $"{GitText.Clean(line.Split('\t')[^1])}; " : "";

    private async Task CheckAsync(string name, CancellationToken cancellationToken)
    {
        if (!(await git.RunAsync(["check-ref-format", name], cancellationToken)).Succeeded)
        {
            throw new SourceUnavailableException($"'{GitText.Clean(name)}' is no name that git takes");
        }
    }
}

/// <summary>Where a tag of the other side is.</summary>
/// <param name="Value">The object that it names; null when there is no such tag.</param>
/// <param name="Commit">The commit behind it; null when there is no such tag.</param>
/// <param name="Branch">The newest commit of the branch beside it; null when there is none.</param>
internal sealed record RemoteTagPlace(string? Value, string? Commit, string? Branch);
