using System.Diagnostics.CodeAnalysis;
using Caur.Protocol.Builders;

namespace Caur.Builder.Attempts;

/// <summary>Why an attempt is ended from outside.</summary>
internal enum StopKind
{
    /// <summary>The control plane wants it ended.</summary>
    Cancelled,

    /// <summary>The agent ends and gives it back.</summary>
    HandedBack,

    /// <summary>It is not this builder's any more: nothing may be reported.</summary>
    Lost,

    /// <summary>The agent process ends and leaves everything to the next one.</summary>
    Left,
}

/// <summary>The wish to end an attempt.</summary>
internal sealed record StopRequest(StopKind Kind, string Reason);

/// <summary>The handle by which others end a running attempt. The first wish decides how it ends; a later loss still silences it.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The sources have no timers, and whoever found this handle may use it after the end.")]
internal sealed class AttemptControl(AttemptRef attempt)
{
    private readonly TaskCompletionSource<StopRequest> _stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _silenced = new();
    private readonly Lock _gate = new();
    private bool _uploading;
    private volatile bool _reported;

    public AttemptRef Attempt => attempt;

    /// <summary>Completes at the first wish.</summary>
    public Task<StopRequest> Stop => _stop.Task;

    /// <summary>Cancelled at the first wish.</summary>
    public CancellationToken Stopping => _stopping.Token;

    /// <summary>Cancelled when nothing may be said about the attempt any more: it is lost, or left to the next agent process.</summary>
    public CancellationToken Silenced => _silenced.Token;

    /// <summary>Set by <see cref="StopKind.Left"/>: nothing is cleaned up.</summary>
    public bool IsLeft { get; private set; }

    /// <summary>Set when its result was reported: what is left of it is only to be removed, and its lease is not renewed.</summary>
    public bool IsReported => _reported;

    /// <summary>Its result was reported.</summary>
    public void Reported() => _reported = true;

    /// <summary>The container is done and its archives go up: from here on nothing is cancelled, only lost or left.</summary>
    /// <returns>False when a wish came before.</returns>
    public bool TryStartUploading()
    {
        lock (_gate)
        {
            return _uploading = !_stop.Task.IsCompleted;
        }
    }

    /// <summary>Asks for the end. Repeating it, or asking for one that has ended, does nothing.</summary>
    public void RequestStop(StopKind kind, string reason)
    {
        bool first;
        var silence = kind is StopKind.Lost or StopKind.Left;
        lock (_gate)
        {
            if (_uploading && !silence)
            {
                return;
            }

            IsLeft |= kind == StopKind.Left;
            first = _stop.TrySetResult(new StopRequest(kind, reason));
        }

        if (first)
        {
            _stopping.Cancel();
        }

        if (silence)
        {
            _silenced.Cancel();
        }
    }
}
