using System.Collections.Immutable;
using Caur.Contracts.Ids;

namespace Caur.Grains.Queue;

/// <summary>The edges between queued builds. Each entry names the packages it depends on, so an edge forms whichever of the two
/// arrives first. Builds that depend on each other in a cycle (a strongly connected set, by what they name) are broken at the member
/// with the first name in ordinal order: that member's dependencies inside the set are ignored, it builds first with what the
/// repository has, and the others follow; what of them still forms cycles is broken the same way. A newcomer in such a set has all of
/// it broken anew, so that the outcome is that of the set, whatever the order in which its members came (docs/adr/0008).</summary>
/// <param name="chainChanging">Called before an entry's <see cref="QueueEntry.Chain"/> changes, which is part of how it is sorted.</param>
/// <param name="cycleBroken">Called when an entry is to ignore those pkgbases from now on; it may be ready then.</param>
/// <param name="waitsAgain">Called when an entry is to ignore those pkgbases no longer.</param>
internal sealed class QueueGraph(
    Action<QueueEntry> chainChanging,
    Action<QueueEntry, ImmutableArray<string>> cycleBroken,
    Action<QueueEntry, ImmutableArray<string>> waitsAgain)
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
    /// <param name="entries">The newcomers.</param>
    /// <param name="restored">They know from before what they ignore: only what still is a cycle is broken.</param>
    public void Add(IReadOnlyCollection<QueueEntry> entries, bool restored = false)
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

        var freed = BreakCycles(entries, anew: !restored);
        UpdateChains([.. entries, .. entries.SelectMany(entry => entry.WaitsFor), .. freed]);
    }

    /// <summary>Gives an entry that is waiting again the edges it has now: while a builder had it, its dependencies did not count.</summary>
    public void Reconnect(QueueEntry entry)
    {
        foreach (var first in DependenciesOf(entry).SelectMany(Of))
        {
            Connect(entry, first);
        }

        var freed = BreakCycles([entry], anew: true);
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

    /// <returns>The entries whose dependants changed by it.</returns>
    private List<QueueEntry> BreakCycles(IReadOnlyCollection<QueueEntry> added, bool anew)
    {
        var freed = new List<QueueEntry>();
        var roots = added.ToHashSet();
        if (anew)
        {
            foreach (var set in StronglyConnected.Cycles(added, Named).Where(set => set.Any(roots.Contains)).ToList())
            {
                WaitAgain(set, freed);
                roots.UnionWith(set);
            }
        }

        // Every new cycle has a new member, and is inside what that member can reach.
        while (StronglyConnected.FirstCycle(roots, static entry => entry.WaitsFor) is { } cycle)
        {
            // By package: an older build of it that a builder has is not waited for either.
            var members = cycle.Select(entry => entry.Package).ToHashSet();
            var breaker = cycle.MinBy(entry => entry.Package.Pkgbase, StringComparer.Ordinal)!;
            var ignored = breaker.WaitsFor.Where(first => members.Contains(first.Package)).ToList();
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

    /// <summary>All that an entry would wait for if no cycle had been broken.</summary>
    private IEnumerable<QueueEntry> Named(QueueEntry entry) =>
        entry.IsActive ? [] : DependenciesOf(entry).SelectMany(Of).Where(first => !ReferenceEquals(first, entry));

    /// <summary>Takes back what the members of a set ignore of each other.</summary>
    private void WaitAgain(IReadOnlyList<QueueEntry> set, List<QueueEntry> changed)
    {
        var members = set.Select(entry => entry.Package).ToHashSet();
        foreach (var entry in set)
        {
            var lifted = entry.Durable.Ignores.Where(pkgbase => members.Contains(new PackageKey(entry.Package.Target, pkgbase))).ToImmutableArray();
            if (lifted.IsEmpty)
            {
                continue;
            }

            waitsAgain(entry, lifted);
            foreach (var first in Named(entry))
            {
                Connect(entry, first);
                changed.Add(first);
            }
        }
    }

    /// <summary>Corrects the chains of entries whose dependants changed, and of all before them. There is no cycle when it runs.</summary>
    private void UpdateChains(IReadOnlyCollection<QueueEntry> changed)
    {
        var dirty = changed.ToHashSet();

        // Each is looked at once, after all that wait for it.
        foreach (var entry in DependantsFirst(changed))
        {
            if (!dirty.Contains(entry))
            {
                continue;
            }

            var behind = TimeSpan.Zero;
            foreach (var after in entry.Dependants)
            {
                behind = after.Chain > behind ? after.Chain : behind;
            }

            var chain = entry.Request.EstimatedDuration + behind;
            if (chain != entry.Chain)
            {
                chainChanging(entry);
                entry.Chain = chain;
                dirty.UnionWith(entry.WaitsFor);
            }
        }
    }

    /// <summary>These entries and all before them, each behind those that wait for it.</summary>
    private static IEnumerable<QueueEntry> DependantsFirst(IEnumerable<QueueEntry> roots)
    {
        var finished = new List<QueueEntry>();
        var seen = new HashSet<QueueEntry>();
        var open = new Stack<(QueueEntry Entry, IEnumerator<QueueEntry> Firsts)>();
        foreach (var root in roots)
        {
            Open(root);
            while (open.TryPeek(out var top))
            {
                if (top.Firsts.MoveNext())
                {
                    Open(top.Firsts.Current);
                }
                else
                {
                    finished.Add(open.Pop().Entry);
                }
            }
        }

        finished.Reverse();
        return finished;

        void Open(QueueEntry entry)
        {
            if (seen.Add(entry))
            {
                open.Push((entry, entry.WaitsFor.AsEnumerable().GetEnumerator()));
            }
        }
    }
}
