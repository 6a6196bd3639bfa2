using Caur.Contracts.Ids;
using Caur.Pipelines.Graphs;

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
    Action<QueueEntry, IReadOnlySet<string>> cycleBroken,
    Action<QueueEntry, IReadOnlySet<string>> waitsAgain)
{
    private readonly Dictionary<PackageKey, List<QueueEntry>> _byPackage = [];
    private readonly Dictionary<PackageKey, HashSet<QueueEntry>> _wantedBy = [];
    private readonly HashSet<QueueEntry> _stale = [];

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

        var newcomers = entries.ToHashSet();
        foreach (var entry in entries)
        {
            Connect(entry, Named(entry));
        }

        foreach (var present in entries
            .SelectMany(entry => Wanting(entry.Package).Where(after => !newcomers.Contains(after)), (entry, after) => (entry, after))
            .GroupBy(edge => edge.after, edge => edge.entry))
        {
            Connect(present.Key, present);
        }

        BreakCycles(entries, anew: !restored);
        NoteStale(entries);
    }

    /// <summary>Gives entries that are waiting again the edges they have now: while a builder had them, their dependencies did not count,
    /// and what they ignored may have changed.</summary>
    public void Reconnect(IReadOnlyCollection<QueueEntry> entries)
    {
        foreach (var entry in entries)
        {
            Connect(entry, Named(entry));
        }

        BreakCycles(entries, anew: true);
        NoteStale(entries);
    }

    /// <summary>An entry waits for nothing any more: a builder has it.</summary>
    public void Detach(QueueEntry entry)
    {
        foreach (var first in entry.WaitsFor)
        {
            first.Dependants.Remove(entry);
            _stale.Add(first);
        }

        entry.WaitsFor.Clear();
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

    /// <summary>Corrects the chains after changes, of all that they concern: once for many, as each may concern all.</summary>
    public void UpdateChains()
    {
        var changed = _stale.ToList();
        var dirty = _stale.ToHashSet();
        _stale.Clear();

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

    private void NoteStale(IReadOnlyCollection<QueueEntry> entries)
    {
        _stale.UnionWith(entries);
        _stale.UnionWith(entries.SelectMany(entry => entry.WaitsFor));
    }

    private static void Connect(QueueEntry after, IEnumerable<QueueEntry> firsts)
    {
        // A build that a builder has already cannot wait any more.
        if (after.IsActive)
        {
            return;
        }

        var ignored = after.Durable.Ignores.ToHashSet(StringComparer.Ordinal);
        foreach (var first in firsts)
        {
            if (!ReferenceEquals(after, first) && !ignored.Contains(first.Package.Pkgbase))
            {
                after.WaitsFor.Add(first);
                first.Dependants.Add(after);
            }
        }
    }

    private void BreakCycles(IReadOnlyCollection<QueueEntry> added, bool anew)
    {
        var roots = added.ToHashSet();
        if (anew)
        {
            foreach (var set in StronglyConnected.Cycles(added, Named).Where(set => set.Any(roots.Contains)).ToList())
            {
                WaitAgain(set);
                roots.UnionWith(set);
            }
        }

        // Every new cycle has a new member, and is inside what that member can reach.
        foreach (var set in StronglyConnected.Cycles(roots, static entry => entry.WaitsFor).ToList())
        {
            Break(set);
        }
    }

    private void Break(IReadOnlyList<QueueEntry> set)
    {
        var order = set.OrderBy(entry => entry.Package.Pkgbase, StringComparer.Ordinal).ThenBy(entry => entry.Build.Timestamp).ToList();
        var places = order.Index().ToDictionary(member => member.Item, member => member.Index);
        var edges = order.Index().SelectMany(
            member => member.Item.WaitsFor.Where(places.ContainsKey), (member, first) => (From: member.Index, To: places[first]));
        foreach (var broken in CycleBreaks.Find(order.Count, edges).GroupBy(edge => edge.From, edge => order[edge.To].Package.Pkgbase))
        {
            // By package: an older build of it that a builder has is not waited for either.
            var breaker = order[broken.Key];
            var pkgbases = new SortedSet<string>(broken, StringComparer.Ordinal);
            foreach (var first in breaker.WaitsFor.Where(first => pkgbases.Contains(first.Package.Pkgbase)).ToList())
            {
                breaker.WaitsFor.Remove(first);
                first.Dependants.Remove(breaker);
                _stale.Add(first);
            }

            cycleBroken(breaker, pkgbases);
        }
    }

    /// <summary>All that an entry would wait for if no cycle had been broken.</summary>
    private IEnumerable<QueueEntry> Named(QueueEntry entry) =>
        entry.IsActive ? [] : DependenciesOf(entry).SelectMany(Of).Where(first => !ReferenceEquals(first, entry));

    /// <summary>Takes back what the members of a set ignore of each other.</summary>
    private void WaitAgain(IReadOnlyList<QueueEntry> set)
    {
        var members = set.Select(entry => entry.Package).ToHashSet();
        foreach (var entry in set)
        {
            var lifted = new SortedSet<string>(
                entry.Durable.Ignores.Where(pkgbase => members.Contains(new PackageKey(entry.Package.Target, pkgbase))), StringComparer.Ordinal);
            if (lifted.Count > 0)
            {
                waitsAgain(entry, lifted);
                Connect(entry, Named(entry));
                _stale.UnionWith(entry.WaitsFor);
            }
        }
    }

    /// <summary>These entries and all before them, each behind those that wait for it.</summary>
    public static IReadOnlyList<QueueEntry> DependantsFirst(IEnumerable<QueueEntry> roots)
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
