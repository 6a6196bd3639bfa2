using System.Globalization;
using Caur.Embedded.Activations;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Caur.Embedded.Storage;

/// <summary>The records of one named storage.</summary>
internal sealed class SqliteGrainStorage(string storageName, StateDatabase database, IGrainStorageSerializer serializer) : IGrainStorage
{
    private const string Select = "SELECT etag, data, crc FROM grain_state WHERE grain=?1 AND name=?2 AND storage=?3";
    private const string Insert = "INSERT INTO grain_state(grain, name, storage, etag, data, crc) VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
    private const string Update = "UPDATE grain_state SET etag=?4, data=?5, crc=?6 WHERE grain=?1 AND name=?2 AND storage=?3 AND etag=?7";
    private const string Delete = "DELETE FROM grain_state WHERE grain=?1 AND name=?2 AND storage=?3 AND etag=?4";

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var found = database.Read(
            new RecordKey(grainId.ToString(), stateName, storageName),
            static (connection, key) =>
            {
                using var row = key.Bind(connection.Prepare(Select));
                return row.Step() ? new Record(row.Integer(0), row.Bytes(1), row.IsNull(2) ? null : (uint)row.Integer(2)) : null;
            });
        if (found is not { } record)
        {
            grainState.State = NewState.Create<T>();
            grainState.ETag = null;
            grainState.RecordExists = false;
            return Task.CompletedTask;
        }

        try
        {
            grainState.State = record.IsSound
                ? serializer.Deserialize<T>(BinaryData.FromBytes(record.Data))
                : throw new InvalidDataException("they do not match their checksum.");
        }
        catch (Exception error)
        {
            database.Instruments.RecordDamaged();
            throw new StateDamagedException(
                $"The state '{stateName}' of grain {grainId} in storage '{storageName}' is damaged: its {record.Data.Length} bytes"
                + $" cannot be read as {typeof(T).Name}: {error.Message}",
                error);
        }

        grainState.ETag = Format(record.Etag);
        grainState.RecordExists = true;
        return Task.CompletedTask;
    }

    public async Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var data = serializer.Serialize(grainState.State).ToMemory();
        var crc = Checksum.Of(data.Span);
        var key = new RecordKey(grainId.ToString(), stateName, storageName);
        var expected = Parse(grainState.ETag);
        // Not counted up: a record that was cleared and written again must not have a version that somebody still holds.
        var etag = Random.Shared.NextInt64(1, long.MaxValue);
        await database.WriteAsync(connection =>
        {
            using (var statement = key.Bind(connection.Prepare(expected is null ? Insert : Update)).Bind(4, etag).Bind(5, data.Span).Bind(6, crc))
            {
                (expected is { } version ? statement.Bind(7, version) : statement).Step();
            }

            return connection.Changes == 1 ? etag : throw Conflict(connection, key, expected);
        });
        grainState.ETag = Format(etag);
        grainState.RecordExists = true;
    }

    public async Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var key = new RecordKey(grainId.ToString(), stateName, storageName);
        var expected = Parse(grainState.ETag);
        await database.WriteAsync(connection =>
        {
            if (expected is { } version)
            {
                using var statement = key.Bind(connection.Prepare(Delete)).Bind(4, version);
                statement.Step();
                return connection.Changes == 1 ? version : throw Conflict(connection, key, expected);
            }

            return Stored(connection, key) is null ? 0 : throw Conflict(connection, key, expected);
        });
        grainState.State = NewState.Create<T>();
        grainState.ETag = null;
        grainState.RecordExists = false;
    }

    private static InconsistentStateException Conflict(SqliteConnection connection, RecordKey key, long? expected)
    {
        var stored = Stored(connection, key) is { } found ? Format(found) : "none";
        var current = expected is { } version ? Format(version) : "none";
        return new InconsistentStateException(
            $"Somebody else wrote the state '{key.Name}' of grain {key.Grain} in storage '{key.Storage}': it has version {stored}, this copy {current}.",
            stored,
            current);
    }

    private static long? Stored(SqliteConnection connection, RecordKey key)
    {
        using var row = key.Bind(connection.Prepare(Select));
        return row.Step() ? row.Integer(0) : null;
    }

    private static string Format(long etag) => etag.ToString("x16", CultureInfo.InvariantCulture);

    private static long? Parse(string? etag) => string.IsNullOrEmpty(etag) ? null
        : long.TryParse(etag, NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var version) ? version
        // A version of another making is no version of ours: it conflicts.
        : -1;

    /// <summary>A record as it is stored; one of an older program has no checksum.</summary>
    private sealed record Record(long Etag, byte[] Data, uint? Crc)
    {
        public bool IsSound => Crc is null || Crc == Checksum.Of(Data);
    }

    private sealed record RecordKey(string Grain, string Name, string Storage)
    {
        public SqliteStatement Bind(SqliteStatement statement) => statement.Bind(1, Grain).Bind(2, Name).Bind(3, Storage);
    }
}
