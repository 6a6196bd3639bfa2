using Caur.Pacman;
using Caur.Pipelines.Rebuilds;

namespace Caur.Pipelines.Bumps;

/// <summary>A <c>CI_PACKAGE_BUMP</c> to set, or why none is.</summary>
/// <param name="Value">The bump; null for none.</param>
/// <param name="Refusal">Why there is none, in words.</param>
internal sealed record BumpResult(PackageBump? Value, string? Refusal);

/// <summary>Raises <c>CI_PACKAGE_BUMP</c>, so that a package is built and installed once more at the same version.</summary>
internal static class Bump
{
    /// <summary>The key in a <c>.CI/config</c>.</summary>
    public const string Key = "CI_PACKAGE_BUMP";

    /// <summary>The bump after the one that is published and the one that is set.</summary>
    /// <param name="pkgbase">The pkgbase.</param>
    /// <param name="config">Its config.</param>
    /// <param name="before">What the databases had at the last run.</param>
    /// <param name="now">What they have now.</param>
    public static BumpResult Next(string pkgbase, CiConfig config, VersionSnapshot before, VersionSnapshot now)
    {
        if (config.IsTrue("CI_MANAGE_AUR"))
        {
            return Refused("CI_MANAGE_AUR is set, and what is pushed to the AUR is bumped in its PKGBUILD");
        }

        // The newest that is known to be published: a bump of an older version would have no effect.
        var published = before[pkgbase].Concat(now[pkgbase]).MaxBy(version => version, VersionComparer.Instance);
        if (published is null)
        {
            return Refused("no database of CI_LIB_DB has a version of it");
        }

        if (!PackageVersion.TryParse(published, out var version) || version.PkgRel is null)
        {
            return Refused($"its published version {published} has no pkgrel");
        }

        // What stands there and is no bump counts for none, and is written over.
        var set = PackageBump.TryParse(config[Key], out var known) ? known : (PackageBump?)null;
        return PackageBump.Next(version, set) is { } next
            ? new BumpResult(next, null)
            : Refused($"the pkgrel of its published version {published} is not a number, or one with a number behind it");
    }

    private static BumpResult Refused(string why) => new(null, why);
}
