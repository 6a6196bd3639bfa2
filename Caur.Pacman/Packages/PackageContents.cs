namespace Caur.Pacman;

/// <summary>What beside .PKGINFO is read from a package archive.</summary>
[Flags]
public enum PackageParts
{
    /// <summary>Only .PKGINFO: reading stops there, and what follows in the archive is not looked at.</summary>
    Info = 0,

    /// <summary>.BUILDINFO too.</summary>
    BuildInfo = 1,

    /// <summary>The list of files: the whole archive is read and checked.</summary>
    Files = 2,
}

/// <summary>What was read from a package archive.</summary>
/// <param name="Info">The .PKGINFO.</param>
/// <param name="BuildInfo">The .BUILDINFO, when it was asked for and is there.</param>
/// <param name="Files">The list of files, when it was asked for.</param>
public sealed record PackageContents(PackageInfo Info, BuildInfo? BuildInfo, PackageFileList? Files);
