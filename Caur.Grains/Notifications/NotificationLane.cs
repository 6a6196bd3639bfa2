namespace Caur.Grains.Notifications;

/// <summary>What waits for one who is told, and how it stands with them. In memory: what waits follows from the notices.</summary>
internal sealed class NotificationLane(INotificationChannel channel)
{
    private readonly SortedDictionary<(DateTimeOffset Since, long Order), NoticeEntry> _waiting = [];
    private readonly Dictionary<NoticeEntry, (DateTimeOffset Since, long Order)> _places = [];
    private readonly Dictionary<NoticeEntry, DateTimeOffset> _deferred = [];
    private readonly Dictionary<string, NoticeEntry> _newest = new(StringComparer.Ordinal);
    private long _order;

    public INotificationChannel Channel => channel;

    public int Count => _waiting.Count;

    /// <summary>Since when the first waits; null when none does.</summary>
    public DateTimeOffset? Oldest => _waiting.Count > 0 ? _waiting.First().Key.Since : null;

    /// <summary>How often in a row it could not be told.</summary>
    public int Failures { get; set; }

    /// <summary>How many in a row it did not know.</summary>
    public int Deferrals { get; set; }

    /// <summary>Nothing is sent before.</summary>
    public DateTimeOffset NotBefore { get; set; } = DateTimeOffset.MinValue;

    /// <summary>What is in the way; empty when nothing is.</summary>
    public string Problem { get; set; } = "";

    public bool Closed { get; set; }

    /// <summary>So many in one request; fewer while it refuses them together.</summary>
    public int Most { get; set; } = int.MaxValue;

    /// <summary>A request is under way.</summary>
    public bool IsSending { get; set; }

    /// <summary>Those that wait, the oldest first.</summary>
    public IEnumerable<NoticeEntry> Waiting => _waiting.Values;

    /// <summary>Those that wait since before a time.</summary>
    public IEnumerable<NoticeEntry> WaitingSince(DateTimeOffset before) =>
        _waiting.TakeWhile(item => item.Key.Since < before).Select(static item => item.Value);

    /// <summary>Those that may be sent now, the oldest first.</summary>
    public IEnumerable<NoticeEntry> Ready(DateTimeOffset now) =>
        _deferred.Count == 0 ? _waiting.Values : _waiting.Values.Where(entry => !_deferred.TryGetValue(entry, out var until) || until <= now);

    public void Defer(NoticeEntry entry, DateTimeOffset until) => _deferred[entry] = until;

    /// <summary>The states that it is to be told, and was not.</summary>
    public IEnumerable<NoticeStep> Pending(Notice notice)
    {
        var told = notice.ToldTo(channel.Key);
        return notice.Steps.IsEmpty ? [] : channel.WantsNewestOnly
            ? notice.Last.Number > told && channel.Wants(notice, notice.Last) ? [notice.Last] : []
            : notice.Steps.Where(step => step.Number > told && channel.Wants(notice, step));
    }

    /// <summary>Takes in how a notice stands now.</summary>
    /// <returns>A notice whose place was taken by a newer build's: nobody needs to be told of it here.</returns>
    public NoticeEntry? Refresh(NoticeEntry entry)
    {
        NoticeEntry? outdated = null;
        if (channel.PlaceOf(entry.Notice) is { } place)
        {
            var other = _newest.GetValueOrDefault(place, entry);
            var isNewest = other == entry || other.Notice.Build!.Value.Timestamp <= entry.Notice.Build!.Value.Timestamp;
            _newest[place] = isNewest ? entry : other;
            outdated = other == entry ? null : isNewest ? other : entry;
        }

        if (Pending(entry.Notice).FirstOrDefault() is not { } first)
        {
            Leave(entry);
        }
        else if (!_places.ContainsKey(entry))
        {
            _places[entry] = (first.Time, ++_order);
            _waiting[_places[entry]] = entry;
        }

        return outdated;
    }

    /// <summary>Forgets a notice.</summary>
    public void Remove(NoticeEntry entry)
    {
        Leave(entry);
        if (channel.PlaceOf(entry.Notice) is { } place && _newest.GetValueOrDefault(place) == entry)
        {
            _newest.Remove(place);
        }
    }

    private void Leave(NoticeEntry entry)
    {
        _deferred.Remove(entry);
        if (_places.Remove(entry, out var place))
        {
            _waiting.Remove(place);
        }
    }
}
