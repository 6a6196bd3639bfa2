using System.Text.RegularExpressions;
using Caur.Pacman;
using Caur.Pipelines.Reading;

namespace Caur.Benchmarks.Comparing;

/// <summary>Compares the two graphs of one commit, edge by edge.</summary>
internal sealed partial class GraphComparison(OriginalGraph original, string checkout, IReadOnlyList<PackageFolder> folders, Differences differences)
{
    private const string Arch = "x86_64";

    private readonly Dictionary<string, PackageFolder> _folders = folders.ToDictionary(folder => folder.Pkgbase, StringComparer.Ordinal);
    private readonly Deptree _graph = new(folders, Arch);

    /// <summary>The edges that both have.</summary>
    public int Same { get; private set; }

    /// <summary>Compares.</summary>
    /// <param name="commit">Named in what is told.</param>
    public void Run(string commit)
    {
        foreach (var from in original.Entries.Keys.Union(_folders.Keys, StringComparer.Ordinal))
        {
            var theirs = original.DependenciesOf(from);
            var ours = _graph.DependenciesOf(from).ToHashSet(StringComparer.Ordinal);
            Same += ours.Count(theirs.Contains);
            foreach (var to in theirs.Where(to => !ours.Contains(to)))
            {
                differences.Add($"{commit}: only the original: {from} -> {to}", OnlyThere(from, to, ours));
            }

            foreach (var to in ours.Where(to => !theirs.Contains(to)))
            {
                differences.Add($"{commit}: only here: {from} -> {to}", OnlyHere(from, to));
            }
        }
    }

    private string? OnlyThere(string from, string to, HashSet<string> ours)
    {
        if (IsShifted(to))
        {
            return "the original takes the dependencies of a folder whose names it cannot read for its names";
        }

        if (_folders.GetValueOrDefault(to) is not { Srcinfo: { } provider } there)
        {
            return $"a folder that cannot be built is in the original's graph ({(_folders.TryGetValue(to, out var refused) ? Kind(refused.Problem) : "it has no PKGBUILD")})";
        }

        if (_folders.GetValueOrDefault(from) is not { Srcinfo: { } srcinfo })
        {
            return $"a folder that cannot be built is in the original's graph ({(_folders.TryGetValue(from, out var refused) ? Kind(refused.Problem) : "it has no PKGBUILD")})";
        }

        if (!there.IsOwnSrcinfo)
        {
            return "the original takes a folder that is made from another pkgbase for that pkgbase";
        }

        var names = original.Entries[from].Dependencies.Where(name => original.ProvidersOf(name).Contains(to)).ToList();
        return names.TrueForAll(name => original.ProvidersOf(name).Contains(from)) ? "the original has a folder wait for another, though its own packages provide what it needs"
            : names.TrueForAll(name => original.ProvidersOf(name).Any(ours.Contains) || original.ProvidersOf(name).Contains(from)
                || (PackageName.TryParse(name, out var parsed) && _graph.ProviderOf(parsed) is { } taken && (ours.Contains(taken) || taken == from)))
                ? "several folders provide it: the original takes the last in the folder's order, which is none; here a package's own name comes first, then the first by name"
            : !provider.Packages.Any(package => package.SupportsArchitecture(Arch) && NamesOf(package).Overlaps(names)) ? $"what provides it is not for {Arch}"
            : names.TrueForAll(name => Needs(srcinfo).Where(need => need.Need.Name.ToString() == name).All(need => !Satisfies(there, need.Need))) ? "the version wanted is not the one provided: another repository's package is meant"
            : null;
    }

    private string? OnlyHere(string from, string to)
    {
        var provided = _folders[to].Srcinfo!.Packages.Where(package => package.SupportsArchitecture(Arch)).SelectMany(NamesOf).ToHashSet(StringComparer.Ordinal);
        var needs = Needs(_folders[from].Srcinfo!).Where(need => provided.Contains(need.Need.Name.ToString())).ToList();
        if (needs.Count == 0)
        {
            return null;
        }

        var plain = needs.Where(need => need.Where.Length == 0).Select(need => need.Need.Name.ToString()).ToList();
        return plain.Count == 0 ? $"the original does not read {string.Join(" and ", needs.Select(need => need.Where).Distinct().Order(StringComparer.Ordinal))}"
            : plain.TrueForAll(name => !IsIndented(from, name)) ? "the original reads only lines that begin with one tab"
            : plain.TrueForAll(name => !Readable().IsMatch(name)) ? "the original cannot read names with other characters than letters, digits, _ and -"
            : IsShifted(from) || IsShifted(to) ? "the original takes the dependencies of a folder whose names it cannot read for its names"
            : plain.Exists(name => original.ProvidersOf(name).Count > 1 || (original.ProvidersOf(name).Count == 1 && !original.ProvidersOf(name).Contains(to)))
                ? "several folders provide it: the original takes the last in the folder's order, which is none; here a package's own name comes first, then the first by name"
            : plain.TrueForAll(name => original.ProvidersOf(name).Count == 0) ? "the original does not read what is provided for one architecture"
            : null;
    }

    /// <summary>Whether the original lost the names of a folder: without one that it can read, the rest of the line takes their place.</summary>
    private bool IsShifted(string folder) =>
        original.Entries.TryGetValue(folder, out var entry) && entry.Dependencies.Count == 0 && _folders.GetValueOrDefault(folder) is { Srcinfo: { } srcinfo }
        && srcinfo.Packages.All(package => !Readable().IsMatch(package.Name.ToString()));

    private bool IsIndented(string folder, string name) =>
        File.ReadLines(Path.Combine(checkout, folder, ".SRCINFO")).Any(line =>
            (line.StartsWith($"\tdepends = {name}", StringComparison.Ordinal) || line.StartsWith($"\tmakedepends = {name}", StringComparison.Ordinal))
            && line.Split(" = ", 2)[1].Split('<', '>', '=')[0].Trim() == name);

    /// <summary>What a folder needs, and where that stands when the original does not look there.</summary>
    private static IEnumerable<(Dependency Need, string Where)> Needs(Srcinfo srcinfo)
    {
        foreach (var key in (string[])["depends", "makedepends", "checkdepends"])
        {
            var common = srcinfo.Values(key).Count;
            var all = key switch { "depends" => srcinfo.Depends(Arch), "makedepends" => srcinfo.MakeDepends(Arch), _ => srcinfo.CheckDepends(Arch) };
            for (var i = 0; i < all.Count; i++)
            {
                yield return (all[i], key == "checkdepends" ? key : i < common ? "" : $"{key}_{Arch}");
            }
        }

        var own = srcinfo.Depends(Arch).Concat(srcinfo.CheckDepends(Arch)).ToHashSet();
        foreach (var need in srcinfo.Packages.SelectMany(package => package.Depends(Arch).Concat(package.CheckDepends(Arch))).Where(need => !own.Contains(need)))
        {
            yield return (need, "the depends of a split package");
        }
    }

    private static HashSet<string> NamesOf(SrcinfoPackage package) =>
        [package.Name.ToString(), .. package.Provides(Arch).Select(provision => provision.Name.ToString())];

    private static bool Satisfies(PackageFolder folder, Dependency need) => folder.Srcinfo!.Packages.Any(
        package => need.IsSatisfiedBy(package.Name, folder.Srcinfo.Version) || package.Provides(Arch).Any(need.IsSatisfiedBy));

    private static string Kind(string? problem) =>
        problem is null ? "unknown" : problem.Contains("of pkgbase", StringComparison.Ordinal) ? "its .SRCINFO is of another pkgbase" : "its .SRCINFO cannot be used";

    [GeneratedRegex("^[a-zA-Z0-9_-]+$")]
    private static partial Regex Readable();
}
