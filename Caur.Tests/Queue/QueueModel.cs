using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Grains.Queue;
using static Caur.Tests.Queue.QueueHarness;

namespace Caur.Tests.Queue;

/// <summary>Runs a history of operations on a queue beside a plain account of what was ordered, started and ended, and checks after each
/// step what must always hold.</summary>
internal sealed class QueueModel(bool withCycles)
{
    private const int Packages = 6;

    private static readonly BuildState[] Ends =
        [BuildState.Published, BuildState.Failed, BuildState.Skipped, BuildState.AlreadyBuilt, BuildState.TimedOut, BuildState.Cancelled];

    private readonly Dictionary<BuildId, BuildRequest> _ordered = [];
    private readonly HashSet<BuildId> _ended = [];
    private readonly Dictionary<BuildId, HashSet<string>> _heldBy = [];
    private readonly List<BuildAttempt> _offered = [];
    private readonly List<BuildAttempt> _active = [];
    private QueueHarness _queue = Furnish(new QueueHarness());

    /// <summary>One step per number; what a number means depends on the state it meets.</summary>
    public void Run(IEnumerable<int> codes)
    {
        foreach (var code in codes)
        {
            Step(new Random(code));
            Check();
        }
    }

    private static QueueHarness Furnish(QueueHarness queue)
    {
        foreach (var (name, @class) in new[] { ("small", "1"), ("big", "5") })
        {
            queue.State.Register(Profile(name, 2, @class), [], queue.Now);
        }

        return queue;
    }

    private void Step(Random random)
    {
        _queue.Now += TimeSpan.FromSeconds(random.Next(3));
        Furnish(_queue);
        switch (random.Next(12))
        {
            case 0 or 1 or 2:
                Order(random);
                break;
            case 3 or 4:
                Take(random);
                break;
            case 5 or 6:
                Accept();
                break;
            case 7:
                End(random);
                break;
            case 8:
                Retry(random);
                break;
            case 9:
                Cancel(random);
                break;
            case 10:
                _queue.State.Paused = !_queue.State.Paused && random.Next(3) == 0;
                _queue.Sweep();
                _offered.RemoveAll(offer => _queue.State.Find(offer.Build)?.Attempt != offer);
                break;
            default:
                Restart();
                break;
        }

        TakeInClosed();
    }

    private void Order(Random random)
    {
        var requests = new List<BuildRequest>();
        for (var i = random.Next(1, 4); i > 0; i--)
        {
            var number = random.Next(Packages);
            var others = Enumerable.Range(0, withCycles ? Packages : number).Where(_ => random.Next(3) == 0).Select(other => $"p{other}");
            requests.Add(Request($"p{number}", [.. others]) with
            {
                Priority = (BuildPriority)random.Next(4),
                BuilderClass = random.Next(4) == 0 ? "5" : null,
                EstimatedDuration = TimeSpan.FromMinutes(random.Next(1, 5)),
            });
        }

        foreach (var reply in _queue.Enqueue([.. requests]))
        {
            _ordered[reply.Build] = requests.Last(request => request.Package == reply.Build.Package);
            _heldBy[reply.Build] = [];
        }

        _offered.RemoveAll(offer => _queue.State.Find(offer.Build) is null);
    }

    private void Take(Random random)
    {
        var free = _queue.Snapshot.Items.Where(item => item.Wait == WaitReason.Turn).Select(item => item.Build).ToList();
        var builder = random.Next(2) == 0 ? Profile("small", 2, "1") : Profile("big", 2, "5");
        foreach (var offer in _queue.Take(builder, random.Next(1, 3)))
        {
            var build = offer.Attempt.Build;
            free.ShouldContain(build, "only what waits for its turn is offered");
            _queue.State.Paused.ShouldBeFalse();
            foreach (var first in Present().Where(other => DependsOn(build, other)))
            {
                Reaches(first, build).ShouldBeTrue($"{build} was offered before {first}, which it depends on outside of any cycle");
                withCycles.ShouldBeTrue();
            }

            _offered.Add(offer.Attempt);
        }
    }

    private void Accept()
    {
        if (_offered.Count > 0)
        {
            var attempt = _offered[0];
            _offered.RemoveAt(0);
            _queue.State.Accept(attempt).ShouldNotBeNull();
            _queue.Save();
            _active.Add(attempt);
        }
    }

    private void End(Random random)
    {
        if (_active.Count == 0)
        {
            return;
        }

        var attempt = _active[0];
        _active.RemoveAt(0);
        var entry = _queue.State.Current(attempt).ShouldNotBeNull();
        var end = entry.Durable.Ending?.State ?? Ends[random.Next(Ends.Length)];
        if (end == BuildState.Published)
        {
            _queue.State.Uploading(attempt).ShouldBeTrue();
            _queue.State.Publish(entry, _queue.Now);
            _queue.Save();
        }

        // Who does not wait for it, because of a cycle or because a builder has it, is not held by it.
        var waiting = entry.Dependants.Select(after => after.Build).ToList();
        if (!withCycles)
        {
            waiting.Order(ByText).ShouldBe(Waiting().Where(build => DependsOn(build, attempt.Build)).Order(ByText));
        }

        _queue.Finish(attempt, end);
        _ended.Add(attempt.Build);
        Hold(attempt.Build, waiting, end);
    }

    private void Hold(BuildId ended, List<BuildId> waiting, BuildState end)
    {
        if (end.HoldsDependants())
        {
            waiting.ForEach(build => _heldBy[build].Add(ended.Pkgbase));
        }
        else if (end != BuildState.Replaced)
        {
            foreach (var (build, held) in _heldBy.Where(pair => DependsOn(pair.Key, ended)))
            {
                held.Remove(ended.Pkgbase);
            }
        }
    }

    private void Retry(Random random)
    {
        if (_active.Count > 0)
        {
            var attempt = _active[^1];
            _active.RemoveAt(_active.Count - 1);
            _queue.Retry(attempt, loss: true, TimeSpan.FromSeconds(random.Next(2) * 5));
        }
    }

    private void Cancel(Random random)
    {
        var present = Present().OrderBy(build => build.ToString(), StringComparer.Ordinal).ToList();
        if (present.Count > 0)
        {
            _queue.Cancel(present[random.Next(present.Count)]);
            _offered.RemoveAll(offer => _queue.State.Find(offer.Build) is null);
        }
    }

    private void Restart()
    {
        // What was offered waits again.
        foreach (var entry in _queue.State.Entries.Where(entry => entry.Offered).Select(entry => entry.OfferedTo!.Value).Distinct().ToList())
        {
            _queue.State.Unregister(entry);
        }

        _queue.Save();
        var paused = _queue.State.Paused;
        _offered.Clear();
        var before = Furnish(_queue);
        _queue = Furnish(_queue.Restarted());
        _queue.State.Paused = paused;
        before.Sweep();
        _queue.Sweep();
        _queue.Closed.ShouldBeEmpty();
        _queue.State.ReadyCount.ShouldBe(before.State.ReadyCount);
        Describe(_queue).ShouldBe(Describe(before));
    }

    private void TakeInClosed()
    {
        foreach (var (build, verdict) in _queue.Closed)
        {
            _ended.Add(build).ShouldBeTrue($"{build} is closed once");
            Hold(build, [.. Waiting().Where(other => _queue.State.Find(other)!.Durable.HeldBy.Contains(build.Pkgbase))], verdict.State);
        }

        _queue.Closed.Clear();
        _active.RemoveAll(attempt => _ended.Contains(attempt.Build));
    }

    private void Check()
    {
        var items = _queue.Snapshot.Items;
        items.Select(item => item.Build).Concat(_ended).Order(ByText).ShouldBe(_ordered.Keys.Order(ByText), "no build is lost or there twice");
        _queue.Slots.Values.Select(slot => slot.Build).Order(ByText).ShouldBe(items.Select(item => item.Build).Order(ByText));
        _active.Select(attempt => attempt.Build).Order(ByText).ShouldBe(
            items.Where(item => item.State is not (BuildState.Waiting or BuildState.Assigned)).Select(item => item.Build).Order(ByText));
        foreach (var package in items.GroupBy(item => item.Build.Package))
        {
            package.Count(item => item.State != BuildState.Waiting).ShouldBeLessThanOrEqualTo(1, $"{package.Key} is with one builder at most");
            package.Count(item => item.State == BuildState.Waiting).ShouldBeLessThanOrEqualTo(1, $"{package.Key} waits once at most");
        }

        foreach (var entry in _queue.State.Entries)
        {
            // Whoever ignores a package because of a cycle is not held by it either.
            _heldBy[entry.Build].ExceptWith(entry.Durable.Ignores);
        }

        foreach (var item in items)
        {
            CheckReason(item);
        }

        var ready = items.Count(item => item.Wait is WaitReason.Turn or WaitReason.Paused);
        _queue.State.ReadyCount.ShouldBe(ready, "ready is what waits for its turn alone");
    }

    private void CheckReason(QueueItem item)
    {
        var others = Present().Where(other => other != item.Build).ToList();
        var entry = _queue.State.Find(item.Build)!;
        var before = entry.WaitsFor.Select(first => first.Build).ToList();
        var expected = item.State != BuildState.Waiting ? WaitReason.None
            : _heldBy[item.Build].Count > 0 ? WaitReason.Held
            : others.Exists(other => other.Package == item.Build.Package) ? WaitReason.SamePackage
            : WaitsForHeld(entry) ? WaitReason.Held
            : before.Count > 0 ? WaitReason.Dependency
            : entry.NotBefore is not null ? WaitReason.RetryPause
            : _queue.State.Paused ? WaitReason.Paused
            : WaitReason.Turn;
        item.Wait.ShouldBe(expected, $"{item.Build}: {item.Explanation}");
        if (item.State == BuildState.Waiting)
        {
            var depends = others.Where(other => DependsOn(item.Build, other)).ToList();
            before.ShouldBeSubsetOf(depends);
            depends.Except(before).ShouldAllBe(ignored => withCycles && Reaches(ignored, item.Build));
        }
    }

    /// <summary>Whether something waits between here and a build that is held.</summary>
    private bool WaitsForHeld(QueueEntry entry) =>
        entry.WaitsFor.Any(first => first.IsWaiting && (_heldBy[first.Build].Count > 0 || WaitsForHeld(first)));

    private IEnumerable<BuildId> Present() => _queue.State.Entries.Select(entry => entry.Build);

    private IEnumerable<BuildId> Waiting() =>
        _queue.State.Entries.Where(entry => entry.Durable.State == BuildState.Waiting).Select(entry => entry.Build);

    private bool DependsOn(BuildId build, BuildId other) =>
        build.Package != other.Package && _ordered[build].DependsOn.Contains(other.Pkgbase);

    /// <summary>Whether a build depends on another by way of any builds that were ever ordered: an ignored edge may be older than the
    /// cycle's last member.</summary>
    private bool Reaches(BuildId from, BuildId to)
    {
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
                foreach (var request in _ordered.Values.Where(request => request.Package.Pkgbase == pkgbase))
                {
                    request.DependsOn.ToList().ForEach(open.Push);
                }
            }
        }

        return false;
    }

    private static Comparer<BuildId> ByText => Comparer<BuildId>.Create((a, b) => string.CompareOrdinal(a.ToString(), b.ToString()));

    private static string Describe(QueueHarness queue) => string.Join("\n", queue.Snapshot.Items.Select(item =>
        $"{item.Build} {item.State} {item.Wait} {item.Explanation} {item.Attempts} {item.Builder} {queue.State.Find(item.Build)!.Chain}"));
}
