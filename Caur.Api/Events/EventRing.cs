namespace Caur.Api.Events;

/// <summary>The newest items of a stream for many readers, each with a place of its own: a reader costs no memory however slow it is, and
/// one that falls behind what is kept is told so. Safe for all threads.</summary>
/// <typeparam name="T">What it keeps.</typeparam>
internal sealed class EventRing<T>
{
    private readonly Lock _lock = new();
    private readonly T[] _ring;
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string _run;
    private long _first = 1;
    private long _last;
    private int _readers;

    /// <param name="run">Names the count of numbers.</param>
    /// <param name="size">So many items are kept.</param>
    public EventRing(string run, int size) => (_run, _ring) = (run, new T[size]);

    /// <summary>How many follow it. Each ring counts its own: who may read one by a token is not kept out by those who follow another.</summary>
    public int Readers => Volatile.Read(ref _readers);

    /// <summary>Where the newest item stands.</summary>
    public StreamPlace End
    {
        get
        {
            lock (_lock)
            {
                return new StreamPlace(_run, _last);
            }
        }
    }

    /// <summary>Before the oldest item that is kept.</summary>
    public StreamPlace Start
    {
        get
        {
            lock (_lock)
            {
                return new StreamPlace(_run, _first - 1);
            }
        }
    }

    /// <summary>One more follows, until <see cref="Leave"/>; false when there are as many as may be.</summary>
    public bool TryEnter(int most)
    {
        if (Interlocked.Increment(ref _readers) <= most)
        {
            return true;
        }

        Leave();
        return false;
    }

    /// <summary>One less follows.</summary>
    public void Leave() => Interlocked.Decrement(ref _readers);

    /// <summary>Adds an item.</summary>
    /// <param name="make">Makes it of its number.</param>
    public void Append(Func<long, T> make)
    {
        lock (_lock)
        {
            _last++;
            _ring[_last % _ring.Length] = make(_last);
            _first = Math.Max(_first, _last - _ring.Length + 1);
        }

        Wake();
    }

    /// <summary>Forgets everything and counts on from a number, in another run or behind a gap: readers of what was before are behind.</summary>
    public void Restart(string run, long last)
    {
        lock (_lock)
        {
            (_run, _last, _first) = (run, last, last + 1);
        }

        Wake();
    }

    /// <summary>Items behind a place.</summary>
    /// <returns>They, and the place of the last of them; or null when the place is not in what is kept.</returns>
    public (List<T> Items, StreamPlace Next)? Read(StreamPlace after, int most)
    {
        lock (_lock)
        {
            if (!IsKept(after))
            {
                return null;
            }

            var count = (int)Math.Min(_last - after.Number, most);
            var items = new List<T>(count);
            for (var number = after.Number + 1; number <= after.Number + count; number++)
            {
                items.Add(_ring[number % _ring.Length]);
            }

            return (items, after with { Number = after.Number + count });
        }
    }

    /// <summary>Completes when there is something behind a place, or when it is not kept.</summary>
    public Task WaitAsync(StreamPlace after)
    {
        lock (_lock)
        {
            return IsKept(after) && after.Number == _last ? _more.Task : Task.CompletedTask;
        }
    }

    private bool IsKept(StreamPlace place) => place.Run == _run && place.Number >= _first - 1 && place.Number <= _last;

    private void Wake()
    {
        TaskCompletionSource woken;
        lock (_lock)
        {
            (woken, _more) = (_more, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        woken.SetResult();
    }
}
