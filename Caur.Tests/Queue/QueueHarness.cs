using System.Collections.Immutable;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Grains.Queue;

namespace Caur.Tests.Queue;

/// <summary>A queue with the records that the grain would keep, a clock that stands, and short names for what tests do.</summary>
internal sealed class QueueHarness
{
    public static readonly TargetId Target = new("repo", "x86_64");

    private int _nextSlot;

    public QueueHarness(
        IEnumerable<KeyValuePair<int, QueueSlot>>? slots = null,
        IReadOnlyList<KnownOperation>? operations = null)
    {
        Slots = slots is null ? [] : new Dictionary<int, QueueSlot>(slots);
        _nextSlot = Slots.Count == 0 ? 0 : Slots.Keys.Max() + 1;
        State.RestoreOperations(operations ?? []);
        Operations = [.. operations ?? []];
        State.Restore([.. Slots.Select(slot => (slot.Key, slot.Value))]);
        Save();
    }

    public QueueState State { get; } = new("x86_64");

    /// <summary>What would be durable.</summary>
    public Dictionary<int, QueueSlot> Slots { get; }

    /// <summary>What calls were answered, which would be durable too.</summary>
    public List<KnownOperation> Operations { get; }

    public DateTimeOffset Now { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public List<(BuildId Build, FinalVerdict Verdict)> Closed { get; } = [];

    public List<BuildAttempt> Cancelled { get; } = [];

    public List<BuilderId> Pokes { get; } = [];

    /// <summary>Left out to play a crash before the last step of a save.</summary>
    public bool ClearsSlots { get; set; } = true;

    public QueueSnapshot Snapshot => State.Snapshot(Now);

    public static BuilderProfile Profile(string name = "b1", int slots = 1, string @class = "2") => new()
    {
        Builder = new BuilderId(name, "0"),
        Slots = slots,
        Class = @class,
        Architectures = ["x86_64"],
    };

    public static BuildRequest Request(string pkgbase, params string[] dependsOn) => new()
    {
        Package = new PackageKey(Target, pkgbase),
        SourceRepository = "source",
        Commit = "0123456789",
        DependsOn = [.. dependsOn],
    };

    public BuildId Enqueue(string pkgbase, params string[] dependsOn) => Enqueue(Request(pkgbase, dependsOn))[0].Build;

    public ImmutableArray<QueuedReply> Enqueue(params BuildRequest[] requests) => Enqueue(Guid.NewGuid(), requests);

    public ImmutableArray<QueuedReply> Enqueue(Guid operation, params BuildRequest[] requests)
    {
        var replies = State.Enqueue(new EnqueueRequest { Operation = operation, Builds = [.. requests] }, () => _nextSlot++, Now);
        Save();
        Operations.Add(new KnownOperation(operation, null, replies));
        return replies;
    }

    public ImmutableArray<QueueOffer> Take(BuilderProfile? builder = null, int slots = 1)
    {
        var offers = State.Take(builder ?? Profile(slots: slots), slots, Now);
        Save();
        return offers;
    }

    /// <summary>The pkgbases that a builder with room for everything is offered, in order.</summary>
    public IReadOnlyList<string> TakeAll(string @class = "9") =>
        [.. Take(Profile("all", 1000, @class), 1000).Select(offer => offer.Attempt.Build.Pkgbase)];

    /// <summary>Takes the next build and accepts it.</summary>
    public BuildAttempt Start(BuilderProfile? builder = null)
    {
        var attempt = Take(builder ?? Profile("starter", 1000), 1).ShouldHaveSingleItem().Attempt;
        State.Accept(attempt, Now).ShouldNotBeNull();
        Save();
        return attempt;
    }

    public void Finish(BuildAttempt attempt, BuildState state) => Finish(attempt.Build, state);

    public void Finish(BuildId build, BuildState state)
    {
        State.Finish(State.Find(build).ShouldNotBeNull(), new FinalVerdict(state, "because"));
        Save();
    }

    public void Retry(BuildAttempt attempt, bool loss = false, TimeSpan pause = default, string trouble = "")
    {
        State.Retry(State.Current(attempt).ShouldNotBeNull(), loss, pause, Now, trouble: trouble);
        Save();
    }

    public CancelReply Cancel(BuildId build)
    {
        var reply = State.Cancel(build, "not wanted");
        Save();
        return reply;
    }

    public void Sweep()
    {
        State.Sweep(Now);
        Save();
    }

    public QueueItem View(BuildId build) => State.View(State.Find(build).ShouldNotBeNull($"{build} is in the queue"), Now);

    public WaitReason ReasonOf(BuildId build) => View(build).Wait;

    /// <summary>What the grain would find after a restart.</summary>
    public QueueHarness Restarted() => new(Slots, Operations) { Now = Now };

    public void Save()
    {
        var changes = State.TakeChanges();
        foreach (var entry in changes.Writes)
        {
            Slots[entry.SlotNumber] = entry.Durable;
        }

        Closed.AddRange(changes.Closes.Select(close => (close.Entry.Build, close.Verdict)));
        Cancelled.AddRange(changes.Cancels.Select(cancel => cancel.Attempt));
        Pokes.AddRange(changes.Pokes);
        foreach (var entry in changes.Clears.Where(_ => ClearsSlots))
        {
            Slots.Remove(entry.SlotNumber);
        }
    }
}
