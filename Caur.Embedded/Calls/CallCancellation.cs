namespace Caur.Embedded.Calls;

/// <summary>
/// Carries the cancelling of a caller's token to the callee. The callee has a token of its own, so that what it registers there runs as
/// a turn of its activation and not on the thread of whoever cancels.
/// </summary>
internal sealed class CallCancellation(Request request) : IDisposable
{
    private readonly List<CancellationTokenRegistration> _registrations = new(1);
    private readonly CancellationTokenSource _callee = new();
    private TaskScheduler? _scheduler;
    private int _cancelled;

    public CancellationToken Link(CancellationToken caller)
    {
        _registrations.Add(caller.UnsafeRegister(
            static (state, token) =>
            {
                var self = (CallCancellation)state!;
                self.Cancel(token);
            },
            this));
        return _callee.Token;
    }

    /// <summary>The call runs from now on, on <paramref name="scheduler"/>.</summary>
    public void Begin(TaskScheduler scheduler)
    {
        // Written before the other is read, on both sides: otherwise each could miss the other, and the cancelling be lost.
        Interlocked.Exchange(ref _scheduler, scheduler);
        if (Volatile.Read(ref _cancelled) != 0)
        {
            _callee.Cancel();
        }
    }

    public void Dispose()
    {
        foreach (var registration in _registrations)
        {
            // Not disposed, which would wait for a callback that runs.
            registration.Unregister();
        }
    }

    private void Cancel(CancellationToken token)
    {
        Interlocked.Exchange(ref _cancelled, 1);
        request.CancelCaller(token);
        if (Volatile.Read(ref _scheduler) is { } scheduler)
        {
            _ = Task.Factory.StartNew(
                static source => ((CancellationTokenSource)source!).Cancel(),
                _callee,
                CancellationToken.None,
                TaskCreationOptions.DenyChildAttach,
                scheduler);
        }
    }
}
