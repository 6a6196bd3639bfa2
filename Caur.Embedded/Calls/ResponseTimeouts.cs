namespace Caur.Embedded.Calls;

/// <summary>
/// The calls that wait for an answer, and the timer that ends their waiting. A timer per call would cost more than the call, so calls
/// stand in striped lists and one timer is set to the earliest deadline.
/// </summary>
internal sealed class ResponseTimeouts : IDisposable
{
    // Deadlines that follow one another closely share a sweep.
    private static readonly TimeSpan Grain = TimeSpan.FromMilliseconds(10);

    private readonly Stripe[] _stripes;
    private readonly TimeProvider _time;
    private readonly TimeSpan _default;
    private readonly ITimer _timer;
    private readonly Lock _arming = new();
    private long _armedFor = long.MaxValue;

    public ResponseTimeouts(TimeProvider time, TimeSpan defaultTimeout)
    {
        _time = time;
        _default = defaultTimeout;
        _stripes = new Stripe[Math.Max(4, Environment.ProcessorCount * 2)];
        for (var i = 0; i < _stripes.Length; i++)
        {
            _stripes[i] = new Stripe();
        }

        _timer = time.CreateTimer(_ => Sweep(), null, System.Threading.Timeout.InfiniteTimeSpan, System.Threading.Timeout.InfiniteTimeSpan);
    }

    /// <summary>Starts waiting for the answer of a call.</summary>
    public void Add(Request request)
    {
        var timeout = request.Method.Timeout ?? _default;
        var deadline = timeout == System.Threading.Timeout.InfiniteTimeSpan ? long.MaxValue : _time.GetTimestamp() + Ticks(timeout);
        var stripe = _stripes[(uint)Environment.CurrentManagedThreadId % _stripes.Length];
        lock (stripe)
        {
            ref var link = ref request.Waiting;
            link.Stripe = stripe;
            link.Deadline = deadline;
            link.Next = stripe.First;
            if (stripe.First is not null)
            {
                stripe.First.Waiting.Previous = request;
            }

            stripe.First = request;
        }

        if (deadline < Volatile.Read(ref _armedFor))
        {
            Arm(deadline);
        }
    }

    /// <summary>The call has its answer, or needs none.</summary>
    public void Remove(Request request)
    {
        if (request.Waiting.Stripe is not { } stripe)
        {
            return;
        }

        lock (stripe)
        {
            ref var link = ref request.Waiting;
            if (link.Stripe is null)
            {
                return;
            }

            if (link.Previous is null)
            {
                stripe.First = link.Next;
            }
            else
            {
                link.Previous.Waiting.Next = link.Next;
            }

            if (link.Next is not null)
            {
                link.Next.Waiting.Previous = link.Previous;
            }

            link = default;
        }
    }

    /// <summary>All calls that wait, in no order, with their deadlines.</summary>
    public List<(Request Request, long Deadline)> Outstanding()
    {
        var all = new List<(Request, long)>();
        foreach (var stripe in _stripes)
        {
            lock (stripe)
            {
                for (var request = stripe.First; request is not null; request = request.Waiting.Next)
                {
                    all.Add((request, request.Waiting.Deadline));
                }
            }
        }

        return all;
    }

    public void Dispose() => _timer.Dispose();

    private void Sweep()
    {
        lock (_arming)
        {
            _armedFor = long.MaxValue;
        }

        var now = _time.GetTimestamp();
        var outstanding = Outstanding();
        var late = outstanding.FindAll(waiting => waiting.Deadline <= now);
        // Who called first hears first, of its own call and not of one further down.
        late.Sort(static (left, right) => left.Deadline.CompareTo(right.Deadline) is not 0 and var order ? order : left.Request.Depth.CompareTo(right.Request.Depth));
        var cycles = late.Count == 0 ? null : new CallCycles(outstanding.Select(static waiting => waiting.Request));
        foreach (var (request, _) in late)
        {
            var timeout = request.Method.Timeout ?? _default;
            request.TryFail(new TimeoutException(
                $"{request.Name} on {request.Target} did not answer within {timeout}; whether it took effect is not known."
                + cycles!.Describe(request)));
        }

        var earliest = long.MaxValue;
        foreach (var (request, deadline) in outstanding)
        {
            if (!request.IsSettled)
            {
                earliest = Math.Min(earliest, deadline);
            }
        }

        if (earliest != long.MaxValue)
        {
            Arm(Math.Max(earliest, now + Ticks(Grain)));
        }
    }

    private void Arm(long deadline)
    {
        lock (_arming)
        {
            if (deadline >= _armedFor)
            {
                return;
            }

            _armedFor = deadline;
            var wait = _time.GetElapsedTime(_time.GetTimestamp(), deadline);
            // Rounded up to whole milliseconds, as timers count: a sweep that comes too early would find nothing late.
            _timer.Change(
                TimeSpan.FromMilliseconds(Math.Max(1, Math.Ceiling(wait.TotalMilliseconds))), System.Threading.Timeout.InfiniteTimeSpan);
        }
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * _time.TimestampFrequency);

    /// <summary>A call's place in its stripe.</summary>
    public struct Link
    {
        public Stripe? Stripe;
        public Request? Previous;
        public Request? Next;
        public long Deadline;
    }

    /// <summary>A list of waiting calls; its lock guards the links of its members.</summary>
    public sealed class Stripe
    {
        public Request? First;
    }
}
