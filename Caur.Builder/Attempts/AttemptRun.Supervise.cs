using Caur.Builder.Engines;
using Caur.Builder.Timing;
using Caur.Protocol.Builders;

namespace Caur.Builder.Attempts;

internal sealed partial class AttemptRun
{
    /// <summary>Waits for whichever comes first: the container's end, its wall time, too long a silence, or somebody's wish; sees to it that
    /// the container ends; judges.</summary>
    private async Task<Verdict> SuperviseAsync()
    {
        using var life = CancellationTokenSource.CreateLinkedTokenSource(_control.Silenced);
        var output = CopyOutputAsync(life.Token);
        var ended = WaitForEndAsync(life.Token);
        try
        {
            var cause = await FirstCauseAsync(ended, life.Token);
            life.Token.ThrowIfCancellationRequested();
            if (cause != EndCause.Exited)
            {
                LogEnding(_services.Logger, _order.Attempt, cause);
                await EndContainerAsync(ended, cause, life.Token);
            }

            _exitCode = await EndedWithinAsync(ended, _options.Attempts.KillGrace, life.Token) ? await ended : null;
            await DrainAsync(output, life.Token);
            var state = (await _services.Engine.InspectAsync(_containerId!, life.Token))?.State;
            var end = new ContainerEnd(cause, _exitCode, state?.OOMKilled == true, cause == EndCause.Stopped ? await _control.Stop : null);
            var verdict = Verdict.Of(end, _skipCode, _timeout, _order.StallTimeout, _options.Containers.MemoryBytes);

            // A build that ran out of room says so in its own words; that it could not go on was not its fault.
            if (verdict.Outcome is AttemptOutcome.Failed or AttemptOutcome.SystemError && (NoRoom() ?? NoRoomInside(verdict)) is { } full)
            {
                return full;
            }

            if (verdict.Outcome is AttemptOutcome.Failed or AttemptOutcome.Built)
            {
                _services.Fitness.Ended();
            }

            return verdict;
        }
        finally
        {
            await life.CancelAsync();
            await Task.WhenAll(output, ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<EndCause> FirstCauseAsync(Task<int?> ended, CancellationToken cancellationToken)
    {
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            var left = _timeout - _run.Before - _services.Time.GetElapsedTime(_run.Since);
            var wall = Task.Delay(left < TimeSpan.Zero ? TimeSpan.Zero : left, _services.Time, watching.Token);
            var silence = WatchSilenceAsync(watching.Token);
            await Task.WhenAny(ended, wall, silence, _control.Stop, _pump.Stale);
            if (_pump.Stale.IsCompleted)
            {
                _control.RequestStop(StopKind.Lost, "the control plane refuses its log");
            }

            return ended.IsCompleted ? EndCause.Exited
                : _control.Stop.IsCompleted ? EndCause.Stopped
                : wall.IsCompleted ? EndCause.WallTime
                : EndCause.Silence;
        }
        finally
        {
            await watching.CancelAsync();
        }
    }

    private async Task WatchSilenceAsync(CancellationToken cancellationToken)
    {
        var limit = _order.StallTimeout;
        if (limit == TimeSpan.Zero)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, _services.Time, cancellationToken);
        }

        for (var silence = _log.Silence; silence < limit; silence = _log.Silence)
        {
            await Task.Delay(limit - silence, _services.Time, cancellationToken);
        }
    }

    /// <summary>The ladder: interrupt, terminate, kill, each with its time. Who hands back has less of it and begins at the second step;
    /// who took too long is told so first, for its own last words.
    /// The time for the log's rest and the result is nobody's grace: it comes after.</summary>
    private async Task EndContainerAsync(Task<int?> ended, EndCause cause, CancellationToken cancellationToken)
    {
        var options = _options.Attempts;
        var handedBack = cause == EndCause.Stopped && (await _control.Stop).Kind == StopKind.HandedBack;
        (string Signal, TimeSpan Grace)[] ladder =
        [
            ("SIGUSR1", options.TimeoutGrace), ("SIGINT", options.InterruptGrace), ("SIGTERM", options.TerminateGrace), ("SIGKILL", options.KillGrace),
        ];
        foreach (var (signal, grace) in ladder[(handedBack ? 2 : cause == EndCause.WallTime ? 0 : 1)..])
        {
            try
            {
                await _services.Engine.KillAsync(_containerId!, signal, cancellationToken);
            }
            catch (EngineException error)
            {
                LogEngineFailed(_services.Logger, _order.Attempt, error.Message);
            }

            if (await EndedWithinAsync(ended, grace, cancellationToken))
            {
                return;
            }
        }
    }

    /// <summary>Waits for the output's last byte, as long as bytes still come or the way to the control plane holds them up.</summary>
    private async Task DrainAsync(Task output, CancellationToken cancellationToken)
    {
        var limit = _options.Attempts.DrainTimeout;
        while (!await EndedWithinAsync(output, limit, cancellationToken) && _log.Silence < limit)
        {
        }
    }

    private async Task<bool> EndedWithinAsync(Task task, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(task, Task.Delay(limit, _services.Time, waiting.Token));
        await waiting.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
        return task.IsCompleted;
    }

    /// <summary>Returns the exit code, over restarts of the engine too; null when the container is gone.</summary>
    private async Task<int?> WaitForEndAsync(CancellationToken cancellationToken)
    {
        var backoff = new Backoff(_services.Time);
        while (true)
        {
            try
            {
                return await _services.Engine.WaitAsync(_containerId!, cancellationToken);
            }
            catch (EngineException error) when (error.Failure == EngineFailure.ContainerNotFound)
            {
                return null;
            }
            catch (EngineException error)
            {
                LogWaitBroke(_services.Logger, _order.Attempt, error.Message);
            }

            await backoff.WaitAsync(cancellationToken);
        }
    }
}
