using System.Globalization;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Grains.Queue;

namespace Caur.Tests.Queue;

internal sealed partial class QueueModel
{
    private static Comparer<BuildId> ByText => Comparer<BuildId>.Create((a, b) => string.CompareOrdinal(a.ToString(), b.ToString()));

    private static string Describe(QueueHarness queue) => string.Join("\n", queue.Snapshot.Items.Select(item =>
        $"{item.Build} {item.State} {item.Wait} {item.Explanation} {item.Attempts} {item.Builder} {queue.State.Find(item.Build)!.Chain} {queue.State.Find(item.Build)!.Durable.Rank}"));

    /// <summary>What a build stands behind by its priority; said here anew, as the documentation has it.</summary>
    private static long Milliseconds(BuildRequest request) => (long)(request.Priority switch
    {
        BuildPriority.Manual => TimeSpan.Zero,
        BuildPriority.Commit => TimeSpan.FromMinutes(10),
        BuildPriority.Schedule => TimeSpan.FromHours(1),
        _ => TimeSpan.FromHours(12),
    }).TotalMilliseconds;

    private static bool Fits(BuildRequest request, BuilderProfile builder)
    {
        var wanted = request.BuilderClass ?? "1";
        var byNumber = int.TryParse(wanted, CultureInfo.InvariantCulture, out var level);
        return (byNumber ? int.TryParse(builder.Class, CultureInfo.InvariantCulture, out var has) && has >= level
                : wanted == builder.Builder.Name || wanted == builder.Class)
            && request.Labels.All(builder.Labels.Contains)
            && request.MemoryMiB <= builder.MemoryMiB
            && request.DiskMiB <= builder.DiskMiB;
    }

    private (long Place, TimeSpan Chain) Urgency(QueueEntry entry) =>
        (_rank[entry.Build] + Milliseconds(_ordered[entry.Build]), -entry.Chain);

    /// <summary>What could start now, in the order of its turn.</summary>
    private IEnumerable<QueueEntry> Ready() => _queue.State.Entries
        .GroupBy(entry => entry.Package)
        .Where(package => package.Count() == 1)
        .Select(package => package.First())
        .Where(entry => entry is { IsWaiting: true, NotBefore: null, WaitsFor.Count: 0 } && _heldBy[entry.Build].Count == 0)
        .OrderBy(Urgency);

    private void Check()
    {
        var items = _queue.Snapshot.Items;
        Same(items.Select(item => item.Build).Concat(_ended), _ordered.Keys, "no build is lost or there twice");
        Same(_queue.Slots.Values.Select(slot => slot.Build), items.Select(item => item.Build), "each build has its record");
        Same(
            _active.Select(attempt => attempt.Build),
            items.Where(item => item.State is not (BuildState.Waiting or BuildState.Assigned)).Select(item => item.Build),
            "what was accepted is with a builder");
        foreach (var package in items.GroupBy(item => item.Build.Package))
        {
            (package.Count(item => item.State != BuildState.Waiting) <= 1).ShouldBeTrue($"{package.Key} is with one builder at most");
            (package.Count(item => item.State == BuildState.Waiting) <= 1).ShouldBeTrue($"{package.Key} waits once at most");
            (_queue.State.FindPackage(package.Key.Pkgbase, null)!.Build == package.MaxBy(item => item.Build.Timestamp)!.Build).ShouldBeTrue();
        }

        foreach (var entry in _queue.State.Entries)
        {
            // Whoever ignores a package because of a cycle is not held by it either.
            _heldBy[entry.Build].ExceptWith(entry.Durable.Ignores);
            (entry.Durable.Rank == _rank[entry.Build]).ShouldBeTrue($"the place of {entry.Build}");
            var behind = entry.Dependants.Select(after => after.Chain).DefaultIfEmpty(TimeSpan.Zero).Max();
            (entry.Chain == _ordered[entry.Build].EstimatedDuration + behind).ShouldBeTrue($"the chain behind {entry.Build}");
        }

        var byPackage = Present().ToLookup(build => build.Package.Pkgbase);
        foreach (var item in items)
        {
            CheckReason(item, byPackage);
        }

        var ready = items.Count(item => item.Wait is WaitReason.Turn or WaitReason.NoFittingBuilder || item.Explanation == Paused);
        _queue.State.ReadyCount.ShouldBe(ready, "ready is what waits for its turn alone");
        var turns = items.Where(item => item.Wait == WaitReason.Turn).Select(item => Urgency(_queue.State.Find(item.Build)!)).ToList();
        turns.SequenceEqual(turns.Order()).ShouldBeTrue("what is next stands first");
        ReferenceEquals(_queue.Snapshot, _queue.Snapshot).ShouldBeTrue("nothing is made twice while nothing changes");
    }

    private static void Same(IEnumerable<BuildId> actual, IEnumerable<BuildId> expected, string what)
    {
        var (left, right) = (actual.ToList(), expected.ToHashSet());
        if (left.Count != right.Count || !right.SetEquals(left))
        {
            left.Order(ByText).ShouldBe(right.Order(ByText), what);
        }
    }

    private const string Paused = "the queue is paused";

    private void CheckReason(QueueItem item, ILookup<string, BuildId> byPackage)
    {
        var entry = _queue.State.Find(item.Build)!;
        var others = byPackage[item.Build.Pkgbase].Where(other => other != item.Build).ToList();
        var before = entry.WaitsFor.Select(first => first.Build).ToList();
        var expected = item.State != BuildState.Waiting ? WaitReason.None
            : _heldBy[item.Build].Count > 0 ? WaitReason.Held
            : others.Count > 0 ? WaitReason.SamePackage
            : WaitsForHeld(entry, []) ? WaitReason.Held
            : before.Count > 0 ? WaitReason.Dependency
            : entry.NotBefore is not null ? WaitReason.RetryPause
            : _queue.State.Paused ? WaitReason.Paused // without anything besides
            : Takers(item.Build).Any() ? WaitReason.Turn
            : WaitReason.NoFittingBuilder;
        if (_queue.State.Paused && expected != WaitReason.None)
        {
            // Whatever it would wait for without the pause is said too.
            item.Wait.ShouldBe(WaitReason.Paused, $"{item.Build}: {item.Explanation}");
            item.Explanation.ShouldStartWith(expected == WaitReason.Paused ? Paused : $"{Paused}; besides: ");
            item = item with { Wait = expected, Explanation = item.Explanation[(expected == WaitReason.Paused ? 0 : $"{Paused}; besides: ".Length)..] };
        }

        if (item.Wait != expected)
        {
            item.Wait.ShouldBe(expected, $"{item.Build}: {item.Explanation}");
        }

        if (item.State != BuildState.Waiting)
        {
            return;
        }

        var depends = _ordered[item.Build].DependsOn.Where(first => first != item.Build.Pkgbase).SelectMany(first => byPackage[first]).ToList();
        before.Except(depends).ShouldBeEmpty();
        depends.Except(before).Where(ignored => !withCycles || !Reaches(ignored, item.Build)).ShouldBeEmpty();
        CheckWords(item, before, byPackage);
    }

    /// <summary>The words name what it waits for, and what they name is true.</summary>
    private void CheckWords(QueueItem item, List<BuildId> before, ILookup<string, BuildId> byPackage)
    {
        switch (item.Wait)
        {
            case WaitReason.Dependency:
                var named = before.Select(first => first.Pkgbase).Distinct().Order(StringComparer.Ordinal).ToList();
                item.Explanation.ShouldContain(named[0]);
                named.Where(first => !byPackage[first].Any() || !_ordered[item.Build].DependsOn.Contains(first)).ShouldBeEmpty();
                break;
            case WaitReason.Held when _heldBy[item.Build].Count > 0:
                item.Explanation.ShouldContain(_heldBy[item.Build].Order(StringComparer.Ordinal).First());
                break;
            case WaitReason.RetryPause:
                item.Explanation.ShouldContain("the disk is full");
                break;
            case WaitReason.NoFittingBuilder when Here().FirstOrDefault(builder => Fits(_ordered[item.Build], builder)) is { } unable:
                item.Explanation.ShouldContain(unable.Builder.Name);
                item.Explanation.ShouldContain(unable.Problem.Length > 0 ? unable.Problem : "takes no more");
                break;
            case WaitReason.NoFittingBuilder:
                item.Explanation.ShouldStartWith("no builder");
                break;
        }
    }

    /// <summary>The builders that would take a build if they had room.</summary>
    private IEnumerable<BuilderProfile> Takers(BuildId build) => Here().Where(builder => builder.CanTake && Fits(_ordered[build], builder));

    private IEnumerable<BuilderProfile> Here() => _builders.Values
        .Where(known => _queue.Now - known.Seen <= QueueState.BuilderSilence)
        .Select(known => known.Profile)
        .OrderBy(profile => profile.Builder.ToString(), StringComparer.Ordinal);

    /// <summary>Whether something waits between here and a build that is held.</summary>
    private bool WaitsForHeld(QueueEntry entry, HashSet<QueueEntry> seen) => entry.WaitsFor.Any(first =>
        first.IsWaiting && seen.Add(first) && (_heldBy[first.Build].Count > 0 || WaitsForHeld(first, seen)));

    private IEnumerable<BuildId> Present() => _queue.State.Entries.Select(entry => entry.Build);

    private IEnumerable<BuildId> Waiting() =>
        _queue.State.Entries.Where(entry => entry.Durable.State == BuildState.Waiting).Select(entry => entry.Build);

    private bool DependsOn(BuildId build, BuildId other) =>
        build.Package != other.Package && _ordered[build].DependsOn.Contains(other.Pkgbase);

    /// <summary>Whether a build depends on another by way of any builds that were ever ordered: an ignored edge may be older than the
    /// cycle's last member.</summary>
    private bool Reaches(BuildId from, BuildId to)
    {
        var edges = _ordered.Values.ToLookup(request => request.Package.Pkgbase);
        var seen = new HashSet<string>();
        var open = new Stack<string>([from.Pkgbase]);
        while (open.TryPop(out var pkgbase))
        {
            if (pkgbase == to.Pkgbase)
            {
                return true;
            }

            if (seen.Add(pkgbase))
            {
                foreach (var request in edges[pkgbase])
                {
                    request.DependsOn.ToList().ForEach(open.Push);
                }
            }
        }

        return false;
    }

    private void Measure(int kind)
    {
        if (count is null)
        {
            return;
        }

        count("steps");
        count($"step kind {kind}");
        foreach (var item in _queue.Snapshot.Items)
        {
            count($"seen {item.State} {item.Wait}");
        }
    }
}
