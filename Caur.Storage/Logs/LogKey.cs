using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Caur.Storage.Files;

namespace Caur.Storage.Logs;

/// <summary>Which build a log belongs to.</summary>
/// <param name="Pkgbase">The build's pkgbase; the folder of its logs.</param>
/// <param name="Timestamp">The build's timestamp, Unix time in milliseconds, 0 or more.</param>
/// <param name="Target">The target repository's name. It may hold dots.</param>
/// <param name="Arch">The architecture as pacman names it. It holds no dot.</param>
public readonly record struct LogKey(string Pkgbase, long Timestamp, string Target, string Arch)
{
    /// <summary>True when every part can stand in a file's name.</summary>
    public bool IsValid =>
        PathGuard.IsSafeName(Pkgbase)
        && Timestamp >= 0
        && PathGuard.IsSafeName(Target)
        && PathGuard.IsSafeName(Arch)
        && !Arch.Contains('.', StringComparison.Ordinal)
        && PathGuard.IsSafeName(Stem + LogFileNames.Finished);

    /// <summary>The file's name without its ending: <c>timestamp.target.arch</c>. The target may hold dots, the others cannot.</summary>
    internal string Stem => string.Create(CultureInfo.InvariantCulture, $"{Timestamp}.{Target}.{Arch}");

    /// <summary>The inverse of <see cref="Stem"/>.</summary>
    internal static bool TryParse(string pkgbase, string stem, [NotNullWhen(true)] out LogKey? key)
    {
        key = null;
        var first = stem.IndexOf('.', StringComparison.Ordinal);
        var last = stem.LastIndexOf('.');
        if (first <= 0
            || last <= first
            || !long.TryParse(stem.AsSpan(0, first), NumberStyles.None, CultureInfo.InvariantCulture, out var timestamp))
        {
            return false;
        }

        var found = new LogKey(pkgbase, timestamp, stem[(first + 1)..last], stem[(last + 1)..]);
        // A name that we would not write (leading zeros, say) is somebody else's file.
        if (!found.IsValid || !string.Equals(found.Stem, stem, StringComparison.Ordinal))
        {
            return false;
        }

        key = found;
        return true;
    }
}
