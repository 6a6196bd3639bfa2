using Orleans;
using Orleans.Runtime;

namespace Caur.Tests.Engine.Conformance;

[Alias("caur.tests.ITimerGrain")]
public interface ITimerGrain : IGrainWithStringKey
{
    [Alias("StartTimer")]
    Task StartTimer(TimerOrder order);

    [Alias("StartSimple")]
    Task StartSimple(TimeSpan due, TimeSpan period);

    [Alias("StartStoppingItself")]
    Task StartStoppingItself(TimeSpan period);

    [Alias("StartChangingItself")]
    Task StartChangingItself(TimeSpan due, TimeSpan next);

    [Alias("StartPair")]
    Task StartPair(TimeSpan due, string gate);

    [Alias("Change")]
    Task Change(TimeSpan due, TimeSpan period);

    [Alias("Stop")]
    Task Stop();

    [Alias("Ticks")]
    Task<int> Ticks();

    [Orleans.Concurrency.AlwaysInterleave]
    [Alias("TicksNow")]
    Task<int> TicksNow();

    [Alias("Hold")]
    Task Hold(string gate);

    [Alias("Deactivate")]
    Task Deactivate();

    [Alias("ActivationId")]
    Task<Guid> ActivationId();
}

[GenerateSerializer]
[Alias("caur.tests.TimerOrder")]
public sealed record TimerOrder
{
    [Id(0)]
    public TimeSpan Due { get; init; }

    [Id(1)]
    public TimeSpan Period { get; init; }

    [Id(2)]
    public bool Interleave { get; init; }

    [Id(3)]
    public bool KeepAlive { get; init; }

    /// <summary>Each tick waits at the gate of this name and its number.</summary>
    [Id(4)]
    public string? Gate { get; init; }

    [Id(5)]
    public bool Fails { get; init; }
}

public sealed class TimerGrain : Grain, ITimerGrain
{
    private readonly Guid _id = Guid.NewGuid();
    private IGrainTimer? _timer;
    private int _ticks;

    public Task StartTimer(TimerOrder order)
    {
        _timer = this.RegisterGrainTimer(
            TickAsync,
            order,
            new GrainTimerCreationOptions { DueTime = order.Due, Period = order.Period, Interleave = order.Interleave, KeepAlive = order.KeepAlive });
        return Task.CompletedTask;
    }

    public Task StartSimple(TimeSpan due, TimeSpan period)
    {
        _timer = this.RegisterGrainTimer(
            () =>
            {
                _ticks++;
                return Task.CompletedTask;
            },
            due,
            period);
        return Task.CompletedTask;
    }

    public Task StartStoppingItself(TimeSpan period)
    {
        _timer = this.RegisterGrainTimer(
            token =>
            {
                _timer!.Dispose();
                _ticks += token.IsCancellationRequested ? 1 : 1000;
                return Task.CompletedTask;
            },
            period,
            period);
        return Task.CompletedTask;
    }

    public Task StartChangingItself(TimeSpan due, TimeSpan next)
    {
        _timer = this.RegisterGrainTimer(
            () =>
            {
                _ticks++;
                _timer!.Change(next, Timeout.InfiniteTimeSpan);
                return Task.CompletedTask;
            },
            due,
            Timeout.InfiniteTimeSpan);
        return Task.CompletedTask;
    }

    public Task StartPair(TimeSpan due, string gate)
    {
        for (var i = 0; i < 2; i++)
        {
            this.RegisterGrainTimer(
                async () =>
                {
                    var number = ++_ticks;
                    await Gate.Named($"{gate}-{number}").PassAsync();
                },
                due,
                Timeout.InfiniteTimeSpan);
        }

        return Task.CompletedTask;
    }

    public Task Change(TimeSpan due, TimeSpan period)
    {
        _timer!.Change(due, period);
        return Task.CompletedTask;
    }

    public Task Stop()
    {
        _timer!.Dispose();
        return Task.CompletedTask;
    }

    public Task<int> Ticks() => Task.FromResult(_ticks);

    public Task<int> TicksNow() => Task.FromResult(_ticks);

    public Task Hold(string gate) => Gate.Named(gate).PassAsync();

    public Task Deactivate()
    {
        DeactivateOnIdle();
        return Task.CompletedTask;
    }

    public Task<Guid> ActivationId() => Task.FromResult(_id);

    private async Task TickAsync(TimerOrder order, CancellationToken token)
    {
        _ticks++;
        if (order.Gate is not null)
        {
            await Gate.Named($"{order.Gate}-{_ticks}").PassAsync().WaitAsync(token);
        }

        if (order.Fails)
        {
            throw new InvalidOperationException("a tick that fails");
        }
    }
}
