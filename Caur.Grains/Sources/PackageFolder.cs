using Caur.Contracts.Ids;
using Caur.Pacman;

namespace Caur.Grains.Sources;

/// <summary>One package folder at a commit.</summary>
/// <param name="Pkgbase">The folder's name.</param>
/// <param name="Srcinfo">What its .SRCINFO says, or null when it cannot be used.</param>
/// <param name="Config">What its <c>.CI/config</c> says.</param>
/// <param name="Problem">Why the folder cannot be built, and what to do; null when it can.</param>
internal sealed record PackageFolder(string Pkgbase, Srcinfo? Srcinfo, CiConfig Config, string? Problem)
{
    /// <summary>Reads a folder from its texts; null for those that are not there.</summary>
    public static PackageFolder Read(string pkgbase, string? srcinfo, string? config)
    {
        var settings = config is null ? CiConfig.Empty : CiConfig.Parse(config);
        if (!Names.IsValid(pkgbase))
        {
            return new PackageFolder(pkgbase, null, settings, "its folder's name is none for a package: letters, digits and @ . _ + - are allowed");
        }

        if (srcinfo is null)
        {
            return new PackageFolder(
                pkgbase, null, settings, "it has no .SRCINFO; make one in its folder with: makepkg --printsrcinfo > .SRCINFO");
        }

        var parsed = Srcinfo.Parse(srcinfo);
        if (!parsed.IsValid)
        {
            return new PackageFolder(pkgbase, null, settings, $"its .SRCINFO cannot be read: {parsed.Error}");
        }

        return parsed.Value.PkgBase.ToString() == pkgbase
            ? new PackageFolder(pkgbase, parsed.Value, settings, null)
            : new PackageFolder(
                pkgbase, null, settings, $"its .SRCINFO is of pkgbase {parsed.Value.PkgBase}, and a folder has the name of its pkgbase");
    }
}
