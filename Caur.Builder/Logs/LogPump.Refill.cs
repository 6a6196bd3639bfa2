using System.Text;
using Caur.Builder.Timing;
using Caur.Protocol.Builders;

namespace Caur.Builder.Logs;

internal sealed partial class LogPump
{
    /// <summary>Sends bytes again that are older than the window: a hub that lost its machine may have lost the end of its file.</summary>
    /// <param name="at">The offset that is wanted, as this side counts.</param>
    /// <param name="windowStart">Where the window takes over.</param>
    /// <param name="backoff">Between tries.</param>
    /// <returns>False when the attempt turned out stale.</returns>
    private async Task<bool> RefillAsync(long at, long windowStart, Backoff backoff)
    {
        await using (var output = await ReopenAsync(at))
        {
            var buffer = new byte[LogChunk.MaxBytes];
            while (output is not null && at < windowStart)
            {
                var read = await ReadAsync(output, buffer.AsMemory(0, (int)Math.Min(buffer.Length, windowStart - at)));
                if (read == 0)
                {
                    break;
                }

                var chunk = new LogChunk
                {
                    Attempt = _attempt,
                    Sequence = _sequence++,
                    Offset = at,
                    Bytes = buffer.AsSpan(0, read).ToArray(),
                };
                if ((await SendAsync(chunk, backoff)).Status == LogStatus.Stale)
                {
                    return false;
                }

                at += read;
            }
        }

        return at >= windowStart || await SendLossAsync(at, windowStart, backoff);
    }

    /// <summary>What is gone for good keeps its place: a line says so, and zero bytes, which a terminal does not show, fill the rest. Offsets
    /// then mean the same to this agent, to the next one that takes the attempt over, and to whoever had read those bytes before.</summary>
    private async Task<bool> SendLossAsync(long at, long end, Backoff backoff)
    {
        LogLost(_logger, _attempt, at, end);
        var line = Encoding.UTF8.GetBytes($"\u001b[0m\r\n==> {end - at} bytes of the log were lost here\r\n");
        for (var from = at; from < end; from += LogChunk.MaxBytes)
        {
            var bytes = new byte[Math.Min(LogChunk.MaxBytes, end - from)];
            if (from == at)
            {
                line.AsSpan(0, Math.Min(line.Length, bytes.Length)).CopyTo(bytes);
            }

            var chunk = new LogChunk { Attempt = _attempt, Sequence = _sequence++, Offset = from, Bytes = bytes };
            if ((await SendAsync(chunk, backoff)).Status == LogStatus.Stale)
            {
                return false;
            }
        }

        return true;
    }

    private async Task<Stream?> ReopenAsync(long offset)
    {
        try
        {
            return _reopen is null ? null : await _reopen(offset, _stop.Token);
        }
        catch (Exception error) when (!_stop.IsCancellationRequested)
        {
            LogNotReopened(_logger, _attempt, error.Message);
            return null;
        }
    }

    private async Task<int> ReadAsync(Stream output, Memory<byte> buffer)
    {
        try
        {
            return await output.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, _stop.Token);
        }
        catch (Exception error) when (!_stop.IsCancellationRequested)
        {
            LogNotReopened(_logger, _attempt, error.Message);
            return 0;
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The output of {Attempt} could not be read again: {Problem}")]
    private static partial void LogNotReopened(ILogger logger, AttemptRef attempt, string problem);
}
