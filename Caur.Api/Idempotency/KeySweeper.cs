using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Caur.Api.Idempotency;

/// <summary>Removes keys that are kept no longer.</summary>
internal sealed partial class KeySweeper(KeyStore store, TimeProvider clock, ILogger<KeySweeper> logger) : BackgroundService
{
    private static readonly TimeSpan SweepEvery = TimeSpan.FromHours(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Not in the way of the start.
        await Task.Yield();
        using var timer = new PeriodicTimer(SweepEvery, clock);
        do
        {
            try
            {
                store.Sweep();
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                LogNotSwept(logger, error);
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old idempotency keys could not be removed")]
    private static partial void LogNotSwept(ILogger logger, Exception exception);
}
