using System.Text;
using Caur.Storage.Files;
using Microsoft.Win32.SafeHandles;

namespace Caur.Storage.Logs;

/// <summary>The sole appender of one log. Calls may come from several threads; they take turns.</summary>
/// <remarks>The file's length is the truth: nothing else says how much of the log there is, so there is nothing that could disagree
/// with it after a crash. Appended bytes are in the operating system's hands when an append answers (they survive a kill -9 of this
/// process); they are synced when <see cref="BuildLogOptions.SyncEveryBytes"/> says so, by <see cref="SyncAsync"/>, and always before the
/// log counts as finished. A power cut may leave the file shorter than it was: whoever knows how long it was calls
/// <see cref="PadAsync"/>, so that an offset never means other bytes than before.</remarks>
public sealed class BuildLogWriter : IAsyncDisposable
{
    private readonly BuildLogStore _store;
    private readonly SafeFileHandle _handle;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private long _length;
    private long _unsynced;
    private bool _finished;
    private bool _superseded;
    private bool _nameSynced;
    private bool _disposed;

    internal BuildLogWriter(BuildLogStore store, LogKey key, SafeFileHandle handle, bool finished)
    {
        _store = store;
        _handle = handle;
        _length = RandomAccess.GetLength(handle);
        // Whether an earlier writer synced what is there, nobody knows.
        _unsynced = finished ? 0 : _length;
        _finished = finished;
        Key = key;
    }

    /// <summary>Which log.</summary>
    public LogKey Key { get; }

    /// <summary>Bytes in the log: the offset that is wanted next.</summary>
    public long Length => Interlocked.Read(ref _length);

    /// <summary>True when nothing can be added any more.</summary>
    public bool Finished => Volatile.Read(ref _finished);

    /// <summary>Appends bytes, and tells the followers. Repeating a call changes nothing; a call that overlaps the end adds what is new.</summary>
    /// <param name="offset">Where the first byte stands in the log, 0 or more.</param>
    /// <param name="bytes">Any number, also none.</param>
    /// <param name="cancellationToken">Ends the wait for one's turn, not a write that began.</param>
    /// <exception cref="IOException">The disk is full or broken. A part may have been written; <see cref="Length"/> says how much.</exception>
    public async Task<LogAppendResult> AppendAsync(long offset, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_superseded || _disposed)
            {
                return new LogAppendResult(LogAppendStatus.Superseded, _length);
            }

            if (offset > _length)
            {
                return new LogAppendResult(_finished ? LogAppendStatus.Finished : LogAppendStatus.Gap, _length);
            }

            if (offset + bytes.Length <= _length)
            {
                return new LogAppendResult(LogAppendStatus.AlreadyThere, _length);
            }

            if (_finished)
            {
                return new LogAppendResult(LogAppendStatus.Finished, _length);
            }

            await WriteAsync(bytes[(int)(_length - offset)..]);
            return new LogAppendResult(LogAppendStatus.Appended, _length);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Appends bytes at the end, wherever that is: for lines of the control plane itself.</summary>
    /// <exception cref="IOException">As for the other.</exception>
    public async Task<LogAppendResult> AppendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_superseded || _disposed || _finished)
            {
                return new LogAppendResult(_finished ? LogAppendStatus.Finished : LogAppendStatus.Superseded, _length);
            }

            await WriteAsync(bytes);
            return new LogAppendResult(LogAppendStatus.Appended, _length);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Lengthens a log that lost its end to a length that it once had: with a line that says so, and then with zero bytes, which
    /// a terminal does not show. Nothing happens when it is that long or finished.</summary>
    /// <param name="length">The length that was known.</param>
    /// <param name="cancellationToken">Ends the wait for one's turn.</param>
    /// <returns>How many bytes were missing.</returns>
    /// <exception cref="IOException">The disk is full or broken.</exception>
    public async Task<long> PadAsync(long length, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            var lost = length - _length;
            if (lost <= 0 || _finished || _superseded || _disposed)
            {
                return 0;
            }

            var line = Encoding.UTF8.GetBytes($"\u001b[0m\r\n==> {lost} bytes of the log were lost here\r\n");
            await WriteAsync(line.AsMemory(0, (int)Math.Min(line.Length, lost)));
            await Task.Run(() => RandomAccess.SetLength(_handle, length), CancellationToken.None);
            Interlocked.Exchange(ref _length, length);
            _store.Tail.Report(Key, _length, finished: false);
            return lost;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Makes durable what was appended so far; a new file's name goes with it on the file systems of Linux.</summary>
    /// <exception cref="IOException">The disk is broken.</exception>
    public async Task SyncAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_unsynced > 0 && !_finished && !_superseded && !_disposed)
            {
                await _store.Syncs.SyncAsync(_handle);
                _unsynced = 0;
            }
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Ends the log: syncs it, marks it finished, lets its followers end. Repeating it changes nothing. After a power cut a log
    /// with all its bytes may be unfinished again: whoever looks after unfinished logs ends it once more.</summary>
    /// <returns>False when a newer writer owns the log.</returns>
    /// <exception cref="IOException">The log is not marked.</exception>
    public async Task<bool> CompleteAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_superseded || _disposed)
            {
                return false;
            }

            if (!_finished)
            {
                await _store.Syncs.SyncAsync(_handle);
                await Task.Run(() => _store.MarkFinished(Key), CancellationToken.None);
                Volatile.Write(ref _finished, true);
            }

            _store.Tail.Report(Key, _length, finished: true);
            return true;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _turn.WaitAsync();
        try
        {
            _disposed = true;
            _handle.Dispose();
            _store.Closed(this);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>Fences this writer off: whatever it is asked from now on writes nothing. Waits for a write that began.</summary>
    internal async Task SupersedeAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        _superseded = true;
        _turn.Release();
    }

    private async Task WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        try
        {
            // Without the caller's token: a half written piece would be the caller's riddle.
            await RandomAccess.WriteAsync(_handle, bytes, _length, CancellationToken.None);
            Interlocked.Exchange(ref _length, _length + bytes.Length);
        }
        catch (IOException)
        {
            Interlocked.Exchange(ref _length, RandomAccess.GetLength(_handle));
            _store.Tail.Report(Key, _length, finished: false);
            throw;
        }

        _unsynced += bytes.Length;
        if (_store.Options.SyncEveryBytes is { } every && _unsynced >= every)
        {
            await Task.Run(() =>
            {
                FileSync.OfFile(_handle);
                if (!_nameSynced)
                {
                    _store.SyncNames(Key);
                    _nameSynced = true;
                }
            });
            _unsynced = 0;
        }

        _store.Tail.Report(Key, _length, finished: false);
    }
}
