using System.Collections.Immutable;
using Caur.Contracts.Ids;

namespace Caur.Grains.Queue;

/// <summary>The edges between queued builds. Each entry names the packages it depends on, so an edge forms whichever of the two
/// arrives first. A cycle is broken at its member with the first name in ordinal order: that member's dependencies inside the cycle
/// are ignored, it builds first with what the repository has, and the others follow.</summary>
/// <param name="chainChanging">Called before an entry's <see cref="QueueEntry.Chain"/> changes, which is part of how it is sorted.</param>
/// <param name="cycleBroken">Called when an entry is to ignore those pkgbases from now on; it may be ready then.</param>
internal sealed class QueueGraph(Action<QueueEntry> chainChanging, Action<QueueEntry, ImmutableArray<string>> cycleBroken)
{
    private readonly Dictionary<PackageKey, List<QueueEntry>> _byPackage = [];
    private readonly Dictionary<PackageKey, HashSet<QueueEntry>> _wantedBy = [];

    public IReadOnlyList<QueueEntry> Of(PackageKey package) => _byPackage.TryGetValue(package, out var list) ? list : [];

    /// <summary>The entries that name this package as a dependency.</summary>
    public IEnumerable<QueueEntry> Wanting(PackageKey package) =>
        _wantedBy.TryGetValue(package, out var set) ? set : Enumerable.Empty<QueueEntry>();

    public static IEnumerable<PackageKey> DependenciesOf(QueueEntry entry)
    {
        foreach (var pkgbase in entry.Request.DependsOn)
        {
            if (!string.Equals(pkgbase, entry.Package.Pkgbase, StringComparison.Ordinal))
            {
                yield return new PackageKey(entry.Package.Target, pkgbase);
            }
        }
    }

    /// <summary>Adds entries with all their edges, and breaks the cycles they close.</summary>
    public void Add(IReadOnlyCollection<QueueEntry> entries)
    {
        foreach (var entry in entries)
        {
            if (!_byPackage.TryGetValue(entry.Package, out var list))
            {
                _byPackage[entry.Package] = list = [];
            }

            list.Add(entry);
            foreach (var key in DependenciesOf(entry))
            {
                if (!_wantedBy.TryGetValue(key, out var wanting))
                {
                    _wantedBy[key] = wanting = [];
                }

                wanting.Add(entry);
            }
        }

        foreach (var entry in entries)
        {
            foreach (var first in DependenciesOf(entry).SelectMany(Of))
            {
                Connect(entry, first);
            }

            foreach (var after in Wanting(entry.Package))
            {
                Connect(after, entry);
            }
        }

        var freed = BreakCycles(entries);
        UpdateChains([.. entries, .. entries.SelectMany(entry => entry.WaitsFor), .. freed]);
    }

    /// <summary>Gives an entry that is waiting again the edges it has now: while a builder had it, its dependencies did not count.</summary>
    public void Reconnect(QueueEntry entry)
    {
        foreach (var first in DependenciesOf(entry).SelectMany(Of))
        {
            Connect(entry, first);
        }

        var freed = BreakCycles([entry]);
        UpdateChains([entry, .. entry.WaitsFor, .. freed]);
    }

    /// <summary>An entry waits for nothing any more: a builder has it.</summary>
    public void Detach(QueueEntry entry)
    {
        var firsts = entry.WaitsFor.ToList();
        foreach (var first in firsts)
        {
            first.Dependants.Remove(entry);
        }

        entry.WaitsFor.Clear();
        UpdateChains(firsts);
    }

    /// <summary>Takes an entry and its edges out.</summary>
    /// <returns>The entries that waited for it.</returns>
    public IReadOnlyList<QueueEntry> Remove(QueueEntry entry)
    {
        if (_byPackage.TryGetValue(entry.Package, out var list) && list.Remove(entry) && list.Count == 0)
        {
            _byPackage.Remove(entry.Package);
        }

        foreach (var key in DependenciesOf(entry))
        {
            if (_wantedBy.TryGetValue(key, out var wanting) && wanting.Remove(entry) && wanting.Count == 0)
            {
                _wantedBy.Remove(key);
            }
        }

        var waiting = entry.Dependants.ToList();
        foreach (var after in waiting)
        {
            after.WaitsFor.Remove(entry);
        }

        entry.Dependants.Clear();
        Detach(entry);
        return waiting;
    }

    private static void Connect(QueueEntry after, QueueEntry first)
    {
        // A build that a builder has already cannot wait any more.
        if (after.IsActive || ReferenceEquals(after, first) || after.Durable.Ignores.Contains(first.Package.Pkgbase))
        {
            return;
        }

        after.WaitsFor.Add(first);
        first.Dependants.Add(after);
    }

    /// <returns>The entries that lost a dependant by it.</returns>
    private List<QueueEntry> BreakCycles(IReadOnlyCollection<QueueEntry> added)
    {
        var freed = new List<QueueEntry>();

        // Every new cycle has a new member, and is inside what that member can reach.
        while (StronglyConnected.FirstCycle(added, static entry => entry.WaitsFor) is { } cycle)
        {
            var members = cycle.ToHashSet();
            var breaker = cycle.MinBy(entry => entry.Package.Pkgbase, StringComparer.Ordinal)!;
            var ignored = breaker.WaitsFor.Where(members.Contains).ToList();
            foreach (var first in ignored)
            {
                breaker.WaitsFor.Remove(first);
                first.Dependants.Remove(breaker);
            }

            cycleBroken(breaker, [.. ignored.Select(first => first.Package.Pkgbase).Distinct().Order(StringComparer.Ordinal)]);
            freed.AddRange(ignored);
        }

        return freed;
    }

    /// <summary>Corrects the chains of entries whose dependants changed, and of all before them. There is no cycle when it runs.</summary>
    private void UpdateChains(IReadOnlyCollection<QueueEntry> changed)
    {
        var open = new Queue<QueueEntry>(changed);
        var waiting = changed.ToHashSet();
        while (open.TryDequeue(out var entry))
        {
            waiting.Remove(entry);
            var behind = TimeSpan.Zero;
            foreach (var after in entry.Dependants)
            {
                behind = after.Chain > behind ? after.Chain : behind;
            }

            var chain = entry.Request.EstimatedDuration + behind;
            if (chain == entry.Chain)
            {
                continue;
            }

            chainChanging(entry);
            entry.Chain = chain;
            foreach (var first in entry.WaitsFor.Where(waiting.Add))
            {
                open.Enqueue(first);
            }
        }
    }
}
