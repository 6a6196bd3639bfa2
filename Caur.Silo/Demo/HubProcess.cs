using System.Globalization;
using Caur.Silo.Cli;

namespace Caur.Silo.Demo;

/// <summary>The demo's hub.</summary>
internal sealed class HubProcess(DemoFolders folders, TimeProvider time)
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromMinutes(2);

    private readonly DemoProcess _process = new("the hub", folders.HubLog, folders.HubRecord, time);

    public int Id => _process.Id;

    /// <inheritdoc cref="DemoProcess.StopLeftoverAsync"/>
    public Task<int?> StopLeftoverAsync() => _process.StopLeftoverAsync();

    /// <summary>Starts the hub; it need not be ready yet.</summary>
    public Task StartAsync(int port, IReadOnlyDictionary<string, string> variables, CancellationToken cancellationToken)
    {
        File.Delete(folders.HubLog);
        return _process.StartAsync(
            ["database", "--web-port", port.ToString(CultureInfo.InvariantCulture)],
            new Dictionary<string, string>(variables) { ["CAUR_DATA"] = folders.Farm },
            cancellationToken);
    }

    /// <summary>Returns when the hub is ready.</summary>
    /// <exception cref="FarmException">It ended, or takes too long; the message has the end of its log.</exception>
    public async Task ReadyAsync(FarmClient farm, CancellationToken cancellationToken)
    {
        var since = time.GetTimestamp();
        while (!await farm.IsReadyAsync(cancellationToken))
        {
            if (!_process.IsAlive)
            {
                throw await _process.FailedAsync("ended before it was ready");
            }

            if (time.GetElapsedTime(since) > StartPatience)
            {
                throw await _process.FailedAsync($"is not ready after {StartPatience.TotalMinutes:0} minutes");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), time, cancellationToken);
        }
    }

    /// <summary>Does some work, and ends it with a message when the hub ends meanwhile.</summary>
    public async Task<T> WhileAliveAsync<T>(Func<CancellationToken, Task<T>> work, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var task = work(over.Token);
        try
        {
            while (await Task.WhenAny(task, Task.Delay(TimeSpan.FromMilliseconds(500), time, cancellationToken)) != task)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (!_process.IsAlive)
                {
                    throw await _process.FailedAsync("ended in the middle of the demo");
                }
            }

            return await task;
        }
        finally
        {
            await over.CancelAsync();
            await task.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    /// <summary>Ends the hub in order.</summary>
    public Task StopAsync() => _process.StopAsync();
}
