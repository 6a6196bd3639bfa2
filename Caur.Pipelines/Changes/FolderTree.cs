using System.Text;

namespace Caur.Pipelines.Changes;

/// <summary>What a path in a git tree is.</summary>
internal enum FileKind
{
    /// <summary>An ordinary file.</summary>
    File,

    /// <summary>A file that may be run.</summary>
    Executable,

    /// <summary>A symbolic link; its content is where it leads.</summary>
    Link,

    /// <summary>Another repository's commit; its content is the commit's id.</summary>
    Submodule,
}

/// <summary>One file of a package folder.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Content">Its bytes.</param>
internal sealed record FolderFile(FileKind Kind, ReadOnlyMemory<byte> Content)
{
    /// <summary>An ordinary file with a text.</summary>
    public static FolderFile Of(string text) => new(FileKind.File, Encoding.UTF8.GetBytes(text));

    /// <summary>Git's mode: <c>100644</c>, <c>100755</c>, <c>120000</c> or <c>160000</c>.</summary>
    public string Mode => Kind switch
    {
        FileKind.Executable => "100755",
        FileKind.Link => "120000",
        FileKind.Submodule => "160000",
        _ => "100644",
    };

    public bool Equals(FolderFile? other) => other is not null && Kind == other.Kind && Content.Span.SequenceEqual(other.Content.Span);

    public override int GetHashCode() => HashCode.Combine(Kind, Content.Length);
}

/// <summary>The files of a package folder, in memory. Paths are relative to it, with slashes, in ordinal order. It never changes.</summary>
internal sealed class FolderTree
{
    public const string Pkgbuild = "PKGBUILD";
    public const string Srcinfo = ".SRCINFO";

    private readonly SortedDictionary<string, FolderFile> _files = new(StringComparer.Ordinal);

    /// <exception cref="FormatException">A path leads out of the folder, or git could not hold it.</exception>
    public FolderTree(IEnumerable<KeyValuePair<string, FolderFile>> files)
    {
        foreach (var (path, file) in files)
        {
            if (!IsPath(path))
            {
                throw new FormatException($"'{path}' is no path of a file in a package folder");
            }

            _files[path] = file;
        }
    }

    /// <summary>No file.</summary>
    public static FolderTree Empty { get; } = new([]);

    /// <summary>A folder of ordinary files.</summary>
    public static FolderTree Of(params (string Path, string Text)[] files) =>
        new(files.Select(file => KeyValuePair.Create(file.Path, FolderFile.Of(file.Text))));

    public IReadOnlyDictionary<string, FolderFile> Files => _files;

    public FolderFile? this[string path] => _files.GetValueOrDefault(path);

    /// <summary>The text of a file; null when it is not there or no ordinary file. What is no UTF-8 is replaced.</summary>
    public string? Text(string path) =>
        this[path] is { Kind: FileKind.File or FileKind.Executable } file ? Encoding.UTF8.GetString(file.Content.Span) : null;

    /// <summary>The folder with some of its files.</summary>
    public FolderTree Where(Func<string, bool> wanted) => new(_files.Where(file => wanted(file.Key)));

    /// <summary>Whether both hold the same.</summary>
    public bool IsSame(FolderTree other) =>
        _files.Count == other._files.Count && _files.All(file => other[file.Key] is { } there && there.Equals(file.Value));

    /// <summary>Whether git could hold a file of this path, and it stays inside.</summary>
    public static bool IsPath(string path) =>
        path.Length is > 0 and <= 4096 && !path.Contains('\0', StringComparison.Ordinal)
        && path.Split('/').All(part => part is not ("" or "." or "..") && !part.Equals(".git", StringComparison.OrdinalIgnoreCase));
}
