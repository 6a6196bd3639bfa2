using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Silo.Cli;

namespace Caur.Silo.Demo;

/// <summary>Shows the logs of builds while they run, each line with its package in front.</summary>
internal sealed class DemoLogs(FarmClient farm, DemoSay say, TimeProvider time, CancellationToken cancellationToken)
{
    /// <summary>More than people can read at once.</summary>
    private const int MaxAtOnce = 4;

    /// <summary>How long the last lines of a build that is over may take.</summary>
    private static readonly TimeSpan LastLines = TimeSpan.FromSeconds(10);

    private readonly HashSet<BuildId> _seen = [];
    private readonly List<Task> _streams = [];
    private int _running;

    /// <summary>Begins to show a build's log when a builder has it.</summary>
    public void Changed(BuildProgress status)
    {
        if (status.State is null or BuildState.Waiting or BuildState.Assigned || status.Attempts == 0
            || _running >= MaxAtOnce || !_seen.Add(status.Build))
        {
            return;
        }

        Interlocked.Increment(ref _running);
        _streams.Add(ShowAsync(status.Build));
    }

    /// <summary>Waits for the last lines.</summary>
    public async Task EndAsync()
    {
        try
        {
            await Task.WhenAll(_streams).WaitAsync(LastLines, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // A log that is not finished though its build is: nothing that the demo should wait for.
        }
    }

    private async Task ShowAsync(BuildId build)
    {
        try
        {
            var first = true;
            var lines = new PlainLines(line =>
            {
                // The first line says when it was queued, which is not news here; makepkg's details are for whoever reads the whole log.
                if (!first && !line.StartsWith("  ->", StringComparison.Ordinal))
                {
                    say.Line(build.Pkgbase, line);
                }

                first = false;
            });
            await new LogReader(farm, time).ReadAsync(
                build.Pkgbase,
                build.Timestamp,
                follow: true,
                (piece, _) =>
                {
                    lines.Add(piece.Span);
                    return ValueTask.CompletedTask;
                },
                cancellationToken);
            lines.End();
        }
        catch (FarmException error)
        {
            say.Note($"the log of {build.Pkgbase}: {error.Message.Split('\n')[0]}");
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The demo ends.
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }
}
