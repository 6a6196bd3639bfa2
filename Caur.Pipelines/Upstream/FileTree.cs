using System.Text;

namespace Caur.Pipelines.Upstream;

/// <summary>What a file of a package folder is, as git knows it.</summary>
internal enum TreeFileKind
{
    Plain,
    Executable,

    /// <summary>The bytes are the path that it leads to.</summary>
    Link,
}

/// <summary>One file of a package folder.</summary>
internal sealed record TreeFile(TreeFileKind Kind, ReadOnlyMemory<byte> Bytes)
{
    public static TreeFile Plain(string text) => new(TreeFileKind.Plain, Encoding.UTF8.GetBytes(text));

    public bool Equals(TreeFile? other) => other is not null && Kind == other.Kind && Bytes.Span.SequenceEqual(other.Bytes.Span);

    public override int GetHashCode() => HashCode.Combine(Kind, Bytes.Length);
}

/// <summary>The files of a package folder in memory, by their paths in it. It never changes; paths are checked: none leads out of the folder.</summary>
internal sealed class FileTree
{
    private readonly SortedDictionary<string, TreeFile> _files;

    private FileTree(SortedDictionary<string, TreeFile> files) => _files = files;

    public static FileTree Empty { get; } = new(new SortedDictionary<string, TreeFile>(StringComparer.Ordinal));

    /// <summary>All files, in ordinal order of their paths.</summary>
    public IReadOnlyDictionary<string, TreeFile> Files => _files;

    /// <exception cref="ArgumentException">A path is unsafe; whoever reads from elsewhere asks <see cref="Fault"/> first.</exception>
    public static FileTree Of(IEnumerable<KeyValuePair<string, TreeFile>> files)
    {
        var sorted = new SortedDictionary<string, TreeFile>(StringComparer.Ordinal);
        foreach (var (path, file) in files)
        {
            if (Fault(path, file) is { } fault)
            {
                throw new ArgumentException(fault, nameof(files));
            }

            sorted[path] = file;
        }

        return new FileTree(sorted);
    }

    /// <summary>What is wrong with a file of somebody else's; null when it may lie in a package folder.</summary>
    public static string? Fault(string path, TreeFile file)
    {
        if (!IsSafe(path))
        {
            return $"it holds a file of an unsafe name: {Polite.Shown.Short(path, 80)}";
        }

        return file.Kind == TreeFileKind.Link && !LeadsWithin(path, Encoding.UTF8.GetString(file.Bytes.Span))
            ? $"it holds a link that leads out of its folder: {Polite.Shown.Short(path, 80)}"
            : null;
    }

    /// <summary>Whether a path stays in its folder, names no part of git's own, and is one that every tool here reads alike.</summary>
    public static bool IsSafe(string path) =>
        path.Length is > 0 and <= 1024 && !path.Any(char.IsControl) && !path.Contains('\\', StringComparison.Ordinal)
        && !path.Contains('\uFFFD', StringComparison.Ordinal)
        && Array.TrueForAll(
            path.Split('/'),
            part => part.Length is > 0 and <= 255 && part is not ("." or "..") && !part.Equals(".git", StringComparison.OrdinalIgnoreCase)
                && !part.StartsWith("git~", StringComparison.OrdinalIgnoreCase));

    public TreeFile? Find(string path) => _files.GetValueOrDefault(path);

    /// <summary>The text of a plain file; null when there is none of that path.</summary>
    public string? Text(string path) => Find(path) is { Kind: not TreeFileKind.Link } file ? Encoding.UTF8.GetString(file.Bytes.Span) : null;

    public FileTree With(string path, TreeFile file) => Of(_files.Where(old => old.Key != path).Append(new(path, file)));

    /// <summary>With another text; a file that was executable stays so.</summary>
    public FileTree WithText(string path, string text) =>
        With(path, new TreeFile(Find(path) is { Kind: TreeFileKind.Executable } ? TreeFileKind.Executable : TreeFileKind.Plain, Encoding.UTF8.GetBytes(text)));

    public FileTree Where(Func<string, bool> keep) => Of(_files.Where(file => keep(file.Key)));

    public bool SameAs(FileTree other) =>
        _files.Count == other._files.Count && _files.All(file => other.Find(file.Key) is { } same && same.Equals(file.Value));

    private static bool LeadsWithin(string path, string target)
    {
        if (target.Length is 0 or > 1024 || target.StartsWith('/') || target.Any(char.IsControl))
        {
            return false;
        }

        var depth = path.Count(c => c == '/');
        foreach (var part in target.Split('/'))
        {
            depth += part switch { ".." => -1, "" or "." => 0, _ => 1 };
            if (depth < 0)
            {
                return false;
            }
        }

        return true;
    }
}
