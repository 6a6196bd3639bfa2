using System.Collections.Immutable;
using Caur.Pipelines.Graphs;

namespace Caur.Pipelines.Rebuilds;

/// <summary>The order of a plan's builds: each behind what it depends on, and by name where that says nothing. Cycles are broken as the farm's queue
/// breaks them (docs/adr/0008): at the first name of all that depend on each other, which waits for none of them; what is left and still a cycle
/// likewise.</summary>
/// <param name="Pkgbases">All builds, in order.</param>
/// <param name="After">What each waits for, by name.</param>
/// <param name="Cycles">Those that were broken, by their first name.</param>
internal sealed record RebuildOrder(
    ImmutableArray<string> Pkgbases, IReadOnlyDictionary<string, SortedSet<string>> After, ImmutableArray<RebuildCycle> Cycles)
{
    /// <summary>Works it out.</summary>
    /// <param name="dependencies">The builds, each with those others that it depends on. Names that are no build, and a build's own, do not count.</param>
    public static RebuildOrder Of(IReadOnlyDictionary<string, IEnumerable<string>> dependencies)
    {
        var after = dependencies.ToDictionary(
            pair => pair.Key,
            pair => new SortedSet<string>(pair.Value.Where(other => other != pair.Key && dependencies.ContainsKey(other)), StringComparer.Ordinal),
            StringComparer.Ordinal);
        var cycles = StronglyConnected.Cycles(after.Keys.Order(StringComparer.Ordinal), pkgbase => after[pkgbase]).ToList()
            .Select(members => Break(members, after)).OrderBy(cycle => cycle.Members[0], StringComparer.Ordinal).ToImmutableArray();
        return new RebuildOrder([.. Sort(after)], after, cycles);
    }

    private static RebuildCycle Break(IReadOnlyList<string> set, Dictionary<string, SortedSet<string>> after)
    {
        var members = set.Order(StringComparer.Ordinal).ToImmutableArray();
        var places = members.Index().ToDictionary(member => member.Item, member => member.Index, StringComparer.Ordinal);
        var ignored = CycleBreaks.Find(
                members.Length, members.SelectMany((member, from) => after[member].Where(places.ContainsKey).Select(to => (from, places[to]))))
            .Order().Select(edge => new IgnoredEdge(members[edge.From], members[edge.To])).ToImmutableArray();
        foreach (var edge in ignored)
        {
            after[edge.Pkgbase].Remove(edge.Dependency);
        }

        return new RebuildCycle(members, ignored);
    }

    private static IEnumerable<string> Sort(Dictionary<string, SortedSet<string>> after)
    {
        var missing = after.ToDictionary(pair => pair.Key, pair => pair.Value.Count, StringComparer.Ordinal);
        var dependants = after.SelectMany(pair => pair.Value, (pair, first) => (First: first, Then: pair.Key)).ToLookup(edge => edge.First, edge => edge.Then);
        var ready = new SortedSet<string>(missing.Where(pair => pair.Value == 0).Select(pair => pair.Key), StringComparer.Ordinal);
        while (ready.Min is { } next)
        {
            ready.Remove(next);
            yield return next;
            foreach (var dependant in dependants[next].Where(dependant => --missing[dependant] == 0))
            {
                ready.Add(dependant);
            }
        }
    }
}
