using System.Collections.Immutable;
using Caur.Pacman;

namespace Caur.Pipelines.Reading;

/// <summary>The dependency graph between the pkgbases of a source repository for one architecture. A folder depends on another when one
/// of its depends, makedepends or checkdepends (of the pkgbase or of any of its packages) is met by a package of the other: by the
/// package's own name first, else by what it provides. Several that provide it: the one pacman would take, which is the first by name,
/// and <see cref="ChoicesOf"/> says so. Versions and architectures count; a folder never depends on itself.</summary>
internal sealed class Deptree
{
    // What makepkg calls a VCS package: its version is made anew by each build, so the one written down says little.
    private static readonly string[] VcsSuffixes = ["-git", "-svn", "-hg", "-bzr", "-cvs", "-darcs", "-fossil"];

    private readonly Dictionary<PackageName, Provider> _packages = [];
    private readonly Dictionary<PackageName, List<Provider>> _provisions = [];
    private readonly Dictionary<string, ImmutableArray<Edge>> _edges = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ImmutableArray<PackageName>> _names = new(StringComparer.Ordinal);

    /// <summary>Makes the graph of all folders that can be read.</summary>
    public Deptree(IEnumerable<PackageFolder> folders, string arch)
    {
        var usable = folders.Where(folder => folder.Srcinfo is not null).OrderBy(folder => folder.Pkgbase, StringComparer.Ordinal).ToList();
        foreach (var folder in usable)
        {
            if (!folder.IsOwnSrcinfo)
            {
                // The packages in it are those of another pkgbase, from which this one is made.
                _names[folder.Pkgbase] = [PackageName.Parse(folder.Pkgbase)];
                Add(new Provider(folder.Pkgbase, PackageName.Parse(folder.Pkgbase), folder.Srcinfo!.Version, []));
                continue;
            }

            var packages = folder.Srcinfo!.Packages.Where(package => package.SupportsArchitecture(arch)).ToList();
            _names[folder.Pkgbase] = [.. packages.Select(package => package.Name).Order()];
            foreach (var package in packages)
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
                .. BuildNeed.Of(folder.Srcinfo!, arch)
                    .Select(need => FindProvider(folder.Pkgbase, need.Dependency))
                    .OfType<Edge>()
                    .DistinctBy(edge => (edge.To.Pkgbase, edge.Choice))
                    .OrderBy(edge => edge.To.Pkgbase, StringComparer.Ordinal),
            ];
        }
    }

    /// <summary>Whether the folder's own files tell what it depends on.</summary>
    public bool Knows(string pkgbase) => _edges.ContainsKey(pkgbase);

    /// <summary>The pkgbases that a pkgbase depends on, sorted.</summary>
    public ImmutableArray<string> DependenciesOf(string pkgbase) =>
        [.. _edges.GetValueOrDefault(pkgbase, []).Select(edge => edge.To.Pkgbase).Distinct(StringComparer.Ordinal)];

    /// <summary>The pkgbase whose package has a name, or the first that provides it; null when none does.</summary>
    public string? ProviderOf(PackageName name) =>
        _packages.TryGetValue(name, out var named) ? named.Pkgbase : _provisions.GetValueOrDefault(name)?[0].Pkgbase;

    /// <summary>What was chosen among several that provide the same, for people.</summary>
    public IEnumerable<string> ChoicesOf(string pkgbase) =>
        _edges.GetValueOrDefault(pkgbase, []).Select(edge => edge.Choice).OfType<string>();

    /// <summary>The graph in the manual's form, sorted. Names are what each folder makes, dependencies are names of packages of other
    /// folders: so that whoever reads it finds exactly these edges, though the form knows no versions and cannot tell a package's name
    /// from what another provides.</summary>
    public DeptreeText ToText() => DeptreeText.Of(_names.Select(folder => new DeptreeEntry(
        PackageName.Parse(folder.Key),
        folder.Value,
        [.. _edges[folder.Key].Select(edge => edge.To.Name).Distinct().Order()])));

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
    private Edge? FindProvider(string pkgbase, Dependency need)
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
            return matching.Exists(provider => provider.Pkgbase == pkgbase) ? null : new Edge(matching[0], Choice(pkgbase, need, matching));
        }

        // The version wanted may be one that the build is about to make: by pkgver(), by makepkg for a library, or by a newer commit.
        // Whoever has the name is then still the one that is meant; who says which version it provides is taken at its word.
        return (named ?? providers.Find(provider => MayProvide(provider, need.Name))) is { } meant ? Other(meant) : null;

        Edge? Other(Provider provider) => provider.Pkgbase == pkgbase ? null : new Edge(provider, null);
    }

    private static bool MayProvide(Provider provider, PackageName name) =>
        VcsSuffixes.Any(suffix => provider.Name.ToString().EndsWith(suffix, StringComparison.Ordinal))
        || provider.Provides.Exists(provision => provision.Name == name && provision.Version is null);

    private static string? Choice(string pkgbase, Dependency need, List<Provider> matching)
    {
        var folders = matching.Select(provider => provider.Pkgbase).Distinct(StringComparer.Ordinal).ToList();
        return folders.Count < 2 ? null
            : $"{pkgbase} depends on {need.Name}, which {string.Join(", ", folders)} provide; {folders[0]} is taken, the first by its package's name";
    }

    private sealed record Provider(string Pkgbase, PackageName Name, PackageVersion Version, List<Dependency> Provides);

    private sealed record Edge(Provider To, string? Choice);
}
