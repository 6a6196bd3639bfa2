using System.Globalization;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Storage.Logs;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Caur.Silo.Hub;

/// <summary>Looks through the log files now and then: ends those whose builds are over, and removes what retention does not keep.</summary>
internal sealed partial class LogSweeper(BuildLogStore logs, IGrainFactory grains, TimeProvider clock, ILogger<LogSweeper> logger)
{
    /// <summary>One look.</summary>
    /// <returns>How many logs were removed.</returns>
    public async Task<int> SweepAsync(CancellationToken cancellationToken)
    {
        foreach (var key in logs.Unattended())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!BuildId.TryParse(
                string.Create(CultureInfo.InvariantCulture, $"{key.Target}/{key.Arch}/{key.Pkgbase}/{key.Timestamp}"), null, out var id))
            {
                // No build of this farm has such a name.
                continue;
            }

            var build = grains.GetGrain<IBuildGrain>(id.ToString());
            if (await build.GetAsync() is { } view && view.State.IsFinal())
            {
                // It writes the last line that a crash kept from the log.
                await build.ReconcileAsync();
            }
        }

        var removed = await logs.SweepAsync(new LogRetention(), clock.GetUtcNow(), cancellationToken);
        if (removed > 0)
        {
            LogRemoved(logger, removed);
        }

        return removed;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Retention removed {Count} old logs")]
    private static partial void LogRemoved(ILogger logger, int count);
}
