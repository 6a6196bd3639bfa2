namespace Caur.Silo.Cli;

/// <summary>Reads a log over a connection that may break: it goes on at the byte where it stopped, of the same build.</summary>
internal sealed class LogReader(FarmClient farm, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>How long a hub may be away before the reading ends.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Told when the connection breaks.</summary>
    public Action<string> Note { get; init; } = _ => { };

    /// <summary>Reads from the first byte on.</summary>
    /// <param name="pkgbase">Whose log.</param>
    /// <param name="timestamp">Of which build; null for the newest there is now.</param>
    /// <param name="follow">False ends with what is there; true with the log's end.</param>
    /// <param name="sink">Gets every byte once, in order. An <see cref="IOException"/> of it becomes <see cref="OutputClosedException"/>.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="FarmException">There is no such log, or the hub is away for too long.</exception>
    public async Task ReadAsync(
        string pkgbase,
        long? timestamp,
        bool follow,
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> sink,
        CancellationToken cancellationToken)
    {
        var buffer = new byte[64 * 1024];
        var offset = 0L;
        var pause = FirstPause;
        long? broken = null;
        var connected = false;
        while (true)
        {
            FarmException failure;
            try
            {
                using var log = await farm.OpenLogAsync(pkgbase, timestamp, offset, follow, cancellationToken);
                connected = true;
                timestamp ??= log.Build?.Timestamp;
                while (true)
                {
                    var read = await log.Bytes.ReadAsync(buffer, cancellationToken);
                    if (read == 0)
                    {
                        return;
                    }

                    await WriteAsync(sink, buffer.AsMemory(0, read), cancellationToken);
                    offset += read;
                    pause = FirstPause;
                    broken = null;
                }
            }
            catch (FarmException error) when (error.IsTransient && connected && follow)
            {
                failure = error;
            }
            catch (Exception error) when (error is HttpRequestException or IOException)
            {
                failure = farm.Http.Unreachable(error);
                if (!follow)
                {
                    throw failure;
                }
            }

            if (broken is null)
            {
                Note($"The connection broke after {offset} bytes. Going on from there as soon as the farm answers.");
            }

            broken ??= time.GetTimestamp();
            if (time.GetElapsedTime(broken.Value) > Patience)
            {
                throw failure;
            }

            await Task.Delay(pause, time, cancellationToken);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private static async ValueTask WriteAsync(
        Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> sink, ReadOnlyMemory<byte> piece, CancellationToken cancellationToken)
    {
        try
        {
            await sink(piece, cancellationToken);
        }
        catch (IOException error)
        {
            throw new OutputClosedException(error);
        }
    }
}

/// <summary>What is read cannot be written any more.</summary>
/// <param name="inner">What the output said.</param>
internal sealed class OutputClosedException(IOException inner) : Exception(inner.Message, inner)
{
    /// <summary>EPIPE, which is the same on every Linux.</summary>
    private const int BrokenPipe = 32;

    /// <summary>True when whoever read the output went away; false when bytes that somebody wants are lost, as on a full disk.</summary>
    public bool IsReaderGone { get; } = inner.HResult == BrokenPipe;
}
