using SQLitePCL;

namespace Caur.Embedded.Storage;

/// <summary>One connection to the database and the statements that were prepared on it. For one thread at a time.</summary>
internal sealed class SqliteConnection : IDisposable
{
    private const int BusyTimeoutMilliseconds = 10_000;

    private readonly string _path;
    private readonly sqlite3 _handle;
    private readonly Dictionary<string, sqlite3_stmt> _statements = [];

    public SqliteConnection(string path, bool readOnly)
    {
        _path = path;
        SqliteLibrary.EnsureLoaded();
        var flags = raw.SQLITE_OPEN_NOMUTEX | (readOnly ? raw.SQLITE_OPEN_READONLY : raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE);
        var code = raw.sqlite3_open_v2(path, out _handle, flags, null);
        if (code != raw.SQLITE_OK)
        {
            var text = raw.sqlite3_errmsg(_handle).utf8_to_string();
            _handle.Dispose();
            throw new SqliteFailureException(code, text, path);
        }

        raw.sqlite3_extended_result_codes(_handle, 1);
        raw.sqlite3_busy_timeout(_handle, BusyTimeoutMilliseconds);
    }

    /// <summary>Rows that the last statement changed.</summary>
    public int Changes => raw.sqlite3_changes(_handle);

    /// <summary>Whether SQLite could open the file for reading only.</summary>
    public bool IsReadOnly => raw.sqlite3_db_readonly(_handle, "main") != 0;

    public bool IsInTransaction => raw.sqlite3_get_autocommit(_handle) == 0;

    /// <summary>Runs statements that give no rows.</summary>
    public void Execute(string sql)
    {
        var code = raw.sqlite3_exec(_handle, sql, out var text);
        if (code != raw.SQLITE_OK)
        {
            throw new SqliteFailureException(code, text ?? raw.sqlite3_errstr(code).utf8_to_string(), _path);
        }
    }

    /// <summary>The first column of the first row of a query, as text.</summary>
    public string? Scalar(string sql)
    {
        using var row = Prepare(sql);
        return row.Step() ? row.Text(0) : null;
    }

    /// <summary>A statement, ready to be bound; it is kept for the next time.</summary>
    public SqliteStatement Prepare(string sql)
    {
        if (!_statements.TryGetValue(sql, out var statement))
        {
            Check(raw.sqlite3_prepare_v2(_handle, sql, out statement));
            _statements.Add(sql, statement);
        }

        return new SqliteStatement(this, statement);
    }

    public void Check(int code)
    {
        if (code is not (raw.SQLITE_OK or raw.SQLITE_ROW or raw.SQLITE_DONE))
        {
            throw new SqliteFailureException(code, raw.sqlite3_errmsg(_handle).utf8_to_string(), _path);
        }
    }

    public void Dispose()
    {
        foreach (var statement in _statements.Values)
        {
            statement.Dispose();
        }

        _handle.Dispose();
    }
}

/// <summary>A statement with its values; disposing it makes it ready for the next use.</summary>
internal readonly ref struct SqliteStatement(SqliteConnection connection, sqlite3_stmt statement)
{
    public SqliteStatement Bind(int index, string value)
    {
        connection.Check(raw.sqlite3_bind_text(statement, index, value));
        return this;
    }

    public SqliteStatement Bind(int index, long value)
    {
        connection.Check(raw.sqlite3_bind_int64(statement, index, value));
        return this;
    }

    public SqliteStatement Bind(int index, ReadOnlySpan<byte> value)
    {
        connection.Check(value.IsEmpty
            ? raw.sqlite3_bind_zeroblob(statement, index, 0)
            : raw.sqlite3_bind_blob(statement, index, value));
        return this;
    }

    /// <summary>Goes to the next row; false at the end.</summary>
    public bool Step()
    {
        var code = raw.sqlite3_step(statement);
        connection.Check(code);
        return code == raw.SQLITE_ROW;
    }

    public string Text(int column) => raw.sqlite3_column_text(statement, column).utf8_to_string();

    public bool IsNull(int column) => raw.sqlite3_column_type(statement, column) == raw.SQLITE_NULL;

    public long Integer(int column) => raw.sqlite3_column_int64(statement, column);

    public byte[] Bytes(int column) => raw.sqlite3_column_blob(statement, column).ToArray();

    public void Dispose()
    {
        raw.sqlite3_reset(statement);
        raw.sqlite3_clear_bindings(statement);
    }
}

/// <summary>SQLite refused or failed.</summary>
internal sealed class SqliteFailureException(int code, string message, string path)
    : Exception(IsOfTheFile(code)
        ? $"the file {path} is damaged: {message} (SQLite error {code}). {Advice}"
        : $"{message} (SQLite error {code})")
{
    /// <summary>What to do about a damaged file.</summary>
    public const string Advice =
        "Stop the farm, keep a copy of the file and of the files whose names begin with its name, and restore the last backup;"
        + " nothing is made anew in its place.";

    /// <summary>The extended result code.</summary>
    public int Code { get; } = code;

    /// <summary>Whether the disk or a lock was in the way and the connection itself is as good as before.</summary>
    public bool IsPassing => (Code & 0xFF) is raw.SQLITE_FULL or raw.SQLITE_BUSY;

    /// <summary>Whether the values of one statement were refused, which leaves its transaction as it was.</summary>
    public bool IsOfTheStatement => (Code & 0xFF) is raw.SQLITE_TOOBIG or raw.SQLITE_CONSTRAINT or raw.SQLITE_MISMATCH;

    private static bool IsOfTheFile(int code) => (code & 0xFF) is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB;
}
