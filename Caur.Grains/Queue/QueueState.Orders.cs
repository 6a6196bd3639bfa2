using System.Collections.Immutable;
using System.Globalization;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;

namespace Caur.Grains.Queue;

internal sealed partial class QueueState
{
    /// <summary>How much earlier than now a promoted build stands: whatever waits longer still comes first, so that none starves.</summary>
    public static readonly TimeSpan PromotedBy = TimeSpan.FromHours(24);

    private readonly OperationMemory _operations = new();
    private readonly HashSet<PackageKey> _newest = [];

    /// <summary>Takes in what was durable. Of two waiting builds of one package the newer stays.</summary>
    public void Restore(IReadOnlyCollection<(int Slot, QueueSlot Durable)> slots)
    {
        var entries = slots
            .Select(slot => new QueueEntry(slot.Slot, slot.Durable))
            .OrderBy(entry => entry.Build.Timestamp)
            .ToList();
        foreach (var entry in entries)
        {
            Know(entry);
            NoteTimestamp(entry.Build);
            if (entry is { IsActive: true, Durable.Builder: { } builder } && entry.Durable.State != BuildState.Publishing)
            {
                Occupy(builder, entry);
            }

            if (entry.NotBefore is not null)
            {
                _resting.Add(entry);
            }
        }

        _graph.Add(entries, restored: true);
        foreach (var entry in entries)
        {
            if (entry.IsWaiting)
            {
                entry.Predecessor = _graph.Of(entry.Package).LastOrDefault(other => other.IsActive);
            }
            else
            {
                // Whoever was told to end it may not have heard.
                AskForEnd(entry);
            }
        }

        foreach (var group in entries.Where(entry => entry.IsWaiting).GroupBy(entry => entry.Package).ToList())
        {
            foreach (var superseded in group.SkipLast(1))
            {
                Close(superseded, ReplacedBy(group.Last().Build));
            }
        }

        Settle(_byBuild.Values);
    }

    /// <summary>Takes in what calls were answered before a restart, the oldest first.</summary>
    public void RestoreOperations(IEnumerable<KnownOperation> operations)
    {
        foreach (var operation in operations)
        {
            _operations.Add(operation);
        }
    }

    /// <summary>A call that is answered as it was when it is repeated; null when it is not known, or not any more.</summary>
    public KnownOperation? FindOperation(Guid operation) => _operations.Find(operation);

    /// <summary>The calls whose answers are not remembered any more.</summary>
    public IReadOnlyList<Guid> TakeForgottenOperations() => _operations.TakeForgotten();

    /// <summary>Queues builds together. <paramref name="nextSlot"/> gives a free record's number. The same operation again changes
    /// nothing, also when its builds are finished, as long as it is among the newest. To another order under its id the
    /// replies say so.</summary>
    public ImmutableArray<QueuedReply> Enqueue(EnqueueRequest request, Func<int> nextSlot, DateTimeOffset now)
    {
        if (_operations.Find(request.Operation) is { } known)
        {
            if (known.IsAnother(request))
            {
                return [.. known.Replies.Select(reply => reply with { OfAnother = true })];
            }

            // The first call may still wait for the disk: what it queued is written again before this one is answered.
            foreach (var reply in known.Replies)
            {
                if (Find(reply.Build) is { } queued)
                {
                    _changes.Write(queued);
                }
            }

            return known.Replies;
        }

        var replies = new Dictionary<PackageKey, QueuedReply>();
        var added = new List<QueueEntry>();
        var released = new HashSet<QueueEntry>();
        var wishes = request.Builds.GroupBy(build => build.Package).Select(group => group.Last()).ToList();
        var timestamp = NextTimestamp(wishes, now);
        foreach (var wanted in wishes)
        {
            if (_graph.Of(wanted.Package).FirstOrDefault(entry => entry.Durable.Operation == request.Operation) is { } again)
            {
                replies[wanted.Package] = new QueuedReply(again.Build, null);
                continue;
            }

            var (entry, replaced) = Order(wanted, request.Operation, timestamp, nextSlot, released);
            replies[wanted.Package] = new QueuedReply(entry.Build, replaced);
            added.Add(entry);
        }

        // What is ordered anew was ignored because of what the build before it depended on; this one may depend on other things.
        var orderedAnew = added.Select(entry => entry.Package).ToHashSet();
        var lifted = orderedAnew.SelectMany(_graph.Wanting).Distinct().Where(after => after.Durable.Ignores.Any(IsOrderedAnew(after))).ToList();
        foreach (var after in lifted)
        {
            var ordered = IsOrderedAnew(after);
            Change(after, after.Durable with { Ignores = after.Durable.Ignores.RemoveAll(pkgbase => ordered(pkgbase)) });
        }

        _graph.Add(added);

        // They wait again for every build of the package, also for one that a builder has: as they would after a restart.
        _graph.Reconnect(lifted);

        Settle(added.Concat(added.SelectMany(entry => entry.Dependants)).Concat(lifted).Concat(released).Distinct());
        var result = request.Builds.Select(build => replies[build.Package]).Distinct().ToImmutableArray();
        _operations.Add(new KnownOperation(request.Operation, request.Order, result));
        return result;

        Func<string, bool> IsOrderedAnew(QueueEntry after) => pkgbase => orderedAnew.Contains(new PackageKey(after.Package.Target, pkgbase));
    }

    /// <summary>Cancels a build that no builder has, or asks for the end of the one that runs.</summary>
    public CancelReply Cancel(BuildId build, string reason)
    {
        if (Find(build) is not { } entry)
        {
            return new CancelReply(false, $"{build} is not in the queue: it is finished, or never was");
        }

        var verdict = new FinalVerdict(BuildState.Cancelled, reason);
        switch (entry.Durable.State)
        {
            case BuildState.Waiting:
                Close(entry, verdict);
                return new CancelReply(true, "cancelled before it started");
            case BuildState.Running:
                End(entry, verdict);
                return new CancelReply(true, $"{entry.Durable.Builder} ends it");
            default:
                return new CancelReply(false, $"{build} is {entry.Durable.State.ToString().ToLowerInvariant()} already and is not cancelled any more");
        }
    }

    /// <summary>Cancels everything that no builder has. What depends on another goes first, so that a crash in between leaves nothing
    /// without what it waits for.</summary>
    public ResetReply Reset(string reason)
    {
        var waiting = QueueGraph.DependantsFirst(_byBuild.Values.Where(entry => entry.Durable.State == BuildState.Waiting).ToList())
            .Where(entry => entry.Durable.State == BuildState.Waiting)
            .ToList();
        foreach (var entry in waiting)
        {
            // None of them is offered to the builders of others.
            _ready.Remove(entry);
            _resting.Remove(entry);
        }

        var verdict = new FinalVerdict(BuildState.Cancelled, reason);
        foreach (var entry in waiting)
        {
            Leave(entry, verdict);
            _changes.Close(entry, verdict);
        }

        Settle([]);
        return new ResetReply(waiting.Count, Count);
    }

    /// <summary>Puts a waiting build, and the waiting ones before it, in front of all that came within <see cref="PromotedBy"/>.</summary>
    public PromoteReply Promote(BuildId build, DateTimeOffset now)
    {
        if (Find(build) is not { } wanted)
        {
            return new PromoteReply(false, $"{build} is not in the queue: it is finished, or never was", []);
        }

        if (wanted.Durable.State != BuildState.Waiting)
        {
            return new PromoteReply(false, $"{build} is {wanted.Durable.State.ToString().ToLowerInvariant()} already", []);
        }

        var reached = new HashSet<QueueEntry> { wanted };
        var open = new Stack<QueueEntry>(reached);
        while (open.TryPop(out var entry))
        {
            foreach (var first in entry.WaitsFor.Where(first => first.Durable.State == BuildState.Waiting && reached.Add(first)))
            {
                open.Push(first);
            }
        }

        var place = (now - PromotedBy).ToUnixTimeMilliseconds();
        foreach (var entry in reached)
        {
            var rank = place - (long)QueueRank.Penalty(entry.Request.Priority).TotalMilliseconds;
            if (rank < entry.Durable.Rank)
            {
                // Its place is what it is sorted by.
                _ready.Remove(entry);
                Change(entry, entry.Durable with { Rank = rank });
            }
        }

        Settle(reached);
        var others = reached.Count - 1;
        var reason = View(wanted, now).Explanation;
        return new PromoteReply(
            true,
            string.Create(
                CultureInfo.InvariantCulture,
                $"it stands{(others == 0 ? "" : $", with {others} that it waits for,")} before what came in the last {PromotedBy.TotalHours:0} hours; {reason}"),
            [.. reached.Select(entry => entry.Build).OrderBy(item => item.ToString(), StringComparer.Ordinal)]);
    }

    private static FinalVerdict ReplacedBy(BuildId newer) => new(BuildState.Replaced, $"replaced by the order of {newer.QueuedAt:u}");

    /// <param name="wanted">The build.</param>
    /// <param name="operation">The call that wants it.</param>
    /// <param name="timestamp">Its time.</param>
    /// <param name="nextSlot">Gives a free record's number.</param>
    /// <param name="released">Takes what waited for a build that it replaces, to be settled when all are ordered.</param>
    private (QueueEntry Entry, BuildId? Replaced) Order(
        BuildRequest wanted, Guid operation, long timestamp, Func<int> nextSlot, HashSet<QueueEntry> released)
    {
        var present = _graph.Of(wanted.Package);
        var waiting = present.FirstOrDefault(entry => !entry.IsActive);
        var active = present.FirstOrDefault(entry => entry.IsActive);
        var build = new BuildId(wanted.Package, timestamp);
        NoteTimestamp(build);
        var entry = new QueueEntry(nextSlot(), new QueueSlot
        {
            Build = build,
            Request = wanted,
            Operation = operation,
            Rank = waiting is null ? build.Timestamp : QueueRank.Keep(waiting, wanted.Priority),
        })
        {
            Predecessor = active,
        };
        Know(entry);
        _changes.Write(entry);
        _changes.Tell(entry, BuildState.Waiting, "");
        BuildId? replaced = null;
        if (active is { Durable.State: BuildState.Running })
        {
            End(active, ReplacedBy(build));
            replaced = active.Build;
        }

        if (waiting is not null)
        {
            var verdict = ReplacedBy(build);
            released.UnionWith(Leave(waiting, verdict));
            _changes.Close(waiting, verdict);
            replaced = waiting.Build;
        }

        return (entry, replaced);
    }

    /// <summary>Ends a build that no builder has.</summary>
    private void Close(QueueEntry entry, FinalVerdict verdict)
    {
        var waiting = Leave(entry, verdict);
        _changes.Close(entry, verdict);
        Settle(waiting);
    }

    /// <summary>Wants the end of a build that a builder has.</summary>
    private void End(QueueEntry entry, FinalVerdict verdict)
    {
        if (entry.Durable.Ending is null)
        {
            Change(entry, entry.Durable with { Ending = verdict });
        }

        AskForEnd(entry);
    }

    private void AskForEnd(QueueEntry entry)
    {
        if (entry is { Durable: { State: BuildState.Running, Ending: { } ending }, Attempt: { } attempt })
        {
            _changes.Cancel(attempt, ending.Reason);
        }
    }

    /// <summary>The time in milliseconds, or one later when one of the packages was ordered in this millisecond already.</summary>
    private long NextTimestamp(List<BuildRequest> wishes, DateTimeOffset now)
    {
        var time = now.ToUnixTimeMilliseconds();
        return time > _lastTimestamp ? time
            : wishes.Exists(wish => _newest.Contains(wish.Package)) ? _lastTimestamp + 1
            : _lastTimestamp;
    }

    private void NoteTimestamp(BuildId build)
    {
        if (build.Timestamp > _lastTimestamp)
        {
            _lastTimestamp = build.Timestamp;
            _newest.Clear();
        }

        _newest.Add(build.Package);
    }
}
