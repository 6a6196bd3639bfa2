using System.Collections.Concurrent;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;

namespace Caur.Tests.Engine.Conformance;

[Alias("caur.tests.ILifeGrain")]
public interface ILifeGrain : IGrainWithStringKey
{
    [Alias("ActivationId")]
    Task<Guid> ActivationId();

    [Alias("End")]
    Task End();

    [AlwaysInterleave]
    [Alias("EndNow")]
    Task EndNow();

    [Alias("EndAndHold")]
    Task EndAndHold(string gate);

    [Alias("Hold")]
    Task Hold(string gate);

    [OneWay]
    [Alias("HoldOneWay")]
    Task HoldOneWay(string gate);

    [Alias("Mark")]
    Task<Guid> Mark(string text);

    [Alias("StartHeldTick")]
    Task StartHeldTick(string gate, TimeSpan due);

    [Alias("Stay")]
    Task Stay(TimeSpan time);

    [Alias("StartKeepAlive")]
    Task StartKeepAlive(TimeSpan period);

    [Alias("StartTimer")]
    Task StartTimer(TimeSpan period);
}

/// <summary>The same, of a class that may be idle for two minutes only.</summary>
[Alias("caur.tests.IShortLivedGrain")]
public interface IShortLivedGrain : ILifeGrain;

/// <summary>What happened to the activations of a grain, by its key; a test can make them fail.</summary>
public sealed class Life
{
    private static readonly ConcurrentDictionary<string, Life> Lives = new();

    public ConcurrentQueue<string> Events { get; } = new();

    /// <summary>How many of the next activations fail.</summary>
    public int Failures { get; set; }

    /// <summary>A gate in OnActivateAsync.</summary>
    public string? ActivationGate { get; set; }

    /// <summary>A gate in OnDeactivateAsync.</summary>
    public string? DeactivationGate { get; set; }

    /// <summary>Whether OnDeactivateAsync throws.</summary>
    public bool DeactivationFails { get; set; }

    public static Life Of(string key) => Lives.GetOrAdd(key, static _ => new Life());
}

public class LifeGrain : Grain, ILifeGrain
{
    private readonly Guid _id = Guid.NewGuid();

    private Life Life => Life.Of(this.GetPrimaryKeyString());

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        Life.Events.Enqueue("activating");
        if (Life.ActivationGate is { } gate)
        {
            await Gate.Named(gate).PassAsync();
        }

        if (Life.Failures-- > 0)
        {
            throw new InvalidDataException("this activation fails");
        }

        Life.Events.Enqueue("activated");
    }

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        if (Life.DeactivationGate is { } gate)
        {
            await Gate.Named(gate).PassAsync();
        }

        Life.Events.Enqueue($"deactivated {reason.ReasonCode}");
        if (Life.DeactivationFails)
        {
            throw new InvalidDataException("this deactivation fails");
        }
    }

    public Task<Guid> ActivationId() => Task.FromResult(_id);

    public Task End()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task EndNow() => End();

    public Task EndAndHold(string gate)
    {
        this.DeactivateOnIdle();
        return Gate.Named(gate).PassAsync();
    }

    public async Task Hold(string gate)
    {
        await Gate.Named(gate).PassAsync();
        Life.Events.Enqueue("held");
    }

    public Task HoldOneWay(string gate) => Hold(gate);

    public Task<Guid> Mark(string text)
    {
        Life.Events.Enqueue(text);
        return ActivationId();
    }

    public Task StartHeldTick(string gate, TimeSpan due)
    {
        this.RegisterGrainTimer(() => Gate.Named(gate).PassAsync(), due, Timeout.InfiniteTimeSpan);
        return Task.CompletedTask;
    }

    public Task Stay(TimeSpan time)
    {
        DelayDeactivation(time);
        return Task.CompletedTask;
    }

    public Task StartKeepAlive(TimeSpan period)
    {
        this.RegisterGrainTimer(static () => Task.CompletedTask, new GrainTimerCreationOptions(period, period) { KeepAlive = true });
        return Task.CompletedTask;
    }

    public Task StartTimer(TimeSpan period)
    {
        this.RegisterGrainTimer(static () => Task.CompletedTask, period, period);
        return Task.CompletedTask;
    }
}

[CollectionAgeLimit(Minutes = 2)]
public sealed class ShortLivedGrain : LifeGrain, IShortLivedGrain;
