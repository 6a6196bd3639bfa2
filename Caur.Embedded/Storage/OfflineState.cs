using System.Globalization;
using Caur.Embedded.Reminders;
using Caur.Embedded.Storage;

namespace Caur.Embedded;

/// <summary>The state database while no engine runs on it, for moving what it holds. Nothing here keeps a hub away: whoever opens it has to.
/// For one thread at a time.</summary>
public sealed class OfflineState : IDisposable
{
    private const int Page = 64;

    private const string Insert = "INSERT INTO grain_state(storage, grain, name, etag, data, crc) VALUES(?1, ?2, ?3, ?4, ?5, ?6)";
    private const string InsertReminder = "INSERT INTO reminder(grain, name, first_due, period, next_due) VALUES(?1, ?2, ?3, ?4, ?5)";

    private readonly SqliteConnection _connection;
    private readonly string _path;
    private readonly bool _hasChecksums;

    private OfflineState(SqliteConnection connection, string path, int schema)
    {
        (_connection, _path) = (connection, path);
        _hasChecksums = schema > 1;
    }

    /// <summary>Opens a file for reading; nothing of it is changed, not even an older schema.</summary>
    /// <exception cref="StateDatabaseException">There is none, or it is damaged, something else, or of a newer program.</exception>
    public static OfflineState OpenToRead(string path) =>
        !File.Exists(path) ? throw new StateDatabaseException($"There is no state database {Path.GetFullPath(path)}: no farm has run there.")
            : Open(path, readOnly: true, StateFile.Verify);

    /// <summary>Opens a file for writing, and makes it unless it is there.</summary>
    /// <exception cref="StateDatabaseException">It cannot be used.</exception>
    public static OfflineState OpenToWrite(string path) => Open(path, readOnly: false, PrepareToWrite);

    /// <summary>How many records and reminders there are.</summary>
    /// <exception cref="StateDatabaseException">The file cannot be read.</exception>
    public (long Records, long Reminders) Count() => Guard(() => (Number("grain_state"), Number("reminder")));

    /// <summary>All records, ordered by grain and name, a few of them in memory at a time.</summary>
    /// <param name="storage">The storage that they are in.</param>
    /// <exception cref="StateDatabaseException">The file cannot be read, or it has a record in another storage, which would be left behind.</exception>
    public IEnumerable<StoredRecord> Records(string storage)
    {
        var last = (Grain: "", Name: "", Storage: "");
        while (true)
        {
            var page = Guard(() => ReadPage(last));
            foreach (var (record, from) in page)
            {
                last = (record.Grain, record.Name, from);
                yield return from == storage ? record
                    : throw new StateDatabaseException(
                        $"The record '{record.Name}' of {record.Grain} in {_path} is in the storage '{from}', which no farm has.");
            }

            if (page.Count < Page)
            {
                yield break;
            }
        }
    }

    /// <summary>All reminders.</summary>
    /// <param name="onDamaged">Told of each row that cannot be one.</param>
    /// <exception cref="StateDatabaseException">The file cannot be read.</exception>
    public IReadOnlyList<StoredReminder> Reminders(Action<DamagedReminder> onDamaged) => Guard(() =>
    {
        var all = new List<StoredReminder>();
        foreach (var found in ReminderTable.Read(
            _connection, (grain, name, fault) => onDamaged(new DamagedReminder(grain, name, fault))))
        {
            all.Add(new StoredReminder(
                found.Grain.ToString(), found.ReminderName, Time(found.FirstDue), TimeSpan.FromTicks(found.Period), Time(found.NextDue)));
        }

        return all;
    });

    /// <summary>Begins to write: until <see cref="Commit"/> nothing of it is there, also when the process dies.</summary>
    /// <exception cref="StateDatabaseException">The file cannot be written.</exception>
    public void Begin() => Guard(() => Run("BEGIN IMMEDIATE"));

    /// <summary>Adds a record that is not there yet; one that is not sound stays so.</summary>
    /// <exception cref="StateDatabaseException">The file cannot be written.</exception>
    public void Add(string storage, StoredRecord record) => Guard(() =>
    {
        var crc = Checksum.Of(record.Data.Span);
        using var statement = _connection.Prepare(Insert)
            .Bind(1, storage).Bind(2, record.Grain).Bind(3, record.Name).Bind(4, Random.Shared.NextInt64(1, long.MaxValue))
            .Bind(5, record.Data.Span).Bind(6, record.IsSound ? crc : ~crc);
        return statement.Step();
    });

    /// <summary>Adds a reminder that is not there yet.</summary>
    /// <exception cref="StateDatabaseException">The file cannot be written.</exception>
    public void Add(StoredReminder reminder) => Guard(() =>
    {
        using var statement = _connection.Prepare(InsertReminder)
            .Bind(1, reminder.Grain).Bind(2, reminder.Name)
            .Bind(3, reminder.FirstDue.Ticks).Bind(4, reminder.Period.Ticks).Bind(5, reminder.NextDue.Ticks);
        return statement.Step();
    });

    /// <summary>All that was added is there, durably, or nothing is.</summary>
    /// <exception cref="StateDatabaseException">Nothing is.</exception>
    public void Commit() => Guard(() => Run("COMMIT"));

    /// <summary>Closes the file; what was not committed was never there.</summary>
    public void Dispose() => _connection.Dispose();

    private static DateTime Time(long ticks) => new(ticks, DateTimeKind.Utc);

    private static int PrepareToWrite(SqliteConnection connection, string path)
    {
        StateFile.Check(connection, path);
        // FULL, as a farm writes: what was committed is on the disk.
        connection.Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;");
        return StateFile.SchemaVersion;
    }

    private static OfflineState Open(string path, bool readOnly, Func<SqliteConnection, string, int> check)
    {
        var full = Path.GetFullPath(path);
        SqliteConnection? connection = null;
        try
        {
            if (!readOnly)
            {
                StateFile.MakeIfMissing(full);
            }

            connection = new SqliteConnection(full, readOnly);
            return new OfflineState(connection, full, check(connection, full));
        }
        catch (Exception error)
        {
            connection?.Dispose();
            if (error is SqliteFailureException or IOException or UnauthorizedAccessException)
            {
                throw Failure(full, error);
            }

            throw;
        }
    }

    private static StateDatabaseException Failure(string path, Exception error) =>
        new($"The state database {path} cannot be used: {error.Message}", error);

    private long Number(string table) => long.Parse(_connection.Scalar($"SELECT count(*) FROM {table}")!, CultureInfo.InvariantCulture);

    private bool Run(string statement)
    {
        _connection.Execute(statement);
        return true;
    }

    private List<(StoredRecord Record, string Storage)> ReadPage((string Grain, string Name, string Storage) after)
    {
        var page = new List<(StoredRecord, string)>(Page);
        using var row = _connection.Prepare(string.Create(
                CultureInfo.InvariantCulture,
                $"SELECT grain, name, storage, data, {(_hasChecksums ? "crc" : "NULL")} FROM grain_state WHERE (grain, name, storage) > (?1, ?2, ?3) ORDER BY grain, name, storage LIMIT {Page}"))
            .Bind(1, after.Grain).Bind(2, after.Name).Bind(3, after.Storage);
        while (row.Step())
        {
            var data = row.Bytes(3);
            var isSound = row.IsNull(4) || (uint)row.Integer(4) == Checksum.Of(data);
            page.Add((new StoredRecord(row.Text(0), row.Text(1), data, isSound), row.Text(2)));
        }

        return page;
    }

    private T Guard<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (SqliteFailureException error)
        {
            throw Failure(_path, error);
        }
    }
}
