using Caur.Storage.Processes;

namespace Caur.Pipelines.Git;

/// <summary>A commit of a clone, checked out to change it; detached, so that no branch is in its way. The files are byte for byte those of the
/// commit, symbolic links are plain files with their target in them: whoever writes here cannot be led elsewhere, and git keeps them as links.</summary>
internal sealed class WorkTree : IAsyncDisposable
{
    private readonly GitRepository _clone;
    private readonly GitRepository _git;

    private WorkTree(GitRepository clone, string folder) => (_clone, _git, Folder) = (clone, clone.Beside(folder), folder);

    /// <summary>Where the files are.</summary>
    public string Folder { get; }

    /// <summary>Checks a commit out.</summary>
    /// <param name="clone">Whose.</param>
    /// <param name="folder">Where to; what is there from a work tree before is removed.</param>
    /// <param name="commit">Which.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<WorkTree> AddAsync(GitRepository clone, string folder, string commit, CancellationToken cancellationToken)
    {
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        // Above every .gitattributes of the commit: no conversion and no filter.
        var attributes = Path.Combine(clone.Folder, "info", "attributes");
        Directory.CreateDirectory(Path.GetDirectoryName(attributes)!);
        await File.WriteAllTextAsync(attributes, "* -text -filter -ident -working-tree-encoding\n", cancellationToken);
        await clone.RequireAsync(["worktree", "prune"], cancellationToken);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(folder))!);
        var added = await clone.RunAsync(
            ["-c", "core.symlinks=false", "worktree", "add", "--quiet", "--detach", "--force", "--", Path.GetFullPath(folder), commit], cancellationToken);
        return added.Succeeded
            ? new WorkTree(clone, Path.GetFullPath(folder))
            : throw new SourceUnavailableException($"git worktree add failed: {GitText.Of(added)}");
    }

    /// <summary>Runs a git command in it.</summary>
    public Task<ProcessResult> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken, ReadOnlyMemory<byte> input = default) =>
        _git.RunAsync(["-c", "core.symlinks=false", .. arguments], cancellationToken, input);

    /// <summary>Runs a git command that must succeed.</summary>
    public async Task<ProcessResult> RequireAsync(
        IReadOnlyList<string> arguments, CancellationToken cancellationToken, ReadOnlyMemory<byte> input = default)
    {
        var result = await RunAsync(arguments, cancellationToken, input);
        return result.Succeeded ? result : throw new SourceUnavailableException($"git {arguments[0]} failed: {GitText.Of(result)}");
    }

    /// <summary>Removes it, with what was changed and not committed.</summary>
    public async ValueTask DisposeAsync() =>
        await _clone.RunAsync(["worktree", "remove", "--force", "--force", "--", Folder], CancellationToken.None);
}
