using System.Collections.Immutable;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;

namespace Caur.Grains.Queue;

/// <summary>The queue of one architecture in memory, and every decision about it. It does nothing by itself: what must become durable
/// is collected in <see cref="QueueChanges"/>, which the grain takes after each call and writes before it answers.</summary>
internal sealed partial class QueueState
{
    /// <summary>How long an offer stands.</summary>
    public static readonly TimeSpan OfferTime = TimeSpan.FromSeconds(5);

    /// <summary>The most characters that are kept of what went wrong with an attempt.</summary>
    private const int LongestTrouble = 300;

    /// <summary>So many attempts lost to dying builders or failing engines end a build.</summary>
    public const int MaxLosses = 3;

    /// <summary>Nothing rests for longer before it is tried again.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    /// <summary>A builder that was not heard of for this long is shown as lost and gets no orders.</summary>
    public static readonly TimeSpan BuilderSilence = TimeSpan.FromSeconds(35);

    private readonly Dictionary<BuildId, QueueEntry> _byBuild = [];
    private readonly Dictionary<string, HashSet<QueueEntry>> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<BuilderId, HashSet<QueueEntry>> _byBuilder = [];
    private readonly Dictionary<BuilderId, KnownBuilder> _builders = [];
    private readonly HashSet<QueueEntry> _offered = [];
    private readonly HashSet<QueueEntry> _resting = [];
    private readonly HashSet<QueueEntry> _resort = [];
    private readonly ReadySet _ready = new();
    private readonly QueueGraph _graph;
    private QueueChanges _changes = new();
    private long _lastTimestamp;
    private readonly string _arch;
    private bool _paused;

    public QueueState(string arch)
    {
        _arch = arch;
        _graph = new QueueGraph(
            chainChanging: entry =>
            {
                if (_ready.Remove(entry))
                {
                    _resort.Add(entry);
                }
            },
            cycleBroken: (entry, pkgbases) =>
            {
                // What it does not wait for cannot hold it either: the two would wait for each other.
                Change(entry, entry.Durable with
                {
                    Ignores = [.. entry.Durable.Ignores.Union(pkgbases, StringComparer.Ordinal)],
                    HeldBy = entry.Durable.HeldBy.RemoveAll(pkgbases.Contains),
                });
                _resort.Add(entry);
            },
            waitsAgain: (entry, pkgbases) =>
            {
                Change(entry, entry.Durable with { Ignores = entry.Durable.Ignores.RemoveAll(pkgbases.Contains) });
                _resort.Add(entry);
            });
    }

    public bool Paused
    {
        get => _paused;
        set
        {
            _paused = value;
            Touch();
        }
    }

    public int Count => _byBuild.Count;

    public int ReadyCount => _ready.Count;

    public IEnumerable<QueueEntry> Entries => _byBuild.Values;

    /// <summary>What happened since the last call and is not durable yet.</summary>
    public QueueChanges TakeChanges()
    {
        var changes = _changes;
        _changes = new QueueChanges();
        return changes;
    }

    public QueueEntry? Find(BuildId build) => _byBuild.GetValueOrDefault(build);

    /// <summary>The build of a pkgbase of that timestamp, or the newest; whatever its target repository.</summary>
    public QueueEntry? FindPackage(string pkgbase, long? timestamp) => _byName.GetValueOrDefault(pkgbase)?
        .Where(entry => timestamp is null || entry.Build.Timestamp == timestamp)
        .MaxBy(entry => entry.Build.Timestamp);

    /// <summary>Offers a builder up to <paramref name="slots"/> builds, the most urgent that fit.</summary>
    public ImmutableArray<QueueOffer> Take(BuilderProfile builder, int slots, DateTimeOffset now)
    {
        var known = Meet(builder, now);
        known.Poked = false;
        if (Paused || !builder.CanTake || !builder.Architectures.Contains(_arch, StringComparer.Ordinal))
        {
            return [];
        }

        var free = Math.Min(slots, builder.Slots - BusyOf(builder.Builder));
        var offers = ImmutableArray.CreateBuilder<QueueOffer>();
        while (offers.Count < free && _ready.First(builder) is { } entry)
        {
            _ready.Remove(entry);
            entry.Offered = true;
            entry.OfferedTo = builder.Builder;
            entry.OfferedUntil = now + OfferTime;
            _offered.Add(entry);
            Occupy(builder.Builder, entry);
            _changes.Tell(entry, BuildState.Assigned, "");
            offers.Add(new QueueOffer(entry.Attempt!.Value, entry.Request));
        }

        return offers.ToImmutable();
    }

    /// <summary>Makes an offer the builder's.</summary>
    /// <returns>The entry, or null when the offer does not stand.</returns>
    public QueueEntry? Accept(BuildAttempt attempt, DateTimeOffset now)
    {
        if (Find(attempt.Build) is not { } entry || entry.Attempt != attempt)
        {
            return null;
        }

        if (entry.Offered)
        {
            Touch();
            entry.Offered = false;
            entry.OfferedTo = null;
            entry.Started = now;
            _offered.Remove(entry);
            Change(entry, entry.Durable with
            {
                State = BuildState.Running,
                Builder = attempt.Builder,
                Attempts = attempt.Number,
                NotBefore = null,
                Trouble = "",
            });
            _changes.Tell(entry, BuildState.Running, "");
            _graph.Detach(entry);
            Settle([]);
        }

        return entry;
    }

    /// <summary>Notes that an attempt uploads; from here on it is not cancelled.</summary>
    public bool Uploading(BuildAttempt attempt)
    {
        if (Current(attempt) is not { } entry || entry.Durable is not { State: BuildState.Running or BuildState.Uploading, Ending: null })
        {
            return false;
        }

        if (entry.Durable.State == BuildState.Running)
        {
            Change(entry, entry.Durable with { State = BuildState.Uploading });
            _changes.Tell(entry, BuildState.Uploading, "");
        }

        return true;
    }

    /// <summary>The entry whose current attempt this is, or null.</summary>
    public QueueEntry? Current(BuildAttempt attempt) =>
        Find(attempt.Build) is { IsActive: true } entry && entry.Attempt == attempt ? entry : null;

    /// <summary>An attempt built something: the target repository has it now.</summary>
    public void Publish(QueueEntry entry, DateTimeOffset now)
    {
        Free(entry);
        entry.PublishingSince = now;
        Change(entry, entry.Durable with { State = BuildState.Publishing });
        _changes.Tell(entry, BuildState.Publishing, "");
    }

    /// <summary>Notes what a build says of its publication.</summary>
    public void Note(QueueEntry entry, string text)
    {
        if (entry.Note != text)
        {
            entry.Note = text;
            Touch();
        }
    }

    /// <summary>An attempt is over and the build is tried again, unless somebody wanted its end or a newer order waits behind it.</summary>
    public void Retry(
        QueueEntry entry, bool loss, TimeSpan pause, DateTimeOffset now, int? attempts = null, string trouble = "")
    {
        var troubled = pause > TimeSpan.Zero && trouble.Length > 0;
        var builder = entry.Durable.Builder;
        Free(entry);
        var number = Math.Max(entry.Durable.Attempts, attempts ?? 0);
        Change(entry, entry.Durable with
        {
            State = BuildState.Waiting,
            Builder = null,
            Attempts = number,
            Losses = entry.Durable.Losses + (loss ? 1 : 0),
            LostAttempt = loss ? number : entry.Durable.LostAttempt,
            LostBy = loss ? builder : entry.Durable.LostBy,
            NotBefore = pause > TimeSpan.Zero ? now + pause : null,
            Trouble = !troubled ? "" : trouble.Length <= LongestTrouble ? trouble : trouble[..LongestTrouble] + "...",
            Ignores = [],
        });
        if (entry.Durable.Ending is { } ending)
        {
            Close(entry, ending);
            return;
        }

        if (_graph.Of(entry.Package).FirstOrDefault(other => other.Build.Timestamp > entry.Build.Timestamp) is { } newer)
        {
            Close(entry, ReplacedBy(newer.Build));
            return;
        }

        entry.NotBefore = entry.Durable.NotBefore;
        if (entry.NotBefore is not null)
        {
            _resting.Add(entry);
        }

        _changes.Tell(entry, BuildState.Waiting, entry.Durable.Trouble is { Length: > 0 } said ? $"tried again: {said}" : "tried again");
        _graph.Reconnect([entry]);
        Settle([entry]);
    }

    /// <summary>A build reached its final state: it leaves the queue, and what waited for it goes on or is held.</summary>
    public void Finish(QueueEntry entry, FinalVerdict verdict)
    {
        var waiting = Leave(entry, verdict);
        var pkgbase = entry.Package.Pkgbase;
        if (verdict.State.ReleasesDependants() && verdict.State != BuildState.Replaced)
        {
            foreach (var held in _graph.Wanting(entry.Package).Where(held => held.Durable.HeldBy.Contains(pkgbase)).ToList())
            {
                Change(held, held.Durable with { HeldBy = held.Durable.HeldBy.Remove(pkgbase) });
                waiting.Add(held);
            }
        }

        Settle(waiting);
    }

    /// <summary>Takes an entry out, and holds what depends on it if it did not succeed.</summary>
    /// <returns>The entries that waited for it.</returns>
    private HashSet<QueueEntry> Leave(QueueEntry entry, FinalVerdict verdict)
    {
        CountEnd(entry, verdict);
        _changes.Tell(entry, verdict.State, verdict.Reason);
        Free(entry);
        _ready.Remove(entry);
        _resting.Remove(entry);
        Forget(entry);
        var waiting = _graph.Remove(entry).ToHashSet();
        var pkgbase = entry.Package.Pkgbase;
        foreach (var after in waiting)
        {
            if (verdict.State.HoldsDependants() && entry.Request.HoldDependants && !after.Durable.HeldBy.Contains(pkgbase))
            {
                Change(after, after.Durable with { HeldBy = after.Durable.HeldBy.Add(pkgbase) });
                _changes.Tell(after, BuildState.Waiting, $"held: it depends on {pkgbase}, whose last build did not succeed");
            }
        }

        foreach (var next in _graph.Of(entry.Package).Where(next => ReferenceEquals(next.Predecessor, entry)))
        {
            next.Predecessor = null;
            waiting.Add(next);
        }

        _changes.Clear(entry);
        return waiting;
    }

    private void Know(QueueEntry entry)
    {
        Touch();
        _byBuild[entry.Build] = entry;
        if (!_byName.TryGetValue(entry.Build.Pkgbase, out var named))
        {
            _byName[entry.Build.Pkgbase] = named = [];
        }

        named.Add(entry);
    }

    private void Forget(QueueEntry entry)
    {
        Touch();
        _byBuild.Remove(entry.Build);
        if (_byName.TryGetValue(entry.Build.Pkgbase, out var named) && named.Remove(entry) && named.Count == 0)
        {
            _byName.Remove(entry.Build.Pkgbase);
        }
    }

    private void Change(QueueEntry entry, QueueSlot durable)
    {
        Touch();
        entry.Durable = durable;
        _changes.Write(entry);
    }

    /// <summary>Puts entries where they belong after a change: ready or not; and pokes builders when something is.</summary>
    private void Settle(IEnumerable<QueueEntry> entries)
    {
        _graph.UpdateChains();
        foreach (var entry in entries.Concat(_resort).ToList())
        {
            var ready = _byBuild.ContainsKey(entry.Build) && IsReady(entry);
            if (ready)
            {
                _ready.Add(entry);
            }
            else
            {
                _ready.Remove(entry);
            }
        }

        _resort.Clear();
        PokeBuilders();
    }

    private static bool IsReady(QueueEntry entry) =>
        entry is { IsWaiting: true, WaitsFor.Count: 0, Durable.HeldBy.IsEmpty: true, Predecessor: null, NotBefore: null };
}
