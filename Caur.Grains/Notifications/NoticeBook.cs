using System.Collections.Immutable;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;

namespace Caur.Grains.Notifications;

/// <summary>All notices, and what waits for whom. Decides without waiting; what it changed is for its owner to make durable.</summary>
internal sealed class NoticeBook
{
    /// <summary>How long a notice is known after everybody was told.</summary>
    internal static readonly TimeSpan Kept = TimeSpan.FromDays(1);

    /// <summary>So many of them.</summary>
    internal const int MostKept = 20_000;

    private readonly Dictionary<string, NoticeEntry> _entries = new(StringComparer.Ordinal);
    private readonly HashSet<NoticeEntry> _changed = [];
    private readonly string[] _channels;

    public NoticeBook(IEnumerable<INotificationChannel> channels)
    {
        Lanes = [.. channels.Select(static channel => new NotificationLane(channel))];
        _channels = [.. Lanes.Select(static lane => lane.Channel.Key)];
    }

    public IReadOnlyList<NotificationLane> Lanes { get; }

    public int Count => _entries.Count;

    /// <summary>Those whose builds go on.</summary>
    public IEnumerable<NoticeEntry> Open => _entries.Values.Where(static entry => entry.Notice is { Steps.IsEmpty: false, IsFinal: false });

    /// <summary>Takes in what is durable. Whoever is told since later hears how open builds stand, and nothing of what ended before.</summary>
    public void Restore(IEnumerable<(int Slot, Notice Notice)> notices)
    {
        foreach (var (slot, notice) in notices.Where(static item => !item.Notice.Steps.IsEmpty))
        {
            var told = notice.Told;
            foreach (var channel in _channels.Where(channel => !notice.Told.ContainsKey(channel)))
            {
                told = told.SetItem(channel, notice.IsFinal ? notice.Last.Number : notice.Last.Number - 1);
            }

            _entries[notice.Key] = new NoticeEntry(notice with { Told = told }) { Slot = slot };
        }

        foreach (var entry in _entries.Values)
        {
            Refresh(entry);
        }
    }

    public NoticeEntry? Find(string key) => _entries.GetValueOrDefault(key);

    /// <summary>Whether anybody may want to know of it.</summary>
    public bool IsOfInterest(Notice notice) => Lanes.Any(lane => notice.Change is not null
        ? lane.Channel.Wants(notice, notice.Last)
        : Enum.GetValues<BuildState>().Any(state => lane.Channel.Wants(notice, new NoticeStep { Number = 1, State = state, Time = default })));

    /// <summary>Begins to tell of something that is in no state yet, or in its only one.</summary>
    public NoticeEntry Add(Notice notice)
    {
        var entry = new NoticeEntry(notice with { Told = _channels.ToImmutableDictionary(static channel => channel, static _ => 0, StringComparer.Ordinal) });
        _entries.Add(notice.Key, entry);
        if (!notice.Steps.IsEmpty)
        {
            _changed.Add(entry);
            Refresh(entry);
        }

        return entry;
    }

    /// <summary>Takes in a build's state.</summary>
    public void Observe(NoticeEntry entry, BuildState state, DateTimeOffset time, string reason = "", int attempts = 0, BuilderId? builder = null)
    {
        var next = entry.Notice.With(state, time, reason, attempts, builder);
        if (!ReferenceEquals(next, entry.Notice))
        {
            entry.Notice = next;
            _changed.Add(entry);
            Refresh(entry);
        }
    }

    /// <summary>Notes that somebody was told, or is not told any more.</summary>
    public void Tell(NotificationLane lane, NoticeEntry entry, int number)
    {
        var next = entry.Notice.WithTold(lane.Channel.Key, number, _channels);
        if (!ReferenceEquals(next, entry.Notice))
        {
            entry.Notice = next;
            _changed.Add(entry);
        }

        if (lane.Refresh(entry) is { } outdated && outdated != entry)
        {
            Tell(lane, outdated, outdated.Notice.Last.Number);
        }
    }

    /// <summary>Those that wait for so long that they are given up, with the number of the last state that does.</summary>
    public static List<(NoticeEntry Entry, int Number)> Expired(NotificationLane lane, DateTimeOffset before) =>
        [.. lane.WaitingSince(before)
            .Select(entry => (Entry: entry, Step: lane.Pending(entry.Notice).LastOrDefault(step => step.Time < before)))
            .Where(static item => item.Step is not null)
            .Select(static item => (item.Entry, item.Step!.Number))];

    /// <summary>Those of more than may wait that are told least: first those whose builds go on and will be told of again, then the oldest.</summary>
    public static List<NoticeEntry> TooMany(NotificationLane lane, int most) => lane.Count <= most
        ? []
        : [.. lane.Waiting.OrderBy(static entry => entry.Notice.IsFinal).Take(lane.Count - most)];

    /// <summary>Forgets notices that everybody knows and that will not be looked for again.</summary>
    /// <param name="endedBefore">Those that ended before this time.</param>
    /// <param name="queuedBefore">And were queued before this.</param>
    /// <returns>Those, and the time until which builds were queued that are forgotten only because there are too many; null for none.</returns>
    public (List<NoticeEntry> Forgotten, DateTimeOffset? Floor) Forget(DateTimeOffset endedBefore, DateTimeOffset queuedBefore)
    {
        var settled = _entries.Values.Where(entry => entry.Notice.IsFinal && !Lanes.Any(lane => lane.Pending(entry.Notice).Any())).ToList();
        var old = settled.Where(entry => entry.Notice.Last.Time < endedBefore && (entry.Notice.Build is not { } build || build.QueuedAt < queuedBefore)).ToList();
        var surplus = settled.Except(old).OrderBy(static entry => entry.Notice.Last.Time).Take(Math.Max(0, settled.Count - old.Count - MostKept)).ToList();
        foreach (var entry in old.Concat(surplus))
        {
            Drop(entry);
        }

        var floor = surplus.Select(static entry => entry.Notice.Build?.QueuedAt).Max();
        return ([.. old, .. surplus], floor?.AddMilliseconds(1));
    }

    /// <summary>Forgets a notice of a build of which nothing is known any more.</summary>
    public void Drop(NoticeEntry entry)
    {
        _entries.Remove(entry.Notice.Key);
        _changed.Remove(entry);
        foreach (var lane in Lanes)
        {
            lane.Remove(entry);
        }
    }

    /// <summary>What is to be written.</summary>
    public List<NoticeEntry> TakeChanged()
    {
        var changed = _changed.ToList();
        _changed.Clear();
        return changed;
    }

    private void Refresh(NoticeEntry entry)
    {
        foreach (var lane in Lanes)
        {
            if (lane.Refresh(entry) is { } outdated)
            {
                Tell(lane, outdated, outdated.Notice.Last.Number);
            }
        }
    }
}
