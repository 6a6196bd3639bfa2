using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Caur.Embedded.Storage;

/// <summary>
/// The file that holds grain state and reminders: SQLite in WAL mode, every commit synced before it is answered, one writer and any
/// number of readers, which never wait for the writer.
/// </summary>
internal sealed class StateDatabase : IDisposable
{
    private readonly string _path;
    private readonly SqliteSettings _settings;
    private readonly ConcurrentBag<SqliteConnection> _readers = [];
    private readonly StateWriter _writer;
    private volatile bool _isDisposed;

    /// <summary>
    /// Opens or makes the file. Throws <see cref="StateDatabaseException"/> when it cannot, when the file is damaged or something else, or
    /// when its schema is newer.
    /// </summary>
    public StateDatabase(string path, EngineInstruments instruments, ILogger logger, SqliteSettings? settings = null)
    {
        _path = Path.GetFullPath(path);
        _settings = settings ?? new SqliteSettings();
        Instruments = instruments;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            StateFile.MakeIfMissing(_path);
            using var connection = Open();
            StateFile.Check(connection, _path);
            Prepare(connection);
        }
        catch (Exception error) when (error is SqliteFailureException or IOException or UnauthorizedAccessException)
        {
            throw new StateDatabaseException($"The state database {_path} cannot be used: {error.Message}", error);
        }

        _writer = new StateWriter(OpenWriter, instruments, logger);
    }

    public EngineInstruments Instruments { get; }

    /// <summary>
    /// Queues a change; the task completes when it is durable, and fails when it was refused or the commit failed, in which case nothing
    /// has changed.
    /// </summary>
    public Task<T> WriteAsync<T>(Func<SqliteConnection, T> change) => _writer.Enqueue(change);

    /// <summary>Reads what is committed.</summary>
    public T Read<T, TState>(TState state, Func<SqliteConnection, TState, T> query)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        if (!_readers.TryTake(out var connection))
        {
            connection = new SqliteConnection(_path, readOnly: true);
        }

        try
        {
            var result = query(connection, state);
            _readers.Add(connection);
            return result;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Lets queued writes end and closes the file.</summary>
    public void Dispose()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        while (_readers.TryTake(out var connection))
        {
            connection.Dispose();
        }

        _writer.Dispose();
    }

    private SqliteConnection OpenWriter()
    {
        var connection = Open();
        try
        {
            Prepare(connection);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private SqliteConnection Open()
    {
        // SQLite takes an empty file for a new one; this program never leaves one behind.
        if (new FileInfo(_path) is not { Exists: true, Length: > 0 })
        {
            throw new StateDatabaseException($"The state database {_path} is missing or empty. {SqliteFailureException.Advice}");
        }

        var connection = new SqliteConnection(_path, readOnly: false);
        if (connection.IsReadOnly)
        {
            connection.Dispose();
            throw new StateDatabaseException($"The state database {_path} cannot be written: it or its file system is read-only.");
        }

        return connection;
    }

    private void Prepare(SqliteConnection connection) => connection.Execute(string.Create(
        CultureInfo.InvariantCulture,
        $"PRAGMA journal_mode=WAL; PRAGMA synchronous={_settings.Synchronous}; PRAGMA wal_autocheckpoint={_settings.CheckpointPages};"));
}
