using System.Runtime.CompilerServices;
using Caur.Silo.StateTransfer;
using StackExchange.Redis;

namespace Caur.Silo.Engines;

/// <summary>The state of a cluster in Redis, as Orleans' providers keep it. An import leaves a mark until it has ended, on which no silo
/// starts; one that finds the mark of another begins anew.</summary>
/// <param name="redis">The connection; it stays open.</param>
/// <param name="cluster">The name under which the cluster keeps everything.</param>
/// <param name="place">What for, and who is told.</param>
internal sealed class OrleansStateStore(IConnectionMultiplexer redis, string cluster, StatePlace place) : IStateStore
{
    private const int Page = 256;

    private readonly IDatabase _database = redis.GetDatabase();
    private readonly OrleansStateKeys _keys = new(cluster);
    private readonly OrleansMembers _members = new(redis, cluster, place.Time);

    public string Engine => "orleans";

    public string Farm => $"the cluster '{cluster}'";

    public string Elsewhere =>
        "Name a cluster that has nothing yet with CAUR_CLUSTER_ID, or another Redis with CAUR_REDIS; or, when what is there may go, stop the cluster and remove its keys.";

    /// <summary>Why no silo may start on what is in Redis: an import did not end.</summary>
    /// <param name="redis">The connection.</param>
    /// <param name="cluster">The cluster's name.</param>
    /// <returns>For people; null when nothing is in the way.</returns>
    public static async Task<string?> ProblemAtStartAsync(IConnectionMultiplexer redis, string cluster) =>
        await redis.GetDatabase().KeyExistsAsync(new OrleansStateKeys(cluster).Mark)
            ? $"an import of state into the cluster '{cluster}' has not ended, and a part of it is missing: repeat 'caur state import' until it says that it is done"
            : null;

    public async IAsyncEnumerable<StateEntry> ReadAsync(Action<string> note, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await CheckQuietAsync(cancellationToken);
        var seen = new SeenEntries();
        await foreach (var page in KeysAsync(cancellationToken))
        {
            // A scan may name a key more than once.
            foreach (var record in await Guard(() => ReadAsync(page)))
            {
                if (seen.Add(record))
                {
                    yield return record;
                }
            }
        }

        for (var first = 0L; ; first += Page)
        {
            var rows = await Guard(() => _database.SortedSetRangeByRankAsync(_keys.Reminders, first, first + Page - 1));
            foreach (var row in rows)
            {
                if (OrleansStateKeys.ToReminder(row!) is { } reminder)
                {
                    yield return reminder;
                }
                else
                {
                    note($"the reminder '{Configuration.Shown.Text(row!)}' is damaged and stays behind");
                }
            }

            if (rows.Length < Page)
            {
                break;
            }
        }

        await CheckQuietAsync(cancellationToken);
    }

    public async Task<StateCount> CountAsync(CancellationToken cancellationToken)
    {
        if (await Guard(() => _database.KeyExistsAsync(_keys.Mark)))
        {
            return default;
        }

        var records = 0L;
        await foreach (var page in KeysAsync(cancellationToken))
        {
            records += page.Count;
        }

        return new StateCount(records, await Guard(() => _database.SortedSetLengthAsync(_keys.Reminders)));
    }

    public async Task<IStateImport> BeginImportAsync(CancellationToken cancellationToken)
    {
        var import = new OrleansStateImport(_database, _keys, _members, place.Time);
        await import.TakeAsync();
        try
        {
            await _members.RefuseRunningAsync(cancellationToken);
            if (await CountAsync(cancellationToken) is { IsNothing: false } there)
            {
                throw new StateTransferException($"{Farm} has {there} meanwhile; nothing was changed");
            }

            if (await Guard(() => _database.KeyExistsAsync(_keys.Mark)))
            {
                place.Say("an earlier import was interrupted; what it left is removed");
                await ClearAsync(cancellationToken);
            }

            await import.MarkAsync();

            // Once more: one that starts now finds the mark.
            await _members.RefuseRunningAsync(cancellationToken);
            return import;
        }
        catch
        {
            await import.DisposeAsync();
            throw;
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Does something in Redis.</summary>
    /// <exception cref="StateTransferException">It failed.</exception>
    internal static async Task<T> Guard<T>(Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception error) when (error is RedisException or RedisTimeoutException)
        {
            throw new StateTransferException($"Redis failed: {error.Message}", error);
        }
    }

    private async Task CheckQuietAsync(CancellationToken cancellationToken)
    {
        await _members.RefuseRunningAsync(cancellationToken);
        if (await Guard(() => ProblemAtStartAsync(redis, cluster)) is { } problem)
        {
            throw new StateTransferException(problem);
        }
    }

    private async Task ClearAsync(CancellationToken cancellationToken)
    {
        await foreach (var page in KeysAsync(cancellationToken))
        {
            await Guard(() => _database.KeyDeleteAsync([.. page]));
        }

        await Guard(() => _database.KeyDeleteAsync(_keys.Reminders));
    }

    /// <summary>The keys of all records, of every server that has some.</summary>
    private async IAsyncEnumerable<List<RedisKey>> KeysAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var server in redis.GetServers().Where(static server => server is { IsConnected: true, IsReplica: false }))
        {
            var page = new List<RedisKey>(Page);
            await using var keys = server.KeysAsync(_database.Database, _keys.Pattern, Page).GetAsyncEnumerator(cancellationToken);
            while (await Guard(async () => await keys.MoveNextAsync()))
            {
                page.Add(keys.Current);
                if (page.Count == Page)
                {
                    yield return page;
                    page = new List<RedisKey>(Page);
                }
            }

            if (page.Count > 0)
            {
                yield return page;
            }
        }
    }

    private async Task<List<StateRecord>> ReadAsync(List<RedisKey> keys)
    {
        var values = await Task.WhenAll(keys.Select(key => _database.HashGetAsync(key, OrleansStateKeys.Data)));
        var records = new List<StateRecord>(keys.Count);
        for (var i = 0; i < keys.Count; i++)
        {
            // Without bytes it is a record that was cleared.
            if (values[i] is { IsNullOrEmpty: false } value)
            {
                records.Add(_keys.ToRecord(keys[i], (byte[])value!));
            }
        }

        return records;
    }
}
