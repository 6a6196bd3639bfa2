using Caur.Pacman;

namespace Caur.Pipelines.Reading;

/// <summary>When a build needs something. All of it is there while it builds: what runs a package is what it is linked with.</summary>
internal enum BuildNeedKind
{
    /// <summary><c>depends</c> of the pkgbase or of one of its packages.</summary>
    Runs,

    /// <summary><c>makedepends</c>.</summary>
    Builds,

    /// <summary><c>checkdepends</c>.</summary>
    Tests,
}

/// <summary>Something that a build of a pkgbase needs.</summary>
/// <param name="Dependency">What.</param>
/// <param name="Kind">When.</param>
internal readonly record struct BuildNeed(Dependency Dependency, BuildNeedKind Kind)
{
    /// <summary>What the build of a pkgbase needs on an architecture, of itself and of all its packages; what several need comes several times.</summary>
    public static IEnumerable<BuildNeed> Of(Srcinfo srcinfo, string arch) =>
        Each(srcinfo.Depends(arch), BuildNeedKind.Runs)
            .Concat(Each(srcinfo.MakeDepends(arch), BuildNeedKind.Builds))
            .Concat(Each(srcinfo.CheckDepends(arch), BuildNeedKind.Tests))
            .Concat(srcinfo.Packages
                .Where(package => package.SupportsArchitecture(arch))
                .SelectMany(package => Each(package.Depends(arch), BuildNeedKind.Runs).Concat(Each(package.CheckDepends(arch), BuildNeedKind.Tests))));

    private static IEnumerable<BuildNeed> Each(IEnumerable<Dependency> dependencies, BuildNeedKind kind) =>
        dependencies.Select(dependency => new BuildNeed(dependency, kind));
}
