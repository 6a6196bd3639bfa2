using System.Globalization;

namespace Caur.Embedded.Storage;

/// <summary>
/// The file itself. It is made whole under another name, so that a file of this name was whole once: what is empty, damaged or something
/// else is refused, and nothing is ever made anew in its place.
/// </summary>
internal static class StateFile
{
    /// <summary>What this program writes. A file with a greater number is not touched.</summary>
    public const int SchemaVersion = 2;

    private const string Schema = """
        CREATE TABLE schema_version(version INTEGER NOT NULL);
        CREATE TABLE grain_state(
            storage TEXT NOT NULL, grain TEXT NOT NULL, name TEXT NOT NULL, etag INTEGER NOT NULL, data BLOB NOT NULL, crc INTEGER,
            PRIMARY KEY(grain, name, storage)) WITHOUT ROWID;
        CREATE TABLE reminder(
            grain TEXT NOT NULL, name TEXT NOT NULL, first_due INTEGER NOT NULL, period INTEGER NOT NULL, next_due INTEGER NOT NULL,
            PRIMARY KEY(grain, name)) WITHOUT ROWID;
        """;

    // From each version to the next. Records of version 1 have no checksum until they are written again.
    private static readonly string[] Upgrades = ["ALTER TABLE grain_state ADD COLUMN crc INTEGER"];

    private static readonly string[] Beside = ["-wal", "-journal", "-shm"];

    /// <summary>Makes the file unless it is there.</summary>
    public static void MakeIfMissing(string path)
    {
        if (File.Exists(path))
        {
            return;
        }

        if (new FileInfo($"{path}-wal") is { Exists: true, Length: > 0 })
        {
            throw new StateDatabaseException(
                $"The state database {path} is missing while its log {path}-wal is there, with changes that are lost without it:"
                + " put the file back from a backup, or move the log away to begin with nothing.");
        }

        var made = $"{path}.new";
        foreach (var leftover in Beside.Select(suffix => made + suffix).Append(made))
        {
            File.Delete(leftover);
        }

        using (var connection = new SqliteConnection(made, readOnly: false))
        {
            connection.Execute(string.Create(
                CultureInfo.InvariantCulture,
                $"PRAGMA synchronous=FULL; BEGIN; {Schema} INSERT INTO schema_version VALUES({SchemaVersion}); COMMIT;"));
        }

        // The folder is synced with the log, which is made at the first commit and before its answer.
        File.Move(made, path);
    }

    /// <summary>Brings the schema up to date. Throws <see cref="StateDatabaseException"/> when the file is not a sound one that this
    /// program may write.</summary>
    public static void Check(SqliteConnection connection, string path)
    {
        for (var schema = Verify(connection, path); schema < SchemaVersion; schema++)
        {
            connection.Execute(string.Create(
                CultureInfo.InvariantCulture, $"BEGIN IMMEDIATE; {Upgrades[schema - 1]}; UPDATE schema_version SET version={schema + 1}; COMMIT;"));
        }
    }

    /// <summary>The version of the file's schema; changes nothing. Throws <see cref="StateDatabaseException"/> when the file is not a sound
    /// one that this program knows.</summary>
    public static int Verify(SqliteConnection connection, string path)
    {
        // A page that was overwritten would otherwise be found when a grain needs it, and be built upon until then.
        if (connection.Scalar("PRAGMA quick_check(1)") is var found and not "ok")
        {
            throw new StateDatabaseException($"The state database {path} is damaged: {found}. {SqliteFailureException.Advice}");
        }

        var version = connection.Scalar("SELECT 1 FROM sqlite_master WHERE name='schema_version'") is null ? null
            : connection.Scalar("SELECT version FROM schema_version");
        if (!int.TryParse(version, CultureInfo.InvariantCulture, out var schema) || schema < 1)
        {
            throw new StateDatabaseException(
                $"{path} is no state database: its schema has no version ('{version}'). It is left as it is;"
                + " put the right file in its place, or move it away to begin with nothing.");
        }

        if (schema > SchemaVersion)
        {
            throw new StateDatabaseException(
                $"The state database {path} has schema {schema}; this program knows up to {SchemaVersion}. Use the newer program, or its backup.");
        }

        return schema;
    }
}
