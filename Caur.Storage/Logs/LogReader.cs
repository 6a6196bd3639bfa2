using System.Buffers;
using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;

namespace Caur.Storage.Logs;

/// <summary>Reads one log's file, finished or not.</summary>
internal static class LogReader
{
    /// <summary>How much one follower reads at once.</summary>
    public const int PieceBytes = 64 * 1024;

    /// <summary>Opens a log under whichever of its two names it has.</summary>
    /// <returns>The handle, or null when there is no such log; and whether it was finished when it was opened.</returns>
    public static (SafeFileHandle? Handle, bool Finished) Open(string root, LogKey key)
    {
        // Live, finished, and live once more: a log that is finished between two tries is found by the next, one that is just created
        // by the last.
        foreach (var finished in (ReadOnlySpan<bool>)[false, true, false])
        {
            try
            {
                var path = LogFileNames.Path(root, key, finished);
                return (File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete), finished);
            }
            catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
            {
            }
        }

        return (null, false);
    }

    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> FollowAsync(
        string root, LogTail tail, LogKey key, long offset, ReadOnlyMemory<byte> head, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var subscription = tail.Subscribe(key);
        var (handle, finished) = Open(root, key);
        if (handle is null && head.Length == 0)
        {
            yield break;
        }

        if (handle is null && offset < head.Length)
        {
            yield return head[(int)offset..];
            offset = head.Length;
        }

        while (handle is null)
        {
            // Whoever writes first reports it.
            var news = subscription.Current;
            (handle, finished) = Open(root, key);
            if (handle is null)
            {
                await news.Next.WaitAsync(cancellationToken);
            }
        }

        using var owned = handle;
        var buffer = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            // An open file that was live may have been renamed since; then the name says so, or a report after this line does.
            finished = finished || File.Exists(LogFileNames.Path(root, key, finished: true));
            subscription.Report(RandomAccess.GetLength(handle), finished);

            while (true)
            {
                // The news first, the bytes second: what comes after the news ends its Next.
                var news = subscription.Current;
                while (offset < news.Length)
                {
                    var wanted = (int)Math.Min(PieceBytes, news.Length - offset);
                    var read = await RandomAccess.ReadAsync(handle, buffer.AsMemory(0, wanted), offset, cancellationToken);
                    if (read == 0)
                    {
                        // Told of more than this host's file system shows yet: the next report is another try.
                        break;
                    }

                    offset += read;
                    yield return buffer.AsMemory(0, read);
                }

                if (news.Finished)
                {
                    if (offset < news.Length)
                    {
                        // An end here would look like the log's own.
                        throw new IOException($"{key} ends at {offset}, before its length of {news.Length}");
                    }

                    yield break;
                }

                await news.Next.WaitAsync(cancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
