using System.Collections.Immutable;
using System.Globalization;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;

namespace Caur.Grains.Repositories;

/// <summary>Which packages an order to remove, or to keep, takes out of a repository; or why it takes none.</summary>
/// <param name="Pkgnames">What goes, sorted.</param>
/// <param name="Packages">How many packages there are before.</param>
/// <param name="UnknownNames">How many different names were given that no package has.</param>
/// <param name="Refusal">Why it is refused, if it is. <paramref name="Pkgnames"/> then tells what would have gone.</param>
/// <param name="Reason">The refusal for people.</param>
internal sealed record RemovalDecision(
    ImmutableArray<string> Pkgnames, int Packages, int UnknownNames, RepositoryChangeRefusal Refusal = RepositoryChangeRefusal.None, string Reason = "")
{
    /// <summary>One in so many packages may go without force.</summary>
    public const int FreePart = 5;

    private const int MostNamed = 20;

    /// <summary>Decides. Reads and changes nothing.</summary>
    /// <param name="packages">What is published: pkgname and pkgbase. A package without a pkgbase counts under its own name.</param>
    /// <param name="change">An order of the kind Remove or Keep.</param>
    public static RemovalDecision Decide(IReadOnlyCollection<(string Pkgname, string Pkgbase)> packages, RepositoryChange change)
    {
        var names = change.Names.ToHashSet(StringComparer.Ordinal);
        if (Wrong(change, names) is { } wrong)
        {
            return new RemovalDecision([], packages.Count, 0, wrong.Refusal, wrong.Reason);
        }

        return change.Kind switch
        {
            RepositoryChangeKind.Keep => Keep(packages, names, change.Force),
            RepositoryChangeKind.Remove when change.SinglePackages => RemovePackages(packages, names),
            RepositoryChangeKind.Remove => RemovePkgbases(packages, names),
            _ => throw new ArgumentException($"{change.Kind} removes nothing by names", nameof(change)),
        };
    }

    private static (RepositoryChangeRefusal Refusal, string Reason)? Wrong(RepositoryChange change, HashSet<string> names)
    {
        if (names.Count == 0)
        {
            return (
                RepositoryChangeRefusal.EmptyList,
                change.Kind == RepositoryChangeKind.Keep
                    ? "the list of what to keep is empty: everything would go, which is taken for an error"
                    : "nothing is named that is to go");
        }

        if (change.Names.Length > RepositoryChange.MaxNames)
        {
            return (RepositoryChangeRefusal.TooManyNames, Text($"{change.Names.Length} names are more than the {RepositoryChange.MaxNames} that one order may have"));
        }

        var invalid = names.Where(name => !Names.IsValid(name)).Order(StringComparer.Ordinal).ToList();
        return invalid.Count == 0
            ? null
            : (RepositoryChangeRefusal.InvalidName, $"no package can be named {Listed(invalid.Select(name => $"'{name}'"))}");
    }

    private static RemovalDecision Keep(IReadOnlyCollection<(string Pkgname, string Pkgbase)> packages, HashSet<string> names, bool force)
    {
        var gone = Sorted(packages.Where(package => !names.Contains(package.Pkgbase)));
        var unknown = names.Count - packages.Select(package => package.Pkgbase).Distinct(StringComparer.Ordinal).Count(names.Contains);
        var decision = new RemovalDecision(gone, packages.Count, unknown);
        return force || (long)gone.Length * FreePart <= packages.Count
            ? decision
            : decision with
            {
                Refusal = RepositoryChangeRefusal.TooMuch,
                Reason = Text(
                    $"{gone.Length} of {packages.Count} packages ({100.0 * gone.Length / packages.Count:0.#} %) would go, more than a fifth: {Listed(gone)}. If that is meant, order it with force (--force)"),
            };
    }

    private static RemovalDecision RemovePkgbases(IReadOnlyCollection<(string Pkgname, string Pkgbase)> packages, HashSet<string> names)
    {
        var byPkgbase = packages.ToLookup(package => package.Pkgbase, StringComparer.Ordinal);
        var missing = names.Where(name => !byPkgbase.Contains(name)).Order(StringComparer.Ordinal).ToList();
        var parts = missing.Join(packages, name => name, package => package.Pkgname, (_, package) => package, StringComparer.Ordinal).ToList();
        if (parts.Count > 0)
        {
            var (pkgname, pkgbase) = parts[0];
            return new RemovalDecision(
                [], packages.Count, 0, RepositoryChangeRefusal.PartOfPkgbase,
                $"'{pkgname}' is a package of pkgbase '{pkgbase}', whose packages belong together ({Listed(Sorted(byPkgbase[pkgbase]))}): "
                + $"remove '{pkgbase}', or the package alone with --package");
        }

        return missing.Count > 0
            ? Unknown(missing, "pkgbase", byPkgbase.Select(group => group.Key), packages.Count)
            : new RemovalDecision(Sorted(names.SelectMany(name => byPkgbase[name])), packages.Count, 0);
    }

    private static RemovalDecision RemovePackages(IReadOnlyCollection<(string Pkgname, string Pkgbase)> packages, HashSet<string> names)
    {
        var found = packages.Where(package => names.Contains(package.Pkgname)).ToList();
        var missing = names.Except(found.Select(package => package.Pkgname)).Order(StringComparer.Ordinal).ToList();
        return missing.Count > 0
            ? Unknown(missing, "package", packages.Select(package => package.Pkgname), packages.Count)
            : new RemovalDecision(Sorted(found), packages.Count, 0);
    }

    private static RemovalDecision Unknown(List<string> missing, string what, IEnumerable<string> known, int packages)
    {
        var nearest = NearestNames.Of(missing[0], known);
        var meant = nearest.Count > 0 ? $"; did you mean {string.Join(" or ", nearest)}?" : "";
        return new RemovalDecision(
            [], packages, missing.Count, RepositoryChangeRefusal.UnknownName,
            $"there is no {what} {Listed(missing.Select(name => $"'{name}'"))}{meant}");
    }

    private static ImmutableArray<string> Sorted(IEnumerable<(string Pkgname, string Pkgbase)> packages) =>
        [.. packages.Select(package => package.Pkgname).Order(StringComparer.Ordinal)];

    private static string Listed(IEnumerable<string> names)
    {
        var all = names.ToList();
        var first = string.Join(", ", all.Take(MostNamed));
        return all.Count > MostNamed ? Text($"{first} and {all.Count - MostNamed} more") : first;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
