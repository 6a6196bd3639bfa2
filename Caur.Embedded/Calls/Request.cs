using System.Diagnostics;
using Caur.Embedded.Activations;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Caur.Embedded.Calls;

/// <summary>One call of a method of a grain or observer.</summary>
internal abstract class Request : Turn
{
    // A call that is not awaited keeps its caller's chain alive; without a bound, two grains that notify each other for ever would
    // keep every call they ever made.
    private const int DeepestChain = 64;

    private readonly int _depth;
    private CallCancellation? _cancellation;

    protected Request(MethodDescriptor method, GrainProxy reference, object?[] arguments)
    {
        Method = method;
        Reference = reference;
        Arguments = arguments;
        Values = CallContext.Values is { IsEmpty: false } values ? Copying.DeepCopier.CopyValues(values) : CallContext.NoValues;
        if (!method.IsOneWay && CallContext.Turn is { HasRun: false } caller)
        {
            var depth = caller is Request request ? request._depth + 1 : 1;
            (Caller, _depth) = depth < DeepestChain ? (caller, depth) : (caller, 0);
            if (depth >= DeepestChain && caller is Request last)
            {
                last.Caller = null;
            }
        }
    }

    public MethodDescriptor Method { get; }

    public GrainProxy Reference { get; }

    public object?[] Arguments { get; }

    /// <summary>The turn that made the call and may be waiting for it.</summary>
    public Turn? Caller { get; private set; }

    /// <summary>How many calls are above it, up to a bound.</summary>
    public int Depth => _depth;

    public sealed override TurnKind Kind => Method.Kind;

    public sealed override GrainId Target => Reference.GrainId;

    public sealed override string Name => Method.Name;

    public sealed override bool IsAbandoned => !Method.IsOneWay && IsSettled;

    public abstract bool IsSettled { get; }

    /// <summary>Links of <see cref="ResponseTimeouts"/>.</summary>
    public ResponseTimeouts.Link Waiting;

    public sealed override void Reject(Exception error)
    {
        _cancellation?.Dispose();
        HasRun = true;
        if (Method.IsOneWay)
        {
            Reference.Engine.Logs.OneWayFailed(Name, Target, error);
        }

        TryFail(error);
    }

    /// <summary>Gives the caller an exception, if it still waits.</summary>
    public bool TryFail(Exception error)
    {
        Reference.Engine.Timeouts.Remove(this);
        return SetException(error);
    }

    /// <summary>Links the caller's tokens to ones that are cancelled as turns of the callee. False when one is cancelled already.</summary>
    public bool TryLinkCancellation(out CancellationToken cancelled)
    {
        foreach (var index in Method.CancellationArguments)
        {
            var token = (CancellationToken)Arguments[index]!;
            if (token.IsCancellationRequested)
            {
                _cancellation?.Dispose();
                cancelled = token;
                return false;
            }

            if (token.CanBeCanceled)
            {
                _cancellation ??= new CallCancellation(this);
                Arguments[index] = _cancellation.Link(token);
            }
        }

        cancelled = default;
        return true;
    }

    /// <summary>The caller gave up by its token.</summary>
    public void CancelCaller(CancellationToken token)
    {
        Reference.Engine.Timeouts.Remove(this);
        SetCanceled(token);
    }

    public sealed override async Task RunAsync(Activation activation)
    {
        CallContext.Enter(this);
        HasBegun = true;
        var started = Stopwatch.GetTimestamp();
        _cancellation?.Begin(activation.Scheduler);
        try
        {
            await InvokeAsync(activation.GrainInstance!);
        }
        catch (Exception error)
        {
            if (error is InconsistentStateException { IsSourceActivation: true } conflict)
            {
                conflict.IsSourceActivation = false;
                activation.Deactivate(new DeactivationReason(
                    DeactivationReasonCode.ApplicationError, conflict, "Its copy of the state is stale."));
            }

            Failed(error);
        }

        Finish();
        activation.Engine.Instruments.TurnEnded(started);
        activation.Completed(this);
    }

    /// <summary>Runs the call against an observer. Never throws.</summary>
    public async Task RunAsync(IGrainObserver observer)
    {
        CallContext.Enter(this);
        HasBegun = true;
        _cancellation?.Begin(TaskScheduler.Default);
        try
        {
            await InvokeAsync(observer);
        }
        catch (Exception error)
        {
            Failed(error);
        }

        Finish();
    }

    /// <summary>Calls the method and gives the caller its result. Throws what the method throws.</summary>
    protected abstract ValueTask InvokeAsync(object target);

    protected abstract bool SetException(Exception error);

    protected abstract void SetCanceled(CancellationToken token);

    private void Failed(Exception error)
    {
        if (Method.IsOneWay)
        {
            Reference.Engine.Logs.OneWayFailed(Name, Target, error);
        }
        else if (!TryFail(error))
        {
            Reference.Engine.Logs.UnheardFailure(Name, Target, error);
        }
    }

    private void Finish()
    {
        HasRun = true;
        _cancellation?.Dispose();
    }
}

/// <summary>A call with its typed result.</summary>
internal sealed class Request<T> : Request
{
    private readonly MethodDescriptor<T> _method;
    private readonly TaskCompletionSource<T>? _result;

    public Request(MethodDescriptor<T> method, GrainProxy reference, object?[] arguments)
        : base(method, reference, arguments)
    {
        _method = method;
        // Without this, the caller's code would go on inside of the callee's turn.
        _result = method.IsOneWay ? null : new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    public Task<T> Result => _result!.Task;

    public override bool IsSettled => _result?.Task.IsCompleted ?? true;

    protected override async ValueTask InvokeAsync(object target)
    {
        var result = await _method.InvokeAsync(target, Arguments);
        if (_result is null || IsSettled)
        {
            return;
        }

        var copy = _method.CopyResult(result);
        Reference.Engine.Timeouts.Remove(this);
        _result.TrySetResult(copy);
    }

    protected override bool SetException(Exception error) => _result?.TrySetException(error) ?? true;

    protected override void SetCanceled(CancellationToken token) => _result?.TrySetCanceled(token);
}
