using System.Collections.Immutable;
using Caur.Pacman;

namespace Caur.Grains.Sources;

/// <summary>A dependency graph that somebody sent along. The form does not tell what a folder makes from what it provides, so a name that
/// is a pkgbase is that folder's; of several others that list a name, it is the first's by pkgbase.</summary>
internal sealed class GivenDeptree
{
    private readonly Dictionary<string, DeptreeEntry> _entries = new(StringComparer.Ordinal);
    private readonly Dictionary<PackageName, string> _providers = [];

    public GivenDeptree(DeptreeText text)
    {
        foreach (var entry in text.Entries.OrderBy(entry => entry.PkgBase))
        {
            _entries[entry.PkgBase.ToString()] = entry;
            foreach (var name in entry.Names)
            {
                _providers.TryAdd(name, entry.PkgBase.ToString());
            }
        }

        foreach (var entry in text.Entries)
        {
            _providers[entry.PkgBase] = entry.PkgBase.ToString();
        }
    }

    public bool Knows(string pkgbase) => _entries.ContainsKey(pkgbase);

    /// <summary>The pkgbases that a pkgbase depends on, sorted; never itself.</summary>
    /// <param name="pkgbase">Which.</param>
    /// <param name="elsewhere">Who has a name that this graph does not tell of; null when nobody has.</param>
    public ImmutableArray<string> DependenciesOf(string pkgbase, Func<PackageName, string?>? elsewhere = null) => !_entries.TryGetValue(pkgbase, out var entry) ? [] :
    [
        .. entry.Dependencies
            .Select(name => _providers.GetValueOrDefault(name) ?? elsewhere?.Invoke(name))
            .OfType<string>()
            .Where(first => first != pkgbase)
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal),
    ];
}
