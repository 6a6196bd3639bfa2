using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Caur.Storage.Files;

/// <summary>The one way from names that others chose to paths: nothing gets out of a root.</summary>
public static class PathGuard
{
    /// <summary>Whether a path is a plain file itself: no link, folder, pipe or device, the reading of which may never end.</summary>
    public static bool IsRegularFile(string path) => Libc.IsRegularFile(path);

    /// <summary>The longest name that Linux file systems take, in bytes.</summary>
    public const int MaxNameBytes = 255;

    /// <summary>True when a name is one visible path segment: not empty, not hidden, no slash, no control character,
    /// at most <see cref="MaxNameBytes"/> bytes of UTF-8.</summary>
    public static bool IsSafeName([NotNullWhen(true)] string? name)
    {
        if (string.IsNullOrEmpty(name) || name[0] == '.' || Encoding.UTF8.GetByteCount(name) > MaxNameBytes)
        {
            return false;
        }

        foreach (var character in name)
        {
            if (character is '/' or '\\' || char.IsControl(character) || char.IsSurrogate(character))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Joins names below a root.</summary>
    /// <returns>False when one of them is not a safe name.</returns>
    public static bool TryJoin(string root, [NotNullWhen(true)] out string? path, params ReadOnlySpan<string> names)
    {
        path = root;
        foreach (var name in names)
        {
            if (!IsSafeName(name))
            {
                path = null;
                return false;
            }

            path = Path.Combine(path, name);
        }

        return true;
    }

    /// <summary>Joins names below a root.</summary>
    /// <exception cref="UnsafePathException">One of them is not a safe name.</exception>
    public static string Join(string root, params ReadOnlySpan<string> names) =>
        TryJoin(root, out var path, names) ? path : throw new UnsafePathException(string.Join('/', names.ToArray()));
}

/// <summary>A name would have become a path outside its root, or a hidden one.</summary>
public sealed class UnsafePathException(string name) : Exception($"'{name}' is no name for a file here")
{
    /// <summary>The name as it came.</summary>
    public string Name { get; } = name;
}
