using System.Globalization;
using Caur.Silo.StateTransfer;
using StackExchange.Redis;

namespace Caur.Silo.Engines;

/// <summary>Fills a cluster's place in Redis. The order is what makes it safe: the mark, every record, the mark's end.</summary>
internal sealed class OrleansStateImport(IDatabase database, OrleansStateKeys keys, OrleansMembers members, TimeProvider time) : IStateImport
{
    private const int MostWaiting = 512;
    private const int MostBytes = 4 * 1024 * 1024;

    private static readonly TimeSpan LockTime = TimeSpan.FromMinutes(1);

    private readonly RedisValue _token = Guid.NewGuid().ToString("N");
    private readonly List<Task> _waiting = new(MostWaiting);
    private long _bytes;
    private long _extended;
    private bool _isTaken;

    /// <summary>Keeps other imports away.</summary>
    /// <exception cref="StateTransferException">There is one.</exception>
    public async Task TakeAsync()
    {
        _extended = time.GetTimestamp();
        _isTaken = await OrleansStateStore.Guard(() => database.LockTakeAsync(keys.Lock, _token, LockTime))
            ? true
            : throw new StateTransferException("another import into this cluster runs, or was killed within the last minute; try again in a minute");
    }

    /// <summary>From here on no silo starts until <see cref="CommitAsync"/>.</summary>
    /// <exception cref="StateTransferException">It cannot be written.</exception>
    public Task MarkAsync() => OrleansStateStore.Guard(() => database.StringSetAsync(keys.Mark, time.GetUtcNow().ToString("O", CultureInfo.InvariantCulture)));

    public async Task AddAsync(StateEntry entry, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (entry is StateRecord record)
        {
            _waiting.Add(database.HashSetAsync(keys.KeyOf(record), OrleansStateKeys.ToHash(record)));
            _bytes += record.Data.Length;
        }
        else if (entry is StateReminder reminder)
        {
            _waiting.Add(database.SortedSetAddAsync(keys.Reminders, OrleansStateKeys.ToMember(reminder), 0));
        }

        if (_waiting.Count >= MostWaiting || _bytes >= MostBytes)
        {
            await FlushAsync();
        }
    }

    public async Task CommitAsync(CancellationToken cancellationToken)
    {
        await FlushAsync();
        await members.RefuseRunningAsync(cancellationToken);
        await ExtendAsync();
        await OrleansStateStore.Guard(() => database.KeyDeleteAsync(keys.Mark));
    }

    public async ValueTask DisposeAsync()
    {
        if (_isTaken)
        {
            _isTaken = false;
            try
            {
                await database.LockReleaseAsync(keys.Lock, _token);
            }
            catch (Exception error) when (error is RedisException or RedisTimeoutException)
            {
                // It ends by itself.
            }
        }
    }

    private async Task FlushAsync()
    {
        await OrleansStateStore.Guard(async () =>
        {
            await Task.WhenAll(_waiting);
            return true;
        });
        _waiting.Clear();
        _bytes = 0;
        if (time.GetElapsedTime(_extended) > LockTime / 6)
        {
            await ExtendAsync();
        }
    }

    private async Task ExtendAsync()
    {
        _extended = time.GetTimestamp();
        if (!await OrleansStateStore.Guard(() => database.LockExtendAsync(keys.Lock, _token, LockTime)))
        {
            throw new StateTransferException("another import into this cluster has begun, as this one was too slow; what this one wrote is removed by it");
        }
    }
}
