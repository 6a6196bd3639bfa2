// Orleans does not constrain the identity to be non-null, and this must compile wherever that does.
#pragma warning disable CS8714
using System.Collections;
using Microsoft.Extensions.Logging;
using Orleans.Runtime;

namespace Orleans.Utilities;

/// <summary>Observers that are their own identity.</summary>
public class ObserverManager<TObserver> : ObserverManager<IAddressable, TObserver>
{
    /// <summary>An empty set whose members leave when they have not subscribed again for <paramref name="expiration"/>.</summary>
    public ObserverManager(TimeSpan expiration, ILogger log)
        : base(expiration, log)
    {
    }
}

/// <summary>
/// A set of observers that subscribe again and again; who does not, or whose notification throws, leaves it. Belongs to one grain.
/// </summary>
public partial class ObserverManager<TIdentity, TObserver> : IEnumerable<TObserver>
{
    private readonly Dictionary<TIdentity, Entry> _entries = [];
    private readonly ILogger _log;

    /// <summary>An empty set whose members leave when they have not subscribed again for <paramref name="expiration"/>.</summary>
    public ObserverManager(TimeSpan expiration, ILogger log)
    {
        ArgumentNullException.ThrowIfNull(log);
        ExpirationDuration = expiration;
        _log = log;
    }

    /// <summary>The clock, in UTC.</summary>
    public Func<DateTime> GetDateTime { get; set; } = static () => TimeProvider.System.GetUtcNow().UtcDateTime;

    /// <summary>How long a subscription lasts.</summary>
    public TimeSpan ExpirationDuration { get; set; }

    /// <summary>How many are subscribed, expired ones that were not yet cleared among them.</summary>
    public int Count => _entries.Count;

    /// <summary>Who is subscribed.</summary>
    public IReadOnlyDictionary<TIdentity, TObserver> Observers =>
        _entries.ToDictionary(static entry => entry.Key, static entry => entry.Value.Observer);

    /// <summary>Removes all.</summary>
    public void Clear() => _entries.Clear();

    /// <summary>Adds an observer, or renews it.</summary>
    public void Subscribe(TIdentity id, TObserver observer) => _entries[id] = new Entry(observer, GetDateTime());

    /// <summary>Removes an observer, if it is there.</summary>
    public void Unsubscribe(TIdentity id) => _entries.Remove(id);

    /// <summary>Notifies the observers that the predicate takes, one after the other; those that throw are removed.</summary>
    public async Task Notify(Func<TObserver, Task> notification, Func<TObserver, bool>? predicate = null)
    {
        foreach (var (id, observer) in Fresh(predicate))
        {
            try
            {
                await notification(observer);
            }
            catch (Exception error)
            {
                Drop(id, observer, error);
            }
        }
    }

    /// <inheritdoc cref="Notify(Func{TObserver, Task}, Func{TObserver, bool}?)"/>
    public void Notify(Action<TObserver> notification, Func<TObserver, bool>? predicate = null)
    {
        foreach (var (id, observer) in Fresh(predicate))
        {
            try
            {
                notification(observer);
            }
            catch (Exception error)
            {
                Drop(id, observer, error);
            }
        }
    }

    /// <summary>Removes those whose subscription has expired.</summary>
    public void ClearExpired()
    {
        var oldest = GetDateTime() - ExpirationDuration;
        foreach (var (id, entry) in _entries)
        {
            if (entry.LastSeen < oldest)
            {
                _entries.Remove(id);
                LogExpired(id);
            }
        }
    }

    /// <inheritdoc/>
    public IEnumerator<TObserver> GetEnumerator() => _entries.Values.Select(static entry => entry.Observer).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private List<(TIdentity Id, TObserver Observer)> Fresh(Func<TObserver, bool>? predicate)
    {
        ClearExpired();
        var chosen = new List<(TIdentity, TObserver)>(_entries.Count);
        foreach (var (id, entry) in _entries)
        {
            if (predicate is null || predicate(entry.Observer))
            {
                chosen.Add((id, entry.Observer));
            }
        }

        return chosen;
    }

    private void Drop(TIdentity id, TObserver observer, Exception error)
    {
        // It may have subscribed again, with another reference, while its notification was under way.
        if (_entries.TryGetValue(id, out var entry) && EqualityComparer<TObserver>.Default.Equals(entry.Observer, observer))
        {
            _entries.Remove(id);
        }

        LogDropped(id, error);
    }

    [LoggerMessage(Level = LogLevel.Debug, Message = "The subscription of {Observer} has expired.")]
    private partial void LogExpired(TIdentity observer);

    [LoggerMessage(Level = LogLevel.Debug, Message = "{Observer} is dropped because its notification failed.")]
    private partial void LogDropped(TIdentity observer, Exception error);

    private readonly record struct Entry(TObserver Observer, DateTime LastSeen);
}
