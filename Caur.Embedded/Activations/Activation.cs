using Caur.Embedded.Calls;
using Caur.Embedded.Timers;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;

namespace Caur.Embedded.Activations;

/// <summary>One grain in memory: its object, its turns, its timers, from the first call to the last.</summary>
internal sealed partial class Activation : IGrainContext
{
    [ThreadStatic]
    private static Activation? _beingConstructed;

    private readonly Lock _lock = new();
    private readonly TurnGate _gate;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private AsyncServiceScope _scope;
    private Queue<Turn>? _held = new();
    private List<GrainTimer>? _timers;
    private DeactivationReason? _deactivation;
    private Phase _phase = Phase.Starting;
    private bool _hasRunACall;
    private long _lastActive;
    private long _keepUntil = long.MinValue;

    public Activation(EmbeddedEngine engine, GrainClass grainClass, GrainId grainId)
    {
        Engine = engine;
        Class = grainClass;
        GrainId = grainId;
        _gate = new TurnGate(grainClass.IsReentrant);
        Scheduler = new ActivationScheduler(this);
        _lastActive = engine.Time.GetTimestamp();
    }

    private enum Phase
    {
        /// <summary>Reads state and runs OnActivateAsync; turns are held.</summary>
        Starting,

        /// <summary>Runs turns.</summary>
        Active,

        /// <summary>Lets running turns end and runs OnDeactivateAsync; turns are held for the next activation.</summary>
        Ending,

        /// <summary>Takes nothing any more.</summary>
        Ended,
    }

    public static Activation BeingConstructed => _beingConstructed
        ?? throw new InvalidOperationException("A grain object is made by the engine; use IGrainFactory.GetGrain for a reference to one.");

    public EmbeddedEngine Engine { get; }

    public GrainClass Class { get; }

    public GrainId GrainId { get; }

    public object? GrainInstance { get; private set; }

    public ActivationScheduler Scheduler { get; }

    public IServiceProvider ActivationServices => _scope.ServiceProvider;

    public Task Deactivated => _ended.Task;

    public static Activation Of(IGrainBase grain) => grain.GrainContext as Activation
        ?? throw new InvalidOperationException($"{grain.GetType()} does not live in the embedded engine.");

    /// <summary>Takes a turn. False when the activation has ended and the turn must go to another one.</summary>
    public bool TryAdmit(Turn turn)
    {
        lock (_lock)
        {
            switch (_phase)
            {
                case Phase.Ended:
                    return false;
                case Phase.Active:
                    if (_gate.TryEnter(turn))
                    {
                        Scheduler.Post(turn);
                    }

                    return true;
                default:
                    (_held ??= new()).Enqueue(turn);
                    return true;
            }
        }
    }

    /// <summary>A turn has ended: what waited for it may begin.</summary>
    public void Completed(Turn turn)
    {
        lock (_lock)
        {
            if (turn is not TimerTick { KeepsAlive: false })
            {
                _lastActive = Engine.Time.GetTimestamp();
            }

            _hasRunACall |= turn is Request;
            _gate.Leave(turn);
            if (_phase == Phase.Active)
            {
                while (_gate.TakeNext() is { } next)
                {
                    Scheduler.Post(next);
                }
            }
            else
            {
                EndWhenQuiet();
            }
        }
    }

    /// <summary>Whether a call runs, waits or is held.</summary>
    public bool IsBusy
    {
        get
        {
            lock (_lock)
            {
                return _phase is Phase.Starting or Phase.Ending || _gate.Running + _gate.Waiting > 0;
            }
        }
    }

    /// <summary>Turns that wait for those that run, or for the activation itself.</summary>
    public int Queued
    {
        get
        {
            lock (_lock)
            {
                return _gate.Waiting + (_held?.Count ?? 0);
            }
        }
    }

    /// <summary>Whether turns begin as soon as those that run let them; otherwise all are held.</summary>
    public bool IsOpen
    {
        get
        {
            lock (_lock)
            {
                return _phase == Phase.Active;
            }
        }
    }

    public void DelayDeactivation(TimeSpan timeSpan)
    {
        lock (_lock)
        {
            _keepUntil = timeSpan < TimeSpan.Zero && timeSpan != Timeout.InfiniteTimeSpan ? long.MinValue
                : timeSpan == Timeout.InfiniteTimeSpan || timeSpan > TimeSpan.FromDays(36500) ? long.MaxValue
                : Engine.Time.GetTimestamp() + (long)(timeSpan.TotalSeconds * Engine.Time.TimestampFrequency);
        }
    }

    /// <summary>Ends the activation when it has been idle for longer than its class may be.</summary>
    public void CollectIfIdle(long now, TimeSpan age)
    {
        lock (_lock)
        {
            if (_phase == Phase.Active && _gate.Running + _gate.Waiting == 0 && _keepUntil < now
                && Engine.Time.GetElapsedTime(_lastActive, now) > age)
            {
                Deactivate(new DeactivationReason(DeactivationReasonCode.ActivationIdle, $"It was idle for {age}."));
            }
        }
    }

    public void Deactivate(DeactivationReason deactivationReason, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            _deactivation ??= deactivationReason;
            if (_phase != Phase.Active)
            {
                return;
            }

            _phase = Phase.Ending;
            foreach (var turn in _gate.TakeAll())
            {
                (_held ??= new()).Enqueue(turn);
            }

            // Before the running turns have ended: one of them may be a tick that waits for its token.
            StopTimers();
            EndWhenQuiet();
        }
    }

    /// <summary>Ends all timers, as a turn, and so cancels the tokens of their ticks.</summary>
    public void StopTimers() => Post(EndTimersAsync);

    public void Add(GrainTimer timer)
    {
        lock (_lock)
        {
            (_timers ??= []).Add(timer);
        }
    }

    public void Remove(GrainTimer timer)
    {
        lock (_lock)
        {
            _timers?.Remove(timer);
        }
    }

    public override string ToString() => GrainId.ToString();

    private void EndWhenQuiet()
    {
        if (_phase == Phase.Ending && _gate.Running == 0)
        {
            Post(EndAsync);
        }
    }

    private void Post(Func<Task> work)
    {
        // The turn that asked must not lend its execution context to the activation's own work.
        using (ExecutionContext.IsFlowSuppressed() ? default(AsyncFlowControl?) : ExecutionContext.SuppressFlow())
        {
            _ = Task.Factory.StartNew(work, CancellationToken.None, TaskCreationOptions.DenyChildAttach, Scheduler);
        }
    }
}
