using System.Text;
using Caur.Storage.Files;

namespace Caur.Api.Audit;

/// <summary>The record of every write: JSON lines in one file of the data folder, synced before <see cref="AppendAsync"/> returns. The hub
/// and verbs beside it may append at the same time. Lines are never changed, but those of what changed nothing are summed up when a
/// file is full (<see cref="AuditCompaction"/>), and whole files go when there are too many.</summary>
/// <param name="path">The file.</param>
/// <param name="options">How much is kept.</param>
/// <param name="clock">Gives the lines their times.</param>
public sealed class AuditLog(string path, AuditOptions options, TimeProvider clock) : IDisposable
{
    /// <summary>Only the farm's user may read who did what from where.</summary>
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly Lock _lock = new();
    private List<Waiting> _waiting = [];

    /// <summary>The end as this process left it: another file or another length means that somebody else wrote.</summary>
    private (FileIdentity File, long Length, long Seq)? _known;

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    /// <summary>Appends a line and syncs it. Those that come while one sync runs share the next.</summary>
    /// <param name="entry">Its number and time are set here.</param>
    /// <returns>The line's number.</returns>
    /// <exception cref="AuditException">Nothing was appended.</exception>
    public async Task<long> AppendAsync(AuditEntry entry)
    {
        var mine = new Waiting(entry with { At = clock.GetUtcNow() });
        lock (_lock)
        {
            _waiting.Add(mine);
        }

        await _turn.WaitAsync();
        try
        {
            List<Waiting> batch;
            lock (_lock)
            {
                (batch, _waiting) = (_waiting, []);
            }

            if (batch.Count > 0)
            {
                await WriteAsync(batch);
            }
        }
        finally
        {
            _turn.Release();
        }

        return await mine.Written.Task;
    }

    /// <summary>Reads lines in the order of their numbers.</summary>
    /// <param name="after">The number of the last line that the reader has; 0 for none.</param>
    /// <param name="limit">At most so many.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public Task<IReadOnlyList<AuditEntry>> ReadAsync(long after, int limit, CancellationToken cancellationToken) =>
        Task.Run<IReadOnlyList<AuditEntry>>(() => Read(after, limit, cancellationToken), cancellationToken);

    private async Task WriteAsync(List<Waiting> batch)
    {
        try
        {
            using var mutex = await FileMutex.TakeAsync($"{path}.lock", clock, CancellationToken.None);
            var last = await Task.Run(() => Write(batch));
            foreach (var (index, waiting) in batch.Index())
            {
                waiting.Written.SetResult(last - batch.Count + 1 + index);
            }

            if (_known is { } end && end.Length >= options.FileBytes)
            {
                await MakeRoomAsync(end.Seq);
            }
        }
        catch (Exception error)
        {
            _known = null;
            var said = error is IOException or UnauthorizedAccessException ? new AuditException(path, error) : error;
            foreach (var waiting in batch)
            {
                waiting.Written.TrySetException(said);
            }
        }
    }

    private long Write(List<Waiting> batch)
    {
        var isNew = !File.Exists(path);
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.ReadWrite,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
            UnixCreateMode = Mode,
        });
        if (isNew)
        {
            FileOwner.Inherit(path);
        }

        var length = file.Length;
        var identity = FileIdentity.Of(file.SafeFileHandle);
        var (seq, isWhole) = _known is { } known && known.File == identity && known.Length == length ? (known.Seq, true) : AuditFiles.End(path);

        // A line that a crash tore keeps its place, and the next begins on its own.
        var bytes = new MemoryStream();
        if (!isWhole)
        {
            bytes.WriteByte((byte)'\n');
        }

        foreach (var waiting in batch)
        {
            bytes.Write(AuditFiles.Line(waiting.Entry with { Seq = ++seq }));
        }

        try
        {
            file.Seek(0, SeekOrigin.End);
            file.Write(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
            file.Flush(flushToDisk: true);
        }
        catch (IOException)
        {
            TryCut(file, length);
            throw;
        }

        if (isNew)
        {
            AtomicFile.SyncFolder(Path.GetDirectoryName(path)!);
        }

        _known = (identity, length + bytes.Length, seq);
        return seq;
    }

    /// <summary>Half a line on a full disk is none. Where this fails too, the next line begins behind it on its own.</summary>
    private static void TryCut(FileStream file, long length)
    {
        try
        {
            file.SetLength(length);
        }
        catch (IOException)
        {
        }
    }

    /// <summary>Files are few, and whoever may not write must not be able to fill them: what changed nothing is summed up first, and only a
    /// file that is half full of the rest is put aside. What was written stays written where this fails: the next line tries again.</summary>
    private async Task MakeRoomAsync(long seq)
    {
        try
        {
            _known = null;
            if (await Task.Run(() => AuditCompaction.Of(path, options.FileBytes / 16)) is { } compact)
            {
                await ReplaceAsync(compact);
                if (compact.Length < options.FileBytes / 2)
                {
                    return;
                }
            }

            File.Move(path, AuditFiles.AsideName(path, seq));
            foreach (var (file, _) in AuditFiles.Aside(path).SkipLast(options.Files))
            {
                File.Delete(file);
            }

            AtomicFile.SyncFolder(Path.GetDirectoryName(path)!);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
        }
    }

    private async Task ReplaceAsync(byte[] content)
    {
        await using var file = AtomicFile.Begin(path, Mode);
        file.InheritOwner();
        await file.Stream.WriteAsync(content);
        await file.CommitAsync(CancellationToken.None);
    }

    private List<AuditEntry> Read(long after, int limit, CancellationToken cancellationToken)
    {
        while (true)
        {
            var aside = AuditFiles.Aside(path);
            try
            {
                var found = Read([.. aside.Where(file => file.Last > after).Select(file => file.Path), path], after, limit, cancellationToken);
                if (AuditFiles.Aside(path).SequenceEqual(aside))
                {
                    return found;
                }
            }
            catch (FileNotFoundException)
            {
                // It was the oldest.
            }

            // A file was put aside in between, and its lines may have been missed.
        }
    }

    private static List<AuditEntry> Read(IEnumerable<string> files, long after, int limit, CancellationToken cancellationToken)
    {
        var found = new List<AuditEntry>();
        foreach (var file in files)
        {
            if (!File.Exists(file))
            {
                continue;
            }

            using var reader = new StreamReader(
                new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete), Encoding.UTF8);
            while (found.Count < limit && reader.ReadLine() is { } line)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (AuditFiles.Seq(line) is { } seq && seq > after && AuditFiles.Parse(line) is { } entry)
                {
                    found.Add(entry);
                    after = seq;
                }
            }
        }

        return found;
    }

    private sealed record Waiting(AuditEntry Entry)
    {
        public TaskCompletionSource<long> Written { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
