using System.Text;

namespace Caur.Pipelines.Git;

/// <summary>One file of a commit.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Blob">Its object id; of a submodule the other repository's commit.</param>
internal readonly record struct TreeFile(TreeFileKind Kind, string Blob)
{
    /// <summary>Lists all files of a commit.</summary>
    /// <param name="git">The repository.</param>
    /// <param name="commit">The commit, or a tree.</param>
    /// <param name="take">Called with each: the folder at the root (empty for files there), the rest of the path, and the file. Bytes that are
    /// not UTF-8 are replaced.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task ListAsync(GitRepository git, string commit, TreeFileTaker take, CancellationToken cancellationToken)
    {
        var listed = await git.RequireAsync(["ls-tree", "-r", "-z", "--full-tree", commit], cancellationToken);
        var rest = listed.Output.Span;
        while (!rest.IsEmpty)
        {
            // <mode> SP <type> SP <oid> TAB <path> NUL
            var end = rest.IndexOf((byte)0);
            var entry = end < 0 ? rest : rest[..end];
            rest = end < 0 ? [] : rest[(end + 1)..];
            var tab = entry.IndexOf((byte)'\t');
            var oid = entry[..tab].LastIndexOf((byte)' ') + 1;
            var path = entry[(tab + 1)..];
            var slash = path.IndexOf((byte)'/');
            take(slash < 0 ? [] : path[..slash], slash < 0 ? path : path[(slash + 1)..], KindOf(entry), entry[oid..tab]);
        }
    }

    /// <summary>The file of an object id as <see cref="ListAsync"/> gives it.</summary>
    public static TreeFile Of(TreeFileKind kind, ReadOnlySpan<byte> oid) => new(kind, Encoding.ASCII.GetString(oid));

    private static TreeFileKind KindOf(ReadOnlySpan<byte> entry) =>
        entry.StartsWith("100"u8) ? TreeFileKind.Plain
        : entry.StartsWith("120"u8) ? TreeFileKind.Link
        : TreeFileKind.Submodule;
}

/// <summary>Takes one file of a listing; the bytes are of UTF-8 text, and only its own while it is called.</summary>
internal delegate void TreeFileTaker(ReadOnlySpan<byte> folder, ReadOnlySpan<byte> path, TreeFileKind kind, ReadOnlySpan<byte> oid);

/// <summary>What a file of a commit is.</summary>
internal enum TreeFileKind
{
    /// <summary>A file with content of its own.</summary>
    Plain,

    /// <summary>A symbolic link.</summary>
    Link,

    /// <summary>A commit of another repository.</summary>
    Submodule,
}
