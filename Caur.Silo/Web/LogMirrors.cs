using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Caur.Silo.Web;

/// <summary>The logs that are being followed: one mirror for each, for as long as somebody reads it and a while longer.</summary>
internal sealed partial class LogMirrors(
    HubConnection hub, DiskCache cache, IOptions<WebOptions> options, TimeProvider clock, ILogger<LogMirrors> logger) : IHostedService, IAsyncDisposable
{
    /// <summary>After the cache could not be written, logs come straight from the hub for so long.</summary>
    private static readonly TimeSpan WithoutCache = TimeSpan.FromSeconds(30);

    private readonly Dictionary<string, Mirrored> _mirrors = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _end = new();
    private DateTimeOffset _notBefore = DateTimeOffset.MinValue;

    /// <summary>What a finished log is kept under.</summary>
    public string KeyOf(string build) => $"log {hub.Server} {build}";

    /// <summary>Reads a log that is being followed.</summary>
    /// <param name="build">Whose.</param>
    /// <param name="caller">For whom the hub is asked, if it is not yet; null to begin nothing new.</param>
    /// <returns>To be disposed of when it is read; null when there is none and none can be made.</returns>
    public Reading? Enter(string build, Caller? caller)
    {
        lock (_lock)
        {
            if (!_mirrors.TryGetValue(build, out var mirrored))
            {
                if (caller is null || clock.GetUtcNow() < _notBefore || _end.IsCancellationRequested)
                {
                    return null;
                }

                try
                {
                    mirrored = new Mirrored(new LogMirror(build, cache.Begin(KeyOf(build)), hub, caller, clock, logger), _end.Token);
                }
                catch (Exception error) when (error is IOException or UnauthorizedAccessException)
                {
                    _notBefore = clock.GetUtcNow() + WithoutCache;
                    LogNotMirrored(logger, build, error.Message);
                    return null;
                }

                _mirrors[build] = mirrored;
                mirrored.Run = RunAsync(build, mirrored);
            }

            mirrored.Mirror.Readers++;
            return new Reading(mirrored.Mirror, () => Leave(build, mirrored));
        }
    }

    Task IHostedService.StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    async Task IHostedService.StopAsync(CancellationToken cancellationToken)
    {
        await _end.CancelAsync();
        Task[] running;
        lock (_lock)
        {
            running = [.. _mirrors.Values.Select(static one => one.Run)];
        }

        await Task.WhenAll(running).WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public ValueTask DisposeAsync()
    {
        _end.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task RunAsync(string build, Mirrored mirrored)
    {
        // Not under the lock of who began it.
        await Task.Yield();
        await mirrored.Mirror.FollowAsync(mirrored.Stop.Token);
        lock (_lock)
        {
            // From now on it is in the cache, or a new reader begins anew.
            Forget(build, mirrored);
            mirrored.IsOver = true;
            if (mirrored.Mirror.Now.Broken is InvalidDataException { InnerException: IOException })
            {
                _notBefore = clock.GetUtcNow() + WithoutCache;
            }

            if (mirrored.Mirror.Readers == 0)
            {
                mirrored.Dispose();
            }
        }
    }

    private void Leave(string build, Mirrored mirrored)
    {
        lock (_lock)
        {
            if (--mirrored.Mirror.Readers > 0)
            {
                return;
            }

            if (mirrored.IsOver)
            {
                mirrored.Dispose();
                return;
            }
        }

        _ = LingerAsync(build, mirrored);
    }

    /// <summary>A page that is loaded again, or a reader whose connection broke, finds what is here.</summary>
    private async Task LingerAsync(string build, Mirrored mirrored)
    {
        await Task.Delay(options.Value.LingerFor, clock, _end.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_lock)
        {
            if (mirrored.Mirror.Readers == 0 && !mirrored.IsOver)
            {
                // Nobody finds it any more before it has ended.
                Forget(build, mirrored);
                mirrored.Stop.Cancel();
            }
        }
    }

    private void Forget(string build, Mirrored mirrored)
    {
        if (_mirrors.GetValueOrDefault(build) == mirrored)
        {
            _mirrors.Remove(build);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The log of {Build} comes straight from the hub: {Problem}")]
    private static partial void LogNotMirrored(ILogger logger, string build, string problem);

    /// <summary>A mirror that somebody reads.</summary>
    internal sealed class Reading(LogMirror mirror, Action leave) : IDisposable
    {
        public LogMirror Mirror { get; } = mirror;

        public void Dispose() => leave();
    }

    private sealed class Mirrored(LogMirror mirror, CancellationToken end) : IDisposable
    {
        public LogMirror Mirror { get; } = mirror;

        public CancellationTokenSource Stop { get; } = CancellationTokenSource.CreateLinkedTokenSource(end);

        public Task Run { get; set; } = Task.CompletedTask;

        /// <summary>It grows no more.</summary>
        public bool IsOver { get; set; }

        public void Dispose()
        {
            Mirror.Dispose();
            Stop.Dispose();
        }
    }
}
