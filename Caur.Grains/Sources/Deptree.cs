using System.Collections.Immutable;
using Caur.Pacman;

namespace Caur.Grains.Sources;

/// <summary>The dependency graph between the pkgbases of a source repository for one architecture. A folder depends on another when one
/// of its depends, makedepends or checkdepends (of the pkgbase or of any of its packages) is met by a package of the other: by the
/// package's own name first, else by what it provides. Several that provide it: the one pacman would take, which is the first by name.
/// Versions and architectures count; a folder never depends on itself.</summary>
internal sealed class Deptree
{
    private readonly Dictionary<PackageName, Provider> _packages = [];
    private readonly Dictionary<PackageName, List<Provider>> _provisions = [];
    private readonly Dictionary<string, ImmutableArray<string>> _edges = new(StringComparer.Ordinal);

    /// <summary>Makes the graph of all folders that can be read.</summary>
    public Deptree(IEnumerable<PackageFolder> folders, string arch)
    {
        var usable = folders.Where(folder => folder.Srcinfo is not null).OrderBy(folder => folder.Pkgbase, StringComparer.Ordinal).ToList();
        foreach (var folder in usable)
        {
            foreach (var package in folder.Srcinfo!.Packages.Where(package => package.SupportsArchitecture(arch)))
            {
                Add(new Provider(folder.Pkgbase, package.Name, folder.Srcinfo.Version, [.. package.Provides(arch)]));
            }
        }

        foreach (var list in _provisions.Values)
        {
            list.Sort((a, b) => string.CompareOrdinal(a.Name.ToString(), b.Name.ToString()));
        }

        foreach (var folder in usable)
        {
            _edges[folder.Pkgbase] =
            [
                .. Needs(folder.Srcinfo!, arch)
                    .Select(need => FindProvider(folder.Pkgbase, need))
                    .OfType<string>()
                    .Distinct(StringComparer.Ordinal)
                    .Order(StringComparer.Ordinal),
            ];
        }
    }

    /// <summary>The pkgbases that a pkgbase depends on, sorted.</summary>
    public ImmutableArray<string> DependenciesOf(string pkgbase) => _edges.GetValueOrDefault(pkgbase, []);

    private static IEnumerable<Dependency> Needs(Srcinfo srcinfo, string arch) =>
        srcinfo.Depends(arch)
            .Concat(srcinfo.MakeDepends(arch))
            .Concat(srcinfo.CheckDepends(arch))
            .Concat(srcinfo.Packages.SelectMany(package => package.Depends(arch).Concat(package.CheckDepends(arch))));

    private void Add(Provider provider)
    {
        _packages.TryAdd(provider.Name, provider);
        foreach (var provision in provider.Provides)
        {
            if (!_provisions.TryGetValue(provision.Name, out var list))
            {
                _provisions[provision.Name] = list = [];
            }

            list.Add(provider);
        }
    }

    /// <summary>Who meets a dependency; null when nobody does, or the folder itself.</summary>
    private string? FindProvider(string pkgbase, Dependency need)
    {
        _packages.TryGetValue(need.Name, out var named);
        if (named is not null && need.IsSatisfiedBy(named.Name, named.Version))
        {
            return Other(named);
        }

        var providers = _provisions.GetValueOrDefault(need.Name, []);
        var matching = providers.Where(provider => provider.Provides.Exists(need.IsSatisfiedBy)).ToList();
        if (matching.Count > 0)
        {
            return matching.Exists(provider => provider.Pkgbase == pkgbase) ? null : matching[0].Pkgbase;
        }

        // The version wanted may be the one that a pkgver() is about to make: whoever has the name is still the one that is meant.
        return (named ?? providers.FirstOrDefault()) is { } meant ? Other(meant) : null;

        string? Other(Provider provider) => provider.Pkgbase == pkgbase ? null : provider.Pkgbase;
    }

    private sealed record Provider(string Pkgbase, PackageName Name, PackageVersion Version, List<Dependency> Provides);
}
