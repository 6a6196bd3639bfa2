using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Grains.Queue;
using static Caur.Tests.Queue.QueueHarness;

namespace Caur.Tests.Queue;

/// <summary>Runs a history of operations on a queue beside a plain account of what was ordered, started and ended, and checks what must
/// always hold: nothing is lost or there twice, no build starts before what it depends on, every reason is true, each offer is the most
/// urgent that fits, a restart changes nothing, and in the end (<see cref="Drain"/>) none starves.</summary>
internal sealed partial class QueueModel(int packages, bool withCycles, Action<string>? count = null)
{
    private static readonly BuildState[] Ends =
    [
        BuildState.Published, BuildState.Published, BuildState.Published, BuildState.Failed, BuildState.Skipped, BuildState.AlreadyBuilt,
        BuildState.TimedOut, BuildState.Cancelled, BuildState.SystemError,
    ];

    private static readonly string[] Labels = ["avx512", "fast-disk"];

    private readonly Dictionary<BuildId, BuildRequest> _ordered = [];
    private readonly Dictionary<BuildId, long> _rank = [];
    private readonly HashSet<BuildId> _ended = [];
    private readonly Dictionary<BuildId, HashSet<string>> _heldBy = [];
    private readonly Dictionary<BuilderId, (BuilderProfile Profile, DateTimeOffset Seen)> _builders = [];
    private readonly List<BuildAttempt> _offered = [];
    private readonly List<BuildAttempt> _active = [];
    private readonly List<(Guid Operation, BuildRequest[] Requests, QueuedReply[] Replies)> _calls = [];
    private QueueHarness _queue = new();
    private int _names;

    /// <summary>How many builds are in the queue now.</summary>
    public int Queued => _queue.State.Count;

    /// <summary>One step per number; what a number means depends on the state it meets.</summary>
    /// <param name="codes">The history.</param>
    /// <param name="checkEvery">So often everything is looked at; an offer is looked at always.</param>
    public void Run(IEnumerable<int> codes, int checkEvery = 1)
    {
        RenewAll();
        var step = 0;
        foreach (var code in codes)
        {
            Step(new Random(code));
            if (++step % checkEvery == 0)
            {
                Check();
            }
        }

        Check();
    }

    private static BuilderProfile Builder(int number) => (number % 5) switch
    {
        0 => Profile("small", 2, "1") with { MemoryMiB = 1000, DiskMiB = 1000 },
        1 => Profile("big", 2, "5") with { MemoryMiB = 8000, DiskMiB = 1000, Labels = ["avx512"] },
        2 => Profile("named", 1, "named"),
        3 => Profile("labelled", 1, "5") with { MemoryMiB = 1000, DiskMiB = 9000, Labels = ["fast-disk", "avx512"] },
        _ => Profile("slow", 1, "0"),
    };

    private void RenewAll()
    {
        for (var i = 0; i < 5; i++)
        {
            Join(Builder(i));
        }
    }

    private void Join(BuilderProfile profile)
    {
        _builders[profile.Builder] = (profile, _queue.Now);
        _queue.State.Register(profile, [.. _active.Where(attempt => attempt.Builder == profile.Builder)], _queue.Now).ShouldBeEmpty();
        _queue.Save();
    }

    private void Step(Random random)
    {
        _queue.Now += TimeSpan.FromSeconds(random.Next(3));
        var kind = random.Next(40);
        switch (kind)
        {
            case < 9:
                Order(random);
                break;
            case < 18:
                Take(random);
                break;
            case < 26:
                Accept(random);
                break;
            case < 31:
                End(random);
                break;
            case 31:
                Retry(random);
                break;
            case 32:
                Cancel(random);
                break;
            case 33:
                Pause(random);
                break;
            case 34:
                Promote(random);
                break;
            case 35:
                Repeat(random);
                break;
            case 36:
                ChangeBuilder(random);
                break;
            case 37:
                _queue.Now += TimeSpan.FromSeconds(random.Next(50));
                Sweep();
                break;
            case 38:
                RenewAll();
                break;
            default:
                Restart();
                break;
        }

        TakeInClosed();
        Measure(kind);
    }

    private void Order(Random random)
    {
        var requests = Enumerable.Range(0, random.Next(1, 5)).Select(_ => RandomRequest(random)).ToArray();
        var operation = Guid.NewGuid();
        Order(operation, requests);
    }

    private void Order(Guid operation, BuildRequest[] requests)
    {
        var before = Waiting().ToDictionary(build => build.Package);
        var replies = _queue.Enqueue(operation, requests);
        _calls.Add((operation, requests, [.. replies]));
        foreach (var reply in replies)
        {
            var request = requests.Last(request => request.Package == reply.Build.Package);
            _ordered[reply.Build] = request;
            _heldBy[reply.Build] = [];

            // It keeps the place of the one that waited: never behind it, also when it is less urgent.
            _rank[reply.Build] = before.TryGetValue(reply.Build.Package, out var waiting)
                ? _rank[waiting] - Math.Max(0, Milliseconds(request) - Milliseconds(_ordered[waiting]))
                : reply.Build.Timestamp;
        }

        _offered.RemoveAll(offer => _queue.State.Find(offer.Build) is null);
    }

    private BuildRequest RandomRequest(Random random)
    {
        var number = random.Next(packages);
        var others = withCycles
            ? Enumerable.Range(0, random.Next(4)).Select(_ => random.Next(packages))
            : number == 0 ? [] : Enumerable.Range(0, random.Next(4)).Select(_ => random.Next(number));
        return Request($"p{number}", [.. others.Distinct().Select(other => $"p{other}")]) with
        {
            Priority = (BuildPriority)random.Next(4),
            BuilderClass = random.Next(8) switch { 0 => "5", 1 => "named", 2 => "9", _ => null },
            Labels = random.Next(8) == 0 ? [Labels[random.Next(2)]] : [],
            MemoryMiB = random.Next(8) == 0 ? random.Next(10_000) : 0,
            DiskMiB = random.Next(8) == 0 ? random.Next(10_000) : 0,
            EstimatedDuration = TimeSpan.FromMinutes(random.Next(1, 5)),
            HoldDependants = random.Next(4) != 0,
        };
    }

    private void Take(Random random)
    {
        var profile = Current(Builder(random.Next(5)));
        _builders[profile.Builder] = (profile, _queue.Now);
        TakeInOrder(profile, random.Next(1, 4));
    }

    private void TakeInOrder(BuilderProfile profile, int slots)
    {
        var free = Math.Min(slots, profile.Slots - _active.Concat(_offered).Count(IsBusy));
        var next = _queue.State.Paused || !profile.CanTake ? [] : Ready().Where(entry => Fits(_ordered[entry.Build], profile)).Take(Math.Max(0, free)).ToList();
        var urgency = next.Select(Urgency).ToList();
        var offers = _queue.Take(profile, slots);
        foreach (var offer in offers)
        {
            var build = offer.Attempt.Build;
            foreach (var first in Present().Where(other => DependsOn(build, other)))
            {
                withCycles.ShouldBeTrue();
                Reaches(first, build).ShouldBeTrue($"{build} was offered before {first}, which it depends on outside of any cycle");
            }
        }

        // Which of equals comes first is the queue's own business.
        offers.Select(offer => Urgency(_queue.State.Find(offer.Attempt.Build)!)).SequenceEqual(urgency)
            .ShouldBeTrue($"the most urgent that fit are offered: {string.Join(", ", next.Select(entry => entry.Build))}, not {string.Join(", ", offers.Select(offer => offer.Attempt))}");
        _offered.AddRange(offers.Select(offer => offer.Attempt));

        bool IsBusy(BuildAttempt attempt) =>
            attempt.Builder == profile.Builder && _queue.State.Find(attempt.Build)?.Durable.State != BuildState.Publishing;
    }

    private BuilderProfile Current(BuilderProfile profile) =>
        _builders.TryGetValue(profile.Builder, out var known) ? known.Profile : profile;

    private void Accept(Random random)
    {
        if (_offered.Count > 0)
        {
            var attempt = Pick(_offered, random);
            _queue.State.Accept(attempt, _queue.Now).ShouldNotBeNull();
            _queue.Save();
            _active.Add(attempt);
        }
    }

    private void End(Random random)
    {
        if (_active.Count > 0)
        {
            var attempt = Pick(_active, random);
            var entry = _queue.State.Current(attempt).ShouldNotBeNull();
            if (random.Next(3) == 0 && entry.Durable is { State: BuildState.Running, Ending: null })
            {
                // Archives are there, and the repository takes its time.
                _queue.State.Uploading(attempt).ShouldBeTrue();
                _queue.State.Publish(entry, _queue.Now);
                _queue.Save();
                _active.Add(attempt);
                return;
            }

            Finish(attempt, entry.Durable.Ending?.State ?? Ends[random.Next(Ends.Length)]);
        }
    }

    private void Finish(BuildAttempt attempt, BuildState end)
    {
        var entry = _queue.State.Current(attempt).ShouldNotBeNull();
        if (end == BuildState.Published && entry.Durable.State == BuildState.Running)
        {
            _queue.State.Uploading(attempt).ShouldBeTrue();
            _queue.State.Publish(entry, _queue.Now);
            _queue.Save();
        }

        // Who does not wait for it, because of a cycle or because a builder has it, is not held by it.
        var waiting = entry.Dependants.Select(after => after.Build).ToList();
        if (!withCycles)
        {
            Same(waiting, Waiting().Where(build => DependsOn(build, attempt.Build)), "whoever depends on it waits for it");
        }

        _active.Remove(attempt);
        _queue.Finish(attempt, end);
        _ended.Add(attempt.Build);
        Hold(attempt.Build, waiting, end);
    }

    private void Hold(BuildId ended, List<BuildId> waiting, BuildState end)
    {
        if (end.HoldsDependants() && _ordered[ended].HoldDependants)
        {
            waiting.ForEach(build => _heldBy[build].Add(ended.Pkgbase));
        }
        else if (end.ReleasesDependants() && end != BuildState.Replaced)
        {
            foreach (var build in Present().Where(build => _heldBy[build].Count > 0 && DependsOn(build, ended)))
            {
                _heldBy[build].Remove(ended.Pkgbase);
            }
        }
    }

    private void Retry(Random random)
    {
        var running = _active.Where(attempt => _queue.State.Find(attempt.Build)!.Durable.State != BuildState.Publishing).ToList();
        if (running.Count > 0)
        {
            var attempt = running[random.Next(running.Count)];
            _active.Remove(attempt);
            _queue.Retry(attempt, loss: true, TimeSpan.FromSeconds(random.Next(2) * 5), "the disk is full");
        }
    }

    private void Cancel(Random random)
    {
        var present = Present().Order(ByText).ToList();
        if (present.Count > 0)
        {
            var build = present[random.Next(present.Count)];
            var done = _queue.Cancel(build).Done;
            TakeInClosed();
            var after = Describe(_queue);
            _queue.Cancel(build).Done.ShouldBe(done && _queue.State.Find(build) is not null, "what is cancelled already is not cancelled twice");
            Describe(_queue).ShouldBe(after);
            _offered.RemoveAll(offer => _queue.State.Find(offer.Build) is null);
        }
    }

    private void Pause(Random random)
    {
        _queue.State.Paused = !_queue.State.Paused && random.Next(2) == 0;
        Sweep();
    }

    private void Promote(Random random)
    {
        var waiting = Waiting().Order(ByText).ToList();
        if (waiting.Count > 0)
        {
            var wanted = waiting[random.Next(waiting.Count)];
            var reply = _queue.State.Promote(wanted, _queue.Now);
            _queue.Save();
            reply.Promoted.ShouldContain(wanted);
            foreach (var build in reply.Promoted)
            {
                _rank[build] = Math.Min(_rank[build], (_queue.Now - QueueState.PromotedBy).ToUnixTimeMilliseconds() - Milliseconds(_ordered[build]));
            }

            var after = Describe(_queue);
            _queue.State.Promote(wanted, _queue.Now);
            _queue.Save();
            Describe(_queue).ShouldBe(after, "promoting twice changes nothing");
        }
    }

    private void Repeat(Random random)
    {
        if (_calls.Count > 0)
        {
            var (operation, requests, replies) = _calls[random.Next(_calls.Count)];
            var before = Describe(_queue);
            _queue.Enqueue(operation, requests).Select(reply => reply.Build).ShouldBe(replies.Select(reply => reply.Build));
            Describe(_queue).ShouldBe(before, "a call that is repeated queues nothing");
        }
    }

    private void ChangeBuilder(Random random)
    {
        var profile = Builder(random.Next(5));
        switch (random.Next(4))
        {
            case 0:
                _builders.Remove(profile.Builder);
                _queue.State.Unregister(profile.Builder);
                _queue.Save();
                _offered.RemoveAll(offer => offer.Builder == profile.Builder);
                break;
            case 1:
                Join(profile with { Problem = "the image is missing" });
                break;
            case 2:
                Join(profile with { Draining = true });
                break;
            default:
                Join(profile);
                break;
        }
    }

    private void Sweep()
    {
        _queue.Sweep();
        _offered.RemoveAll(offer => _queue.State.Find(offer.Build)?.Attempt != offer);
        foreach (var silent in _builders.Where(known => _queue.Now - known.Value.Seen > QueueState.BuilderSilence * 10).ToList())
        {
            _builders.Remove(silent.Key);
        }
    }

    private void Restart()
    {
        // What was offered waits again.
        foreach (var builder in _offered.Select(offer => offer.Builder).Distinct().ToList())
        {
            _queue.State.Unregister(builder);
        }

        _queue.Save();
        _offered.Clear();
        var before = _queue;
        _queue = before.Restarted();
        _queue.State.Paused = before.State.Paused;
        _queue.Closed.ShouldBeEmpty();
        foreach (var (profile, seen) in _builders.Values)
        {
            before.State.Register(profile, [], seen);
            _queue.State.Register(profile, [], seen);
        }

        before.Sweep();
        _queue.Sweep();
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

    private static T Pick<T>(List<T> list, Random random)
    {
        var index = random.Next(list.Count);
        var item = list[index];
        list.RemoveAt(index);
        return item;
    }
}
