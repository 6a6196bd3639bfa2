using System.Collections.Concurrent;
using Caur.Tests.Engine.Conformance;
using Orleans;
using Orleans.Concurrency;

namespace Caur.Tests.Engine;

[Alias("caur.tests.IStormGrain")]
public interface IStormGrain : IGrainWithStringKey
{
    [Alias("Work")]
    Task<long> Work(long call, int steps, bool fail, bool end);

    [ResponseTimeout("00:00:00.020")]
    [Alias("WorkInTime")]
    Task<long> WorkInTime(long call, int steps);

    [ReadOnly]
    [Alias("Look")]
    Task<long> Look(long call, int steps);

    [AlwaysInterleave]
    [Alias("Pass")]
    Task<long> Pass(long call, int steps);

    [OneWay]
    [Alias("Drop")]
    Task Drop(long call, bool end);

    [Alias("Wait")]
    Task<long> Wait(long call, CancellationToken token);

    [Alias("Relay")]
    Task<long> Relay(long call, List<IStormGrain> others);

    [Alias("Tick")]
    Task<long> Tick(long call, TimeSpan due);

    [Alias("Tell")]
    Task<long> Tell(long call, IWatcher watcher);
}

/// <summary>What the grains of one storm saw: which calls ran, how often, and what must never be.</summary>
public sealed class Storm
{
    private static readonly ConcurrentDictionary<string, Storm> Storms = new();

    /// <summary>How often each call ran.</summary>
    public ConcurrentDictionary<long, int> Ran { get; } = new();

    /// <summary>What broke a rule, in words.</summary>
    public ConcurrentQueue<string> Broken { get; } = new();

    /// <summary>Activations of each key that are alive.</summary>
    public ConcurrentDictionary<string, int> Alive { get; } = new();

    public ConcurrentDictionary<string, int> Activated { get; } = new();

    public int Ticks;

    public static Storm Of(string key) => Storms.GetOrAdd(key.Split('/')[0], static _ => new Storm());

    public static void Forget(string name) => Storms.TryRemove(name, out _);
}

/// <summary>Thrown by calls that were asked to fail.</summary>
[GenerateSerializer]
[Alias("caur.tests.StormException")]
public sealed class StormException(string message) : Exception(message);

public sealed class StormGrain : Grain, IStormGrain
{
    private int _alone;
    private int _readers;

    private string Key => this.GetPrimaryKeyString();

    private Storm Storm => Storm.Of(Key);

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (Storm.Alive.AddOrUpdate(Key, 1, static (_, count) => count + 1) > 1)
        {
            Storm.Broken.Enqueue($"{Key} has two activations");
        }

        Storm.Activated.AddOrUpdate(Key, 1, static (_, count) => count + 1);
        await Task.Yield();
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (_alone + _readers > 0)
        {
            Storm.Broken.Enqueue($"{Key} ends ({reason.ReasonCode}) while calls run");
        }

        await Task.Yield();
        Storm.Alive.AddOrUpdate(Key, 0, static (_, count) => count - 1);
    }

    public async Task<long> Work(long call, int steps, bool fail, bool end)
    {
        if (end)
        {
            DeactivateOnIdle();
        }

        await AloneAsync(call, steps);
        return fail ? throw new StormException($"{call}") : call;
    }

    public async Task<long> WorkInTime(long call, int steps)
    {
        await AloneAsync(call, 0);
        // Some answer in time and some do not.
        await Task.Delay(TimeSpan.FromMilliseconds(steps * 5), TimeProvider.System);
        return call;
    }

    public async Task<long> Look(long call, int steps)
    {
        Count(call);
        if (_alone > 0)
        {
            Storm.Broken.Enqueue($"{Key} reads beside a writer");
        }

        _readers++;
        await StepAsync(steps);
        _readers--;
        return call;
    }

    public async Task<long> Pass(long call, int steps)
    {
        Count(call);
        await StepAsync(steps);
        return call;
    }

    public Task Drop(long call, bool end) => Work(call, 1, fail: call % 5 == 0, end);

    public async Task<long> Wait(long call, CancellationToken token)
    {
        await AloneAsync(call, 1);
        await Task.Delay(TimeSpan.FromMinutes(1), TimeProvider.System, token);
        return call;
    }

    public async Task<long> Relay(long call, List<IStormGrain> others)
    {
        Count(call);
        return others is [var next, .. var rest] ? await next.Relay(call + 1, rest) - 1 : call;
    }

    public async Task<long> Tick(long call, TimeSpan due)
    {
        await AloneAsync(call, 0);
        this.RegisterGrainTimer(
            async token =>
            {
                Interlocked.Increment(ref Storm.Ticks);
                await AloneAsync(null, 3);
            },
            due,
            due);
        return call;
    }

    public Task<long> Tell(long call, IWatcher watcher)
    {
        Count(call);
        watcher.Saw($"{call}");
        return Task.FromResult(call);
    }

    private static async Task StepAsync(int steps)
    {
        for (; steps > 0; steps--)
        {
            await Task.Yield();
        }
    }

    private void Count(long call) => Storm.Ran.AddOrUpdate(call, 1, static (_, count) => count + 1);

    // Not locked on purpose: turns of one activation may not meet here.
    private async Task AloneAsync(long? call, int steps)
    {
        if (call is { } number)
        {
            Count(number);
        }

        if (_alone++ > 0 || _readers > 0)
        {
            Storm.Broken.Enqueue($"{Key} has two turns at once");
        }

        await StepAsync(steps);
        _alone--;
    }
}
