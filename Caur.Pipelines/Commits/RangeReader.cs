using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Caur.Pipelines.Git;

namespace Caur.Pipelines.Commits;

/// <summary>Reads from git what came since a commit. What is compared are the two commits' files, whatever became of the history between.</summary>
internal sealed class RangeReader(GitRepository git)
{
    /// <summary>All messages of a range together are no longer, in bytes.</summary>
    private const int MostMessages = 256 << 20;

    /// <summary>Whether the repository has a commit.</summary>
    public async Task<bool> HasAsync(string commit, CancellationToken cancellationToken) =>
        (await git.RunAsync(["cat-file", "-e", $"{commit}^{{commit}}"], cancellationToken)).Succeeded;

    /// <summary>Whether a commit was made on top of another, or is it.</summary>
    /// <exception cref="SourceUnavailableException">The repository lacks one of them.</exception>
    public async Task<bool> IsOnTopAsync(string commit, string of, CancellationToken cancellationToken)
    {
        if (commit == of)
        {
            return true;
        }

        var asked = await git.RunAsync(["merge-base", "--is-ancestor", of, commit], cancellationToken);
        return asked.ExitCode switch
        {
            0 => true,
            1 => false,
            _ => throw new SourceUnavailableException($"git merge-base failed: {GitText.Of(asked)}"),
        };
    }

    /// <summary>Whether the repository has every commit between: a shallow one may lack some.</summary>
    public async Task<bool> IsWholeAsync(string? from, string head, CancellationToken cancellationToken)
    {
        var shallow = Path.Combine((await git.RequireAsync(["rev-parse", "--git-common-dir"], cancellationToken)).OutputText.Trim(), "shallow");
        shallow = Path.Combine(git.Folder, shallow);
        if (!File.Exists(shallow))
        {
            return true;
        }

        if (from is null)
        {
            // The head's parent has to be there, if it has one.
            return !(await File.ReadAllLinesAsync(shallow, cancellationToken)).Contains(head);
        }

        if (!await HasAsync(from, cancellationToken) || !await HasCommonAsync(from, head, cancellationToken))
        {
            return false;
        }

        var edges = (await File.ReadAllLinesAsync(shallow, cancellationToken)).ToHashSet(StringComparer.Ordinal);
        var between = await git.RequireAsync(["rev-list", head, "--not", from], cancellationToken);
        return !between.OutputText.Split('\n').Any(edges.Contains);
    }

    /// <summary>Reads the range.</summary>
    /// <param name="from">The commit that was handled last; null for none.</param>
    /// <param name="head">The commit to handle.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<CommitRange> ReadAsync(string? from, string head, CancellationToken cancellationToken)
    {
        if (from is null)
        {
            return new CommitRange(
                null, head, RangeKind.HeadAlone, await MessagesAsync(["-1", head], cancellationToken), await AloneAsync(head, cancellationToken));
        }

        if (from == head)
        {
            return new CommitRange(from, head, RangeKind.Nothing, [], []);
        }

        var kind = await IsOnTopAsync(head, from, cancellationToken) ? RangeKind.Forward
            : await HasCommonAsync(from, head, cancellationToken) ? RangeKind.Rewritten
            : RangeKind.Unrelated;
        var messages = MessagesAsync(kind == RangeKind.Unrelated ? ["-1", head] : [head, "--not", from], cancellationToken);
        return new CommitRange(from, head, kind, await messages, await DifferenceAsync([from, head], cancellationToken));
    }

    /// <summary>Whether a folder was a package's at a commit.</summary>
    public async Task<bool> WasPackageAsync(string commit, string name, CancellationToken cancellationToken) =>
        (await git.RunAsync(["cat-file", "-e", $"{commit}:{name}/PKGBUILD"], cancellationToken)).Succeeded;

    /// <summary>Where the files of folders that are gone went, as far as git sees it.</summary>
    /// <returns>The new folder by the old one.</returns>
    public async Task<IReadOnlyDictionary<string, string>> RenamesAsync(
        CommitRange range, IReadOnlyCollection<string> gone, IReadOnlyCollection<string> added, CancellationToken cancellationToken)
    {
        // It compares contents, which is worth it for a few; it is only for the reason that is shown.
        const int Most = 100;
        if (gone.Count is 0 or > Most || added.Count is 0 or > Most)
        {
            return ImmutableDictionary<string, string>.Empty;
        }

        var listed = await git.RunAsync(
            ["--literal-pathspecs", "diff-tree", "-r", "-z", "-M", "--diff-filter=R", "--name-status", "--no-relative", range.From ?? $"{range.Head}^1", range.Head, "--", .. gone, .. added],
            cancellationToken);
        var alike = new Dictionary<(string Old, string New), int>();
        var fields = listed.Succeeded ? listed.OutputText.Split('\0') : [];
        for (var i = 0; i + 2 < fields.Length; i += 3)
        {
            // R<percent alike> NUL <old path> NUL <new path> NUL
            var (old, renamed) = (Split(fields[i + 1]).Folder, Split(fields[i + 2]).Folder);
            if (gone.Contains(old) && added.Contains(renamed) && int.TryParse(fields[i].AsSpan(1), NumberStyles.None, CultureInfo.InvariantCulture, out var percent))
            {
                alike[(old, renamed)] = alike.GetValueOrDefault((old, renamed)) + percent;
            }
        }

        // Each goes to one, and to each goes one: those that are most alike.
        var renames = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (old, renamed) in alike.OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key.Old, StringComparer.Ordinal).Select(pair => pair.Key))
        {
            if (!renames.ContainsKey(old) && !renames.ContainsValue(renamed))
            {
                renames[old] = renamed;
            }
        }

        return renames;
    }

    private static (string Folder, string Path) Split(string path)
    {
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? ("", path) : (path[..slash], path[(slash + 1)..]);
    }

    /// <summary>What a commit changed: of a merge, what it brought into its first parent; of the first one, everything.</summary>
    private async Task<ImmutableArray<ChangedFile>> AloneAsync(string head, CancellationToken cancellationToken)
    {
        var parent = await git.RunAsync(["rev-parse", "--verify", "--quiet", $"{head}^1"], cancellationToken);
        return await DifferenceAsync(
            parent.Succeeded ? [parent.OutputText.Trim(), head] : ["--root", "--no-commit-id", head], cancellationToken);
    }

    private async Task<ImmutableArray<ChangedFile>> DifferenceAsync(IEnumerable<string> commits, CancellationToken cancellationToken)
    {
        var listed = await git.RequireAsync(
            ["diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-ext-diff", "--no-relative", .. commits], cancellationToken);
        var files = ImmutableArray.CreateBuilder<ChangedFile>();
        var rest = listed.Output.Span;
        while (!rest.IsEmpty)
        {
            // :<old mode> SP <new mode> SP <old oid> SP <new oid> SP <status> NUL <path> NUL; a mode of zeros is of no file.
            var end = rest.IndexOf((byte)0);
            var pathEnd = rest[(end + 1)..].IndexOf((byte)0) + end + 1;
            var (folder, path) = Split(Encoding.UTF8.GetString(rest[(end + 1)..pathEnd]));
            files.Add(new ChangedFile(folder, path, !rest.StartsWith(":000000"u8), !rest[8..].StartsWith("000000"u8)));
            rest = rest[(pathEnd + 1)..];
        }

        return files.ToImmutable();
    }

    private async Task<bool> HasCommonAsync(string one, string other, CancellationToken cancellationToken) =>
        (await git.RunAsync(["merge-base", one, other], cancellationToken)).Succeeded;

    private async Task<ImmutableArray<CommitMessage>> MessagesAsync(IEnumerable<string> which, CancellationToken cancellationToken)
    {
        var read = await git.RunAsync(
            ["log", "-z", "--no-color", "--no-decorate", "--no-notes", "--no-show-signature", "--no-patch", "--format=tformat:%H%n%B", .. which],
            cancellationToken,
            largest: MostMessages);
        if (!read.Succeeded)
        {
            throw new SourceUnavailableException($"the messages of the commits cannot be read: {GitText.Of(read)}");
        }

        return
        [
            .. read.OutputText.Split('\0', StringSplitOptions.RemoveEmptyEntries)
                .Select(text => text.Split('\n', 2))
                .Select(parts => new CommitMessage(parts[0].Trim(), parts.Length > 1 ? parts[1] : "")),
        ];
    }
}
