using Caur.Embedded.Activations;
using Caur.Embedded.Calls;
using Orleans.Runtime;

namespace Caur.Embedded.Timers;

/// <summary>A timer whose ticks are turns of its activation.</summary>
internal sealed class GrainTimer : IGrainTimer
{
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(uint.MaxValue - 1);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _ended = new();
    private readonly ITimer _timer;
    private TimeSpan _next;
    private TimeSpan _period;
    private bool _isTicking;
    private bool _isDisposed;

    private GrainTimer(Activation activation, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        Activation = activation;
        Callback = callback;
        Options = options;
        _timer = activation.Engine.Time.CreateTimer(
            static state => ((GrainTimer)state!).Tick(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public Activation Activation { get; }

    public Func<CancellationToken, Task> Callback { get; }

    public GrainTimerCreationOptions Options { get; }

    public CancellationToken Ended => _ended.Token;

    /// <summary>Throws <see cref="ArgumentOutOfRangeException"/> for a negative time or one over 49 days.</summary>
    public static GrainTimer Start(Activation activation, Func<CancellationToken, Task> callback, GrainTimerCreationOptions options)
    {
        Check(options.DueTime, options.Period);
        GrainTimer timer;
        // What is current where the timer is made is not current when it ticks.
        using (ExecutionContext.IsFlowSuppressed() ? default(AsyncFlowControl?) : ExecutionContext.SuppressFlow())
        {
            timer = new GrainTimer(activation, callback, options);
        }

        activation.Add(timer);
        timer.Change(options.DueTime, options.Period);
        return timer;
    }

    public void Change(TimeSpan dueTime, TimeSpan period)
    {
        Check(dueTime, period);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, this);
            _next = dueTime;
            _period = period;
            if (!_isTicking)
            {
                _timer.Change(dueTime, Timeout.InfiniteTimeSpan);
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _isDisposed = true;
        }

        _timer.Dispose();
        Activation.Remove(this);
        _ended.Cancel();
    }

    /// <summary>A tick has run, or will not: the next one comes a period from now.</summary>
    public void TickEnded()
    {
        lock (_lock)
        {
            _isTicking = false;
            if (!_isDisposed)
            {
                _timer.Change(_next, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private static void Check(TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(dueTime, TimeSpan.Zero);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(dueTime, Longest);
        }

        if (period != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(period, TimeSpan.Zero);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(period, Longest);
        }
    }

    private void Tick()
    {
        lock (_lock)
        {
            if (_isDisposed || _isTicking)
            {
                return;
            }

            _isTicking = true;
            _next = _period;
        }

        if (!Activation.TryAdmit(new TimerTick(this)))
        {
            Dispose();
        }
    }
}

/// <summary>One tick.</summary>
internal sealed class TimerTick(GrainTimer timer) : Turn
{
    public override TurnKind Kind => timer.Options.Interleave ? TurnKind.Interleaving : TurnKind.Exclusive;

    public override GrainId Target => timer.Activation.GrainId;

    public override string Name => "a timer";

    public override bool CanMove => false;

    public override bool IsAbandoned => timer.Ended.IsCancellationRequested;

    /// <summary>Whether the tick puts off idle collection.</summary>
    public bool KeepsAlive => timer.Options.KeepAlive;

    public override async Task RunAsync(Activation activation)
    {
        CallContext.Enter(this);
        HasBegun = true;
        try
        {
            if (!IsAbandoned)
            {
                await timer.Callback(timer.Ended);
            }
        }
        catch (OperationCanceledException) when (IsAbandoned)
        {
            // The timer was ended and its tick took notice.
        }
        catch (Exception error)
        {
            activation.Engine.Logs.TimerFailed(Target, error);
        }

        HasRun = true;
        timer.TickEnded();
        activation.Completed(this);
    }

    public override void Reject(Exception error)
    {
        HasRun = true;
        timer.TickEnded();
    }
}
