using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Caur.Pacman;

/// <summary>The file name of a package archive: <c>pkgname-[epoch:]pkgver-pkgrel-arch.pkg.tar[.compression]</c>.</summary>
/// <param name="Name">The pkgname.</param>
/// <param name="Version">The version with its pkgrel.</param>
/// <param name="Architecture">The architecture or <c>any</c>.</param>
/// <param name="Extension">From <c>.pkg.tar</c> on.</param>
public readonly record struct PackageFileName(PackageName Name, PackageVersion Version, string Architecture, string Extension)
{
    private const string Marker = ".pkg.tar";
    private const int MaxBytes = 255;

    /// <summary>Whether a text is the file name of a package archive, and which.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out PackageFileName fileName)
    {
        fileName = default;
        if (text is null || !IsSafe(text))
        {
            return false;
        }

        var extension = text.LastIndexOf(Marker, StringComparison.Ordinal);
        var arch = extension < 0 ? -1 : text.LastIndexOf('-', extension);
        var release = arch <= 0 ? -1 : text.LastIndexOf('-', arch - 1);
        var version = release <= 0 ? -1 : text.LastIndexOf('-', release - 1);
        if (version <= 0
            || text.AsSpan(extension + Marker.Length) is not ("" or ".gz" or ".zst" or ".xz" or ".bz2" or ".lz4" or ".lrz" or ".lzo" or ".lz" or ".Z")
            || !PackageName.TryParse(text[..version], out var name)
            || !PackageVersion.TryParse(text[(version + 1)..arch], out var parsed)
            || arch + 1 == extension)
        {
            return false;
        }

        fileName = new PackageFileName(name, parsed, text[(arch + 1)..extension], text[extension..]);
        return true;
    }

    /// <summary>Whether a text can be a file's name in a folder: one part, not hidden, printable, at most 255 bytes of UTF-8.</summary>
    public static bool IsSafe(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > MaxBytes || text[0] is '.' or '-' || Encoding.UTF8.GetByteCount(text) > MaxBytes)
        {
            return false;
        }

        foreach (var c in text)
        {
            if (c == '/' || char.IsControl(c) || char.IsWhiteSpace(c))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The file name.</summary>
    public override string ToString() => $"{Name}-{Version}-{Architecture}{Extension}";
}
