using System.Collections.Concurrent;

namespace Caur.Storage.Logs;

/// <summary>Tells this process's followers that a log grew or ended. It carries lengths, never bytes: every follower reads the file
/// itself, at its own speed, and a slow one holds nothing up.</summary>
/// <remarks>The appender reports to the tail of its own process; a gateway elsewhere hears of it from the log's grain and calls
/// <see cref="Report"/>. Reports may be lost, repeated and late: the longest length and the end win.</remarks>
public sealed class LogTail
{
    private readonly ConcurrentDictionary<LogKey, Entry> _entries = new();

    /// <summary>How many logs are being followed, for metrics.</summary>
    public int Followed => _entries.Count;

    /// <summary>News of a log. Costs nothing when nobody follows it.</summary>
    /// <param name="key">Which log.</param>
    /// <param name="length">Its length at least.</param>
    /// <param name="finished">True when that is its final length.</param>
    public void Report(LogKey key, long length, bool finished)
    {
        if (_entries.TryGetValue(key, out var entry))
        {
            entry.Report(length, finished);
        }
    }

    /// <summary>Begins to listen. Listen first and look at the file afterwards: news from in between is then not missed.</summary>
    internal Subscription Subscribe(LogKey key)
    {
        while (true)
        {
            var entry = _entries.GetOrAdd(key, static _ => new Entry());
            if (entry.TryEnter())
            {
                return new Subscription(this, key, entry);
            }

            // The last follower just left and is about to take the entry away.
            _entries.TryRemove(new KeyValuePair<LogKey, Entry>(key, entry));
        }
    }

    /// <summary>One follower's ear.</summary>
    internal sealed class Subscription(LogTail tail, LogKey key, Entry entry) : IDisposable
    {
        private bool _disposed;

        public News Current => entry.Current;

        public void Report(long length, bool finished) => entry.Report(length, finished);

        public void Dispose()
        {
            if (!_disposed)
            {
                _disposed = true;
                if (entry.Leave())
                {
                    tail._entries.TryRemove(new KeyValuePair<LogKey, Entry>(key, entry));
                }
            }
        }
    }

    /// <summary>What is known, and a task that ends when more is.</summary>
    internal sealed class News(long length, bool finished)
    {
        private readonly TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public long Length => length;

        public bool Finished => finished;

        public Task Next => _next.Task;

        public void Supersede() => _next.TrySetResult();
    }

    internal sealed class Entry
    {
        private readonly Lock _lock = new();
        private News _current = new(0, false);
        private int _followers;

        public News Current => Volatile.Read(ref _current);

        public bool TryEnter()
        {
            lock (_lock)
            {
                if (_followers < 0)
                {
                    return false;
                }

                _followers++;
                return true;
            }
        }

        /// <summary>True when that was the last follower; nobody enters afterwards.</summary>
        public bool Leave()
        {
            lock (_lock)
            {
                if (--_followers > 0)
                {
                    return false;
                }

                _followers = -1;
                return true;
            }
        }

        public void Report(long length, bool finished)
        {
            News old;
            lock (_lock)
            {
                old = _current;
                if (length <= old.Length && (!finished || old.Finished))
                {
                    return;
                }

                _current = new News(Math.Max(length, old.Length), finished || old.Finished);
            }

            old.Supersede();
        }
    }
}
