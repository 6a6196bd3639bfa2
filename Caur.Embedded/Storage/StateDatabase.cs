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
    /// <summary>What this program writes. A file with a greater number is not touched.</summary>
    public const int SchemaVersion = 1;

    private const string Schema = """
        CREATE TABLE IF NOT EXISTS schema_version(version INTEGER NOT NULL);
        CREATE TABLE IF NOT EXISTS grain_state(
            storage TEXT NOT NULL, grain TEXT NOT NULL, name TEXT NOT NULL, etag INTEGER NOT NULL, data BLOB NOT NULL,
            PRIMARY KEY(grain, name, storage)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS reminder(
            grain TEXT NOT NULL, name TEXT NOT NULL, first_due INTEGER NOT NULL, period INTEGER NOT NULL, next_due INTEGER NOT NULL,
            PRIMARY KEY(grain, name)) WITHOUT ROWID;
        """;

    private readonly string _path;
    private readonly ConcurrentBag<SqliteConnection> _readers = [];
    private readonly StateWriter _writer;
    private volatile bool _isDisposed;

    /// <summary>Opens or makes the file. Throws <see cref="StateDatabaseException"/> when it cannot, or its schema is newer.</summary>
    public StateDatabase(string path, EngineInstruments instruments, ILogger logger)
    {
        _path = Path.GetFullPath(path);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            using (var connection = OpenWriter())
            {
                Prepare(connection);
            }
        }
        catch (Exception error) when (error is SqliteFailureException or IOException or UnauthorizedAccessException)
        {
            throw new StateDatabaseException($"The state database {_path} cannot be used: {error.Message}", error);
        }

        _writer = new StateWriter(OpenWriter, instruments, logger);
    }

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
        var connection = new SqliteConnection(_path, readOnly: false);
        try
        {
            // FULL syncs the log at every commit; with NORMAL, a commit that was answered could be lost with the power.
            connection.Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;");
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void Prepare(SqliteConnection connection)
    {
        connection.Execute("BEGIN IMMEDIATE");
        var isNew = connection.Scalar("SELECT 1 FROM sqlite_master WHERE name='schema_version'") is null;
        var found = isNew ? null : connection.Scalar("SELECT version FROM schema_version");
        if (found is not null && int.Parse(found, CultureInfo.InvariantCulture) > SchemaVersion)
        {
            throw new StateDatabaseException(
                $"The state database {_path} has schema {found}; this program knows up to {SchemaVersion}. Use the newer program, or its backup.");
        }

        connection.Execute(Schema);
        if (found is null)
        {
            connection.Execute(string.Create(CultureInfo.InvariantCulture, $"INSERT INTO schema_version VALUES({SchemaVersion})"));
        }

        connection.Execute("COMMIT");
    }
}
