using Caur.Contracts.Ids;

namespace Caur.Grains.Queue;

/// <summary>The edges between queued builds. Each entry names the packages it depends on, so an edge forms whichever of the two
/// arrives first. A cycle is broken at its member with the first name in ordinal order: that member's dependencies inside the cycle
/// are ignored, it builds first with what the repository has, and the others follow.</summary>
/// <param name="chainChanging">Called before an entry's <see cref="QueueEntry.Chain"/> changes, which is part of how it is sorted.</param>
internal sealed class QueueGraph(Action<QueueEntry> chainChanging)
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

        BreakCycles(entries);
        foreach (var entry in entries)
        {
            RaiseChains(entry);
        }
    }

    /// <summary>Gives an entry that is waiting again the edges it has now: while a builder had it, its dependencies did not count.</summary>
    public void Reconnect(QueueEntry entry)
    {
        foreach (var first in DependenciesOf(entry).SelectMany(Of))
        {
            Connect(entry, first);
        }

        BreakCycles([entry]);
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

        foreach (var first in entry.WaitsFor)
        {
            first.Dependants.Remove(entry);
        }

        var waiting = entry.Dependants.ToList();
        foreach (var after in waiting)
        {
            after.WaitsFor.Remove(entry);
        }

        entry.WaitsFor.Clear();
        entry.Dependants.Clear();
        return waiting;
    }

    private static void Connect(QueueEntry after, QueueEntry first)
    {
        // A build that a builder has already cannot wait any more.
        if (after.IsActive || ReferenceEquals(after, first) || after.BrokenEdges.Contains(first.Package))
        {
            return;
        }

        after.WaitsFor.Add(first);
        first.Dependants.Add(after);
    }

    private static void BreakCycles(IReadOnlyCollection<QueueEntry> added)
    {
        // Every new cycle has a new member, and is inside what that member can reach.
        while (StronglyConnected.FirstCycle(added) is { } cycle)
        {
            var members = cycle.ToHashSet();
            var breaker = cycle.MinBy(entry => entry.Build.ToString(), StringComparer.Ordinal)!;
            foreach (var first in breaker.WaitsFor.Where(members.Contains).ToList())
            {
                breaker.WaitsFor.Remove(first);
                first.Dependants.Remove(breaker);
                breaker.BrokenEdges.Add(first.Package);
            }
        }
    }

    private void RaiseChains(QueueEntry start)
    {
        var own = start.Request.EstimatedDuration;
        foreach (var after in start.Dependants)
        {
            start.Chain = Max(start.Chain, own + after.Chain);
        }

        var open = new Stack<QueueEntry>([start]);
        while (open.TryPop(out var entry))
        {
            foreach (var first in entry.WaitsFor)
            {
                var chain = first.Request.EstimatedDuration + entry.Chain;
                if (chain > first.Chain)
                {
                    chainChanging(first);
                    first.Chain = chain;
                    open.Push(first);
                }
            }
        }
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;
}
