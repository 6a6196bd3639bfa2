using Caur.Pacman;

namespace Caur.Pipelines.Reading;

/// <summary>One package folder at a commit.</summary>
/// <param name="Pkgbase">The folder's name.</param>
/// <param name="Srcinfo">What its .SRCINFO says of what builds need, or null when it cannot be used.</param>
/// <param name="Config">What its <c>.CI/config</c> says.</param>
/// <param name="Problem">Why the folder cannot be built, and what to do; null when it can.</param>
internal sealed record PackageFolder(string Pkgbase, Srcinfo? Srcinfo, CiConfig Config, string? Problem)
{
    /// <summary>The longest name of a folder that becomes a package: what a file name may be, less room for what is put behind it.</summary>
    private const int MaxName = 200;

    /// <summary>What somebody should look at, though the folder can be built; null when nothing is.</summary>
    public string? Warning { get; init; }

    /// <summary>Whether files of <c>.CI</c> change the PKGBUILD before it is built. What it makes then shows only in the build.</summary>
    public bool IsAltered { get; init; }

    /// <summary>Whether its .SRCINFO is of the folder's own pkgbase. One that was taken over from elsewhere may be of another, to which the
    /// PKGBUILD or files of <c>.CI</c> give the folder's name: the packages in it are then somebody else's.</summary>
    public bool IsOwnSrcinfo => Srcinfo?.PkgBase.ToString() == Pkgbase;

    /// <summary>Whether its .SRCINFO tells which packages it makes.</summary>
    public bool TellsPackages => IsOwnSrcinfo && !IsAltered;

    /// <summary>Whether a folder's name can be that of a package.</summary>
    public static bool IsName(string name) => name.Length <= MaxName && PackageName.IsValid(name);

    /// <summary>Reads a folder from its texts; null for those that are not there.</summary>
    public static PackageFolder Read(string pkgbase, string? srcinfo, string? config, bool isAltered = false) => Of(
        pkgbase,
        PkgbuildFile.Unknown,
        srcinfo is null ? SrcinfoFile.Missing : SrcinfoFile.Read(srcinfo),
        config is null ? ConfigFile.Missing : ConfigFile.Read(System.Text.Encoding.UTF8.GetBytes(config)),
        isAltered);

    /// <summary>Judges a folder by what was read of its files.</summary>
    public static PackageFolder Of(string pkgbase, PkgbuildFile pkgbuild, SrcinfoFile srcinfo, ConfigFile config, bool isAltered = false)
    {
        var problem = !IsName(pkgbase) ? "its folder's name is none for a package: letters, digits and @ . _ + - are allowed"
            : pkgbuild.Problem ?? srcinfo.Problem ?? config.Problem;
        if (problem is not null)
        {
            return new PackageFolder(pkgbase, null, config.Value, problem) { IsAltered = isAltered };
        }

        var folder = new PackageFolder(pkgbase, srcinfo.Value, config.Value, null) { IsAltered = isAltered };
        return folder with
        {
            Warning = folder is { IsOwnSrcinfo: false, IsAltered: false }
                ? $"its .SRCINFO is of pkgbase {srcinfo.Value!.PkgBase}: what it makes has to be of {pkgbase}, the folder's name, and shows only when it is built"
                : pkgbuild.Contradiction(srcinfo.Value!),
        };
    }
}
