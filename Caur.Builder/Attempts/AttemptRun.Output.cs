using Caur.Builder.Engines;
using Caur.Builder.Logs;
using Caur.Builder.Timing;

namespace Caur.Builder.Attempts;

internal sealed partial class AttemptRun
{
    private const int ReadSize = 64 * 1024;

    /// <summary>The attached stream of a container that this process started; null when it was taken over.</summary>
    private Stream? _output;

    /// <summary>Brings the container's output into the log until it has ended. A stream that breaks while the container lives, as by a
    /// restart of the engine, is replaced by the engine's own log from the same byte on.</summary>
    private async Task CopyOutputAsync(CancellationToken cancellationToken)
    {
        var buffer = new byte[ReadSize];
        var backoff = new Backoff(_services.Time);
        long received = 0;
        var follow = true;
        while (true)
        {
            try
            {
                var attached = _output is not null;
                await using var stream = _output ?? await ReadFromAsync(received, follow, cancellationToken);
                _output = null;
                while (await stream.ReadAsync(buffer, cancellationToken) is var read and > 0)
                {
                    received += read;
                    backoff.Reset();
                    _services.Instruments.OnOutput(read);
                    await _log.OutputAsync(buffer.AsMemory(0, read), cancellationToken);
                }

                if (await _services.Engine.InspectAsync(_containerId!, cancellationToken) is not { State.Running: true })
                {
                    if (attached || !follow)
                    {
                        return;
                    }

                    // The engine ends a log that is followed as soon as the container ends, though the last lines may be missing yet.
                    follow = false;
                    continue;
                }
            }
            catch (EngineException error) when (error.Failure == EngineFailure.ContainerNotFound)
            {
                return;
            }
            catch (Exception error) when (error is EngineException or IOException or HttpRequestException)
            {
                LogOutputBroke(_services.Logger, _order.Attempt, error.Message);
            }

            await backoff.WaitAsync(cancellationToken);
        }
    }

    private async Task<Stream> ReadFromAsync(long offset, bool follow, CancellationToken cancellationToken)
    {
        var logs = await _services.Engine.LogsAsync(_containerId!, tty: true, follow, cancellationToken);
        try
        {
            await SkipAsync(logs, offset, cancellationToken);
            return logs;
        }
        catch
        {
            await logs.DisposeAsync();
            throw;
        }
    }

    /// <summary>For the pump: the attempt's output from an offset, the agent's first lines before the container's.</summary>
    private async Task<Stream?> ReopenOutputAsync(long offset, CancellationToken cancellationToken)
    {
        var preamble = _log.Preamble;
        if (_containerId is null)
        {
            return offset < preamble.Length ? new MemoryStream(preamble[(int)offset..].ToArray()) : null;
        }

        var logs = await ReadFromAsync(Math.Max(0, offset - preamble.Length), follow: false, cancellationToken);
        return offset < preamble.Length ? new PrefixedStream(preamble[(int)offset..], logs) : logs;
    }

    private static async Task SkipAsync(Stream stream, long count, CancellationToken cancellationToken)
    {
        var buffer = new byte[ReadSize];
        while (count > 0)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(0, (int)Math.Min(count, buffer.Length)), cancellationToken);
            if (read == 0)
            {
                return;
            }

            count -= read;
        }
    }
}
