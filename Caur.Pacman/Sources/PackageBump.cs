using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Caur.Pacman;

/// <summary>
/// The value of <c>CI_PACKAGE_BUMP</c> in a <c>.CI/config</c>: <c>VERSION/COUNT</c>, or <c>VERSION</c> alone for a count of 1. While the
/// PKGBUILD has that version, its pkgrel gets <c>.COUNT</c> at its end, so that the same version is built and installed once more.
/// Another version of the PKGBUILD ends the bump. An epoch is a part of the version.
/// </summary>
/// <param name="Version">The version that is bumped; without pkgrel it stands for any.</param>
/// <param name="Count">What is put behind the pkgrel; not negative.</param>
public readonly record struct PackageBump(PackageVersion Version, int Count)
{
    /// <summary>Whether a text is a bump, and which.</summary>
    public static bool TryParse([NotNullWhen(true)] string? text, out PackageBump bump)
    {
        bump = default;
        var slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        var count = 1;
        if (!PackageVersion.TryParse(slash < 0 ? text : text![..slash], out var version)
            || (slash >= 0 && !int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out count)))
        {
            return false;
        }

        bump = new PackageBump(version, count);
        return true;
    }

    /// <summary>The bump that makes the next build newer than what is published and than what the bump before made.</summary>
    /// <param name="published">The version in the repository, perhaps bumped already.</param>
    /// <param name="before">The bump that is set now, if any.</param>
    /// <returns>Null when the pkgrel is not <c>NUMBER</c> or <c>NUMBER.NUMBER</c>, which the arithmetic does not cover.</returns>
    public static PackageBump? Next(PackageVersion published, PackageBump? before)
    {
        if (published.PkgRel?.Split('.') is not { Length: 1 or 2 } release || !TryNumbers(release, out var done) || done == int.MaxValue)
        {
            return null;
        }

        var version = PackageVersion.Create(published.Epoch, published.PkgVer, release[0]);
        var count = done + 1;
        if (before is { } set && set.Version == version && set.Count >= count)
        {
            if (set.Count == int.MaxValue)
            {
                return null;
            }

            count = set.Count + 1;
        }

        return new PackageBump(version, count);
    }

    /// <summary>Whether the bump is for a version of the PKGBUILD, as vercmp compares.</summary>
    public bool AppliesTo(PackageVersion version) => Version.CompareTo(version) == 0;

    /// <summary>What a version of the PKGBUILD becomes: the same, unless the bump is for it.</summary>
    public PackageVersion Apply(PackageVersion version) => AppliesTo(version) && version.PkgRel is { } release
        ? PackageVersion.Create(version.Epoch, version.PkgVer, string.Create(CultureInfo.InvariantCulture, $"{release}.{Count}"))
        : version;

    /// <summary>The value as it stands in the file.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Version}/{Count}");

    /// <summary>Whether all parts are numbers; the second one, or 0 without one.</summary>
    private static bool TryNumbers(string[] release, out int second)
    {
        second = 0;
        return !release[0].AsSpan().ContainsAnyExceptInRange('0', '9')
            && (release.Length == 1 || int.TryParse(release[1], NumberStyles.None, CultureInfo.InvariantCulture, out second));
    }
}
