namespace Caur.Tests.Link;

/// <summary>The real time, and then some: clocks are moved on as a test says, and timers that are due by then fire at once.</summary>
/// <param name="start">When the wall clock begins and then stands, but for what a test moves it by; null for the real one.</param>
internal sealed class ShiftedTime(DateTimeOffset? start = null) : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly HashSet<ShiftedTimer> _timers = [];
    private long _ahead;
    private long _stepped;

    /// <summary>Time goes by at once: more than a second or two is a process that stood still for so long.</summary>
    public void Forward(TimeSpan by)
    {
        Interlocked.Add(ref _ahead, by.Ticks);
        ShiftedTimer[] timers;
        lock (_gate)
        {
            timers = [.. _timers];
        }

        foreach (var timer in timers)
        {
            timer.Rearm();
        }
    }

    /// <summary>Somebody sets the wall clock.</summary>
    public void SetClock(TimeSpan by) => Interlocked.Add(ref _stepped, by.Ticks);

    public override DateTimeOffset GetUtcNow() =>
        (start ?? System.GetUtcNow()) + TimeSpan.FromTicks(Interlocked.Read(ref _ahead) + Interlocked.Read(ref _stepped));

    public override long GetTimestamp() => base.GetTimestamp() + (Interlocked.Read(ref _ahead) * (TimestampFrequency / TimeSpan.TicksPerSecond));

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new ShiftedTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private sealed class ShiftedTimer : ITimer
    {
        private readonly ShiftedTime _owner;
        private readonly ITimer _timer;
        private readonly Lock _turn = new();
        private TimeSpan _left = Timeout.InfiniteTimeSpan;
        private TimeSpan _period = Timeout.InfiniteTimeSpan;
        private long _since;

        public ShiftedTimer(ShiftedTime owner, TimerCallback callback, object? state)
        {
            _owner = owner;
            _timer = System.CreateTimer(
                _ =>
                {
                    lock (_turn)
                    {
                        (_left, _since) = (_period, owner.GetTimestamp());
                    }

                    callback(state);
                },
                null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (_turn)
            {
                (_left, _period, _since) = (dueTime, period == TimeSpan.Zero ? Timeout.InfiniteTimeSpan : period, _owner.GetTimestamp());
                lock (_owner._gate)
                {
                    _owner._timers.Add(this);
                }

                return _timer.Change(dueTime, _period);
            }
        }

        public void Rearm()
        {
            lock (_turn)
            {
                if (_left != Timeout.InfiniteTimeSpan)
                {
                    var left = _left - _owner.GetElapsedTime(_since);
                    _timer.Change(left > TimeSpan.Zero ? left : TimeSpan.Zero, _period);
                }
            }
        }

        public void Dispose()
        {
            lock (_owner._gate)
            {
                _owner._timers.Remove(this);
            }

            _timer.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
