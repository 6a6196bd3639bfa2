using Caur.Benchmarks.Running;
using Caur.Protocol.Builders;

namespace Caur.Benchmarks.Rows;

/// <summary>A builder whose builds take no time: it makes every call that an agent makes, and runs nothing in between.</summary>
internal sealed class ZeroBuilder(IBuilderSession session, string name, int slots, Func<BuildOrder, Task> onOrder, AttemptOutcome outcome)
    : IBuilderAgent, IDisposable
{
    private readonly SemaphoreSlim _wake = new(1);
    private readonly TaskCompletionSource _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Exception? _failure;
    private int _running;
    private int _mayHaveWork = 1;

    /// <summary>Completes when it has joined.</summary>
    public Task Joined => _joined.Task;

    /// <summary>Joins and builds until it is told to end.</summary>
    public async Task RunAsync(CancellationToken end)
    {
        var hello = new BuilderHello { Name = name, Instance = "0", BootId = Guid.NewGuid(), Architectures = [BenchFarm.Arch], Slots = slots };
        var reply = await session.HelloAsync(hello, this, CancellationToken.None);
        BenchRun.Check(reply.Accepted, $"{name} may not join: {reply.Reason}");
        _joined.SetResult();
        var renewals = RenewAsync(reply.RenewEvery, end);
        try
        {
            while (true)
            {
                await _wake.WaitAsync(end);
                if (_failure is { } failure)
                {
                    throw new BenchmarkFailedException($"{name}: {failure.Message}");
                }

                while (slots - Volatile.Read(ref _running) is > 0 and var free && Interlocked.Exchange(ref _mayHaveWork, 0) == 1)
                {
                    var orders = await session.TakeAsync(free, CancellationToken.None);
                    if (orders.Count > 0)
                    {
                        Volatile.Write(ref _mayHaveWork, 1);
                    }

                    Interlocked.Add(ref _running, orders.Count);
                    foreach (var order in orders)
                    {
                        _ = BuildAsync(order);
                    }
                }
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            await renewals;
        }
    }

    public void WorkAvailable() => Wake();

    public void Cancel(AttemptRef attempt, string reason)
    {
    }

    public void Drain()
    {
    }

    public void Rejoin()
    {
    }

    public void Dispose() => _wake.Dispose();

    private async Task BuildAsync(BuildOrder order)
    {
        try
        {
            await onOrder(order);
            if (await session.AcceptAsync(order.Attempt, CancellationToken.None))
            {
                await session.ProgressAsync(order.Attempt, AttemptStep.Running, CancellationToken.None);
                var archives = outcome == AttemptOutcome.Built
                    ? new[] { new ArchiveInfo($"{order.Pkgbase}-1.0-1-x86_64.pkg.tar.zst", 1, new string('0', 64)) }
                    : [];
                await session.CompleteAsync(
                    new AttemptResult { Attempt = order.Attempt, Outcome = outcome, ExitCode = 0, Archives = archives }, CancellationToken.None);
            }
        }
        catch (Exception error)
        {
            _failure = error;
        }

        Interlocked.Decrement(ref _running);
        Wake();
    }

    private async Task RenewAsync(TimeSpan every, CancellationToken end)
    {
        using var timer = new PeriodicTimer(every, TimeProvider.System);
        try
        {
            while (await timer.WaitForNextTickAsync(end))
            {
                await session.RenewAsync([], CancellationToken.None);
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // It is over.
        }
    }

    private void Wake()
    {
        Volatile.Write(ref _mayHaveWork, 1);
        if (_wake.CurrentCount == 0)
        {
            try
            {
                _wake.Release();
            }
            catch (ObjectDisposedException)
            {
                // A poke that came after the end.
            }
        }
    }
}
