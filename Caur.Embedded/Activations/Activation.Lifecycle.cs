using Caur.Embedded.Calls;
using Caur.Embedded.Timers;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;

namespace Caur.Embedded.Activations;

internal sealed partial class Activation
{
    // A grain that deactivates itself on every activation would pass its calls on for ever.
    private const int MostMoves = 8;

    /// <summary>Begins to activate; turns may be admitted already.</summary>
    public void Start() => Post(StartAsync);

    private async Task StartAsync()
    {
        var turn = new LifeTurn(GrainId, "OnActivateAsync");
        CallContext.Enter(turn);
        try
        {
            _scope = Engine.Services.CreateAsyncScope();
            List<ILoadedState> states = [];
            _beingConstructed = this;
            try
            {
                GrainInstance = Class.Construct(this, states);
            }
            finally
            {
                _beingConstructed = null;
            }

            foreach (var state in states)
            {
                await state.LoadAsync();
            }

            await Bounded(Engine.Collection.ActivationTimeout, "OnActivateAsync", ((IGrainBase)GrainInstance).OnActivateAsync);
        }
        catch (Exception error)
        {
            turn.End();
            await FailAsync(error);
            return;
        }

        turn.End();
        lock (_lock)
        {
            _phase = Phase.Active;
            _lastActive = Engine.Time.GetTimestamp();
            if (_deactivation is { } asked)
            {
                Deactivate(asked);
                return;
            }

            var held = _held;
            _held = null;
            while (held is not null && held.TryDequeue(out var next))
            {
                if (next.IsAbandoned)
                {
                    next.Reject(new OperationCanceledException());
                }
                else if (_gate.TryEnter(next))
                {
                    Scheduler.Post(next);
                }
            }
        }
    }

    private async Task FailAsync(Exception error)
    {
        Engine.Logs.ActivationFailed(GrainId, error);
        Queue<Turn>? held;
        lock (_lock)
        {
            _phase = Phase.Ended;
            held = _held;
            _held = null;
        }

        Engine.Activations.Remove(this);
        await EndTimersAsync();
        foreach (var turn in held ?? [])
        {
            turn.Reject(error);
        }

        await DisposeAsync();
        _ended.TrySetResult();
    }

    private async Task EndAsync()
    {
        await EndTimersAsync();
        var life = new LifeTurn(GrainId, "OnDeactivateAsync");
        CallContext.Enter(life);
        try
        {
            var reason = _deactivation!.Value;
            await Bounded(
                Engine.Collection.DeactivationTimeout,
                "OnDeactivateAsync",
                token => ((IGrainBase)GrainInstance!).OnDeactivateAsync(reason, token));
        }
        catch (Exception error)
        {
            Engine.Logs.DeactivationFailed(GrainId, error);
        }

        life.End();
        await DisposeAsync();
        Activation? next = null;
        List<Turn> unmoved = [];
        lock (_lock)
        {
            _phase = Phase.Ended;
            foreach (var turn in _held ?? [])
            {
                // An activation that ran a call has moved the others forward, so only those that ran none count.
                turn.Moves += _hasRunACall ? 0 : 1;
                if (!turn.CanMove || turn.IsAbandoned || turn.Moves > MostMoves || Engine.IsStopping)
                {
                    unmoved.Add(turn);
                    continue;
                }

                next ??= new Activation(Engine, Class, GrainId);
                next.TryAdmit(turn);
            }

            _held = null;
            // Before anybody can see that this one has ended, so that calls that come now queue behind those that waited.
            Engine.Activations.Replace(this, next);
        }

        next?.Start();
        foreach (var turn in unmoved)
        {
            turn.Reject(Engine.IsStopping
                ? new SiloUnavailableException($"{GrainId} was not called: the engine is stopping.")
                : new OrleansMessageRejectionException($"{GrainId} was not called: its activations end before they take calls."));
        }

        _ended.TrySetResult();
    }

    // The token is cancelled after the timeout; code that does not heed it is left behind, so that the grain can go on.
    private async Task Bounded(TimeSpan timeout, string what, Func<CancellationToken, Task> work)
    {
        using var source = new CancellationTokenSource();
        var task = work(source.Token);
        if (task.IsCompleted)
        {
            // Most of them have nothing to wait for, and no timer is made for those.
            await task;
            return;
        }

        await using var timer = Engine.Time.CreateTimer(CancelIfUsed, source, timeout, Timeout.InfiniteTimeSpan);
        try
        {
            await task.WaitAsync(source.Token);
        }
        catch (OperationCanceledException) when (source.IsCancellationRequested)
        {
            // It may have ended in the same moment.
            if (!task.IsCompletedSuccessfully)
            {
                throw new TimeoutException($"{what} of {GrainId} did not end within {timeout}.");
            }
        }
    }

    private static void CancelIfUsed(object? source)
    {
        try
        {
            ((CancellationTokenSource)source!).Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It ended in the same moment.
        }
    }

    private Task EndTimersAsync()
    {
        List<GrainTimer> timers;
        lock (_lock)
        {
            timers = [.. _timers ?? []];
        }

        foreach (var timer in timers)
        {
            try
            {
                timer.Dispose();
            }
            catch (AggregateException error)
            {
                // What a tick had registered to be told of its end. The others end all the same.
                Engine.Logs.DeactivationFailed(GrainId, error);
            }
        }

        return Task.CompletedTask;
    }

    private async Task DisposeAsync()
    {
        try
        {
            if (GrainInstance is IAsyncDisposable asynchronous)
            {
                await asynchronous.DisposeAsync();
            }
            else
            {
                (GrainInstance as IDisposable)?.Dispose();
            }

            if (_scope.ServiceProvider is not null)
            {
                await _scope.DisposeAsync();
            }
        }
        catch (Exception error)
        {
            Engine.Logs.DeactivationFailed(GrainId, error);
        }

    }
}
