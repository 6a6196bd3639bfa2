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
                    Offset = at - _lost,
                    Bytes = buffer.AsSpan(0, read).ToArray(),
                };
                if ((await SendAsync(chunk, backoff)).Status == LogStatus.Stale)
                {
                    return false;
                }

                at += read;
            }
        }

        if (at < windowStart)
        {
            // The rest is gone for good. The far side counts on without it, and a line stands where it was.
            LogLost(_logger, _attempt, at, windowStart);
            var marker = Encoding.UTF8.GetBytes($"\u001b[0m\r\n==> {windowStart - at} bytes of the log were lost here\r\n");
            var chunk = new LogChunk { Attempt = _attempt, Sequence = _sequence++, Offset = at - _lost, Bytes = marker };
            if ((await SendAsync(chunk, backoff)).Status == LogStatus.Stale)
            {
                return false;
            }

            _lost += windowStart - at - marker.Length;
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
