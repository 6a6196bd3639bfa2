using System.Globalization;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Logs;
using Caur.Contracts.Queue;
using Caur.Storage.Logs;
using Caur.Storage.State;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Caur.Silo.Hub;

/// <summary>Looks through the log files now and then: ends those whose builds are over, and removes what retention does not keep.</summary>
internal sealed partial class LogSweeper(
    BuildLogStore logs, IGrainFactory grains, TimeProvider clock, ILogger<LogSweeper> logger, LogRetention? retention = null)
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

            try
            {
                await AttendAsync(id);
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                // One log must not keep the others from their end, nor the disk from its room.
                LogNotAttended(logger, id, exception);
            }
        }

        var removed = await logs.SweepAsync(retention ?? new LogRetention(), clock.GetUtcNow(), cancellationToken);
        if (removed > 0)
        {
            LogRemoved(logger, removed);
        }

        return removed;
    }

    private async Task AttendAsync(BuildId id)
    {
        var build = grains.GetGrain<IBuildGrain>(id.ToString());
        try
        {
            if (await build.GetAsync() is not { } view)
            {
                return;
            }

            if (view.State.IsFinal() || view.State == BuildState.Publishing)
            {
                // It writes the last line that a crash kept from the log, or asks how its publication stands.
                await build.ReconcileAsync();
            }
            else if (!await IsQueuedAsync(id))
            {
                // The queue's record of it could not be read: nobody else will ever end it.
                await build.CloseAsync(view.Request, new FinalVerdict(BuildState.SystemError, "the queue lost its record"));
            }
        }
        catch (Exception exception) when (StateDamage.Find(exception) is { } damage)
        {
            // While the queue has it, the queue ends it; afterwards there is nobody else to do it.
            if (!await IsQueuedAsync(id))
            {
                await grains.GetGrain<IBuildLogGrain>(id.ToString())
                    .EndAsync(int.MaxValue, $"How the build ended is not known: its record cannot be read ({damage}).", final: true);
            }
        }
    }

    private async Task<bool> IsQueuedAsync(BuildId id) => await grains.GetGrain<IBuildQueueGrain>(id.Arch).FindAsync(id) is not null;

    [LoggerMessage(Level = LogLevel.Warning, Message = "The log of {Build} could not be looked after")]
    private static partial void LogNotAttended(ILogger logger, BuildId build, Exception exception);

    [LoggerMessage(Level = LogLevel.Information, Message = "Retention removed {Count} old logs")]
    private static partial void LogRemoved(ILogger logger, int count);
}
