using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Caur.Tests.Engine.Conformance;

[Alias("caur.tests.ICallGrain")]
public interface ICallGrain : IGrainWithStringKey
{
    [Alias("Fail")]
    Task Fail(string message);

    [Alias("FailAfterAwait")]
    Task<int> FailAfterAwait(string message);

    [Alias("FailWithCause")]
    Task FailWithCause(string message);

    [Alias("FailThere")]
    ValueTask<int> FailThere(ICallGrain other, string message);

    [Alias("HoldCancellableThere")]
    Task HoldCancellableThere(ICallGrain other, string gate, CancellationToken token);

    [ResponseTimeout("00:00:01")]
    [Alias("Chain")]
    Task Chain(List<ICallGrain> others);

    [ResponseTimeout("00:00:01")]
    [Alias("HoldThrough")]
    Task HoldThrough(ICallGrain other, ICallGrain back, string gate);

    [ResponseTimeout("00:00:01")]
    [Alias("HoldAndCall")]
    Task HoldAndCall(string gate, ICallGrain other);

    [ResponseTimeout("00:00:01")]
    [Alias("HoldBeside")]
    Task HoldBeside(ICallGrain other, string gate);

    [AlwaysInterleave]
    [ResponseTimeout("00:00:01")]
    [Alias("HoldInterleaving")]
    Task HoldInterleaving(string gate);

    [ResponseTimeout("00:00:01")]
    [Alias("HoldForASecond")]
    Task HoldForASecond(string gate);

    [AlwaysInterleave]
    [Alias("Ended")]
    Task<IReadOnlyList<string>> Ended();

    [Alias("HoldCancellable")]
    Task HoldCancellable(string gate, CancellationToken token);

    [Alias("SchedulerAtCancellation")]
    Task<bool> HoldAndTellScheduler(string gate, CancellationToken token);

    [ResponseTimeout("00:00:01")]
    [Alias("CallBack")]
    Task CallBack(ICallGrain other, ICallGrain back);

    [ResponseTimeout("00:00:01")]
    [Alias("CallOn")]
    Task CallOn(ICallGrain other);

    [ResponseTimeout("00:00:01")]
    [Alias("Touch")]
    Task Touch();

    [Alias("ContextValue")]
    Task<string?> ContextValue(string name);

    [Alias("ContextValueThere")]
    Task<string?> ContextValueThere(ICallGrain other, string name);

    [Alias("Sum")]
    ValueTask<int> Sum(int left, int right);

    [Alias("Quiet")]
    ValueTask Quiet();

    [Alias("Self")]
    Task<ICallGrain> Self();

    [Alias("Identity")]
    Task<GrainId> Identity();
}

/// <summary>An exception of the application.</summary>
[GenerateSerializer]
[Alias("caur.tests.CallFailedException")]
public sealed class CallFailedException(string message, Exception cause) : Exception(message, cause);

public sealed class CallGrain : Grain, ICallGrain
{
    private readonly List<string> _ended = [];

    public Task Fail(string message) => throw new KeyNotFoundException(message);

    public async Task<int> FailAfterAwait(string message)
    {
        await Task.Yield();
        throw new KeyNotFoundException(message);
    }

    public Task FailWithCause(string message) => throw new CallFailedException(message, new KeyNotFoundException("the cause"));

    public async ValueTask<int> FailThere(ICallGrain other, string message) => await other.FailAfterAwait(message);

    public Task HoldCancellableThere(ICallGrain other, string gate, CancellationToken token) => other.HoldCancellable(gate, token);

    public Task Chain(List<ICallGrain> others) => others is [var next, .. var rest] ? next.Chain(rest) : Task.CompletedTask;

    public Task HoldThrough(ICallGrain other, ICallGrain back, string gate) => other.HoldBeside(back, gate);

    public async Task HoldAndCall(string gate, ICallGrain other)
    {
        await Gate.Named(gate).PassAsync();
        await other.Touch();
    }

    public Task HoldBeside(ICallGrain other, string gate) => other.HoldInterleaving(gate);

    public Task HoldInterleaving(string gate) => HoldForASecond(gate);

    public async Task HoldForASecond(string gate)
    {
        await Gate.Named(gate).PassAsync();
        _ended.Add(gate);
    }

    public Task<IReadOnlyList<string>> Ended() => Task.FromResult<IReadOnlyList<string>>(_ended);

    public async Task HoldCancellable(string gate, CancellationToken token)
    {
        try
        {
            await Gate.Named(gate).PassAsync().WaitAsync(token);
        }
        catch (OperationCanceledException)
        {
            _ended.Add($"{gate} cancelled");
            throw;
        }
    }

    public async Task<bool> HoldAndTellScheduler(string gate, CancellationToken token)
    {
        var mine = TaskScheduler.Current;
        var told = new TaskCompletionSource<bool>();
        using var registration = token.Register(() => told.TrySetResult(TaskScheduler.Current == mine));
        await Gate.Named(gate).PassAsync().WaitAsync(CancellationToken.None);
        var same = await told.Task;
        _ended.Add($"{gate} {same}");
        return same;
    }

    public Task CallBack(ICallGrain other, ICallGrain back) => other.CallOn(back);

    public Task CallOn(ICallGrain other) => other.Touch();

    public Task Touch() => Task.CompletedTask;

    public Task<string?> ContextValue(string name) => Task.FromResult(RequestContext.Get(name) as string);

    public async Task<string?> ContextValueThere(ICallGrain other, string name)
    {
        var there = await other.ContextValue(name);
        RequestContext.Set(name, "changed by the callee");
        return there;
    }

    public ValueTask<int> Sum(int left, int right) => ValueTask.FromResult(left + right);

    public ValueTask Quiet() => ValueTask.CompletedTask;

    public Task<ICallGrain> Self() => Task.FromResult(this.AsReference<ICallGrain>());

    public Task<GrainId> Identity() => Task.FromResult(this.GetGrainId());
}
