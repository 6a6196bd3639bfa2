using Caur.Silo.Configuration;
using Caur.Silo.Hub;
using Caur.Silo.StateTransfer;
using StackExchange.Redis;

namespace Caur.Silo.Engines;

/// <summary>The state of the engine that this build has.</summary>
internal static class FarmState
{
    /// <summary>Opens it. That no silo runs is looked at before and after.</summary>
    /// <exception cref="StateTransferException">It cannot be used.</exception>
    public static async Task<IStateStore> OpenAsync(StatePlace place, CancellationToken cancellationToken)
    {
        var settings = Settings(place);
        var redis = new OrleansRedis(settings);
        try
        {
            var connection = await redis.ConnectAsync();
            await connection.GetDatabase().PingAsync();
            if (place.Use == StateUse.Import)
            {
                await CheckAsync(connection);
            }

            return new OwnedStore(new OrleansStateStore(connection, settings.ClusterId, place), redis);
        }
        catch (Exception error)
        {
            await redis.DisposeAsync();
            throw error is RedisException or RedisTimeoutException or StateTransferException ? new StateTransferException($"the Redis at {settings.Redis} (CAUR_REDIS) cannot be used: {error.Message}", error) : error;
        }
    }

    private static ClusterSettings Settings(StatePlace place)
    {
        try
        {
            return ClusterSettings.Read(place.Variable)
                ?? throw new HubSettingsException("CAUR_REDIS is needed: it names the Redis that has the cluster's state (docs/cluster.md)");
        }
        catch (FormatException wrong)
        {
            throw new HubSettingsException(wrong.Message);
        }
    }

    /// <summary>What is imported must be there tomorrow.</summary>
    private static async Task CheckAsync(IConnectionMultiplexer connection)
    {
        foreach (var server in connection.GetServers().Where(static server => server is { IsConnected: true, IsReplica: false }))
        {
            var info = (await server.InfoAsync()).SelectMany(static section => section).DistinctBy(static one => one.Key).ToDictionary();
            if (OrleansRedisCheck.Problem(info) is { } problem)
            {
                throw new StateTransferException(problem);
            }
        }
    }

    /// <summary>A store whose connection ends with it.</summary>
    private sealed class OwnedStore(OrleansStateStore store, OrleansRedis redis) : IStateStore
    {
        public string Engine => store.Engine;

        public string Farm => store.Farm;

        public string Elsewhere => store.Elsewhere;

        public IAsyncEnumerable<StateEntry> ReadAsync(Action<string> note, CancellationToken cancellationToken) => store.ReadAsync(note, cancellationToken);

        public Task<StateCount> CountAsync(CancellationToken cancellationToken) => store.CountAsync(cancellationToken);

        public Task<IStateImport> BeginImportAsync(CancellationToken cancellationToken) => store.BeginImportAsync(cancellationToken);

        public async ValueTask DisposeAsync()
        {
            await store.DisposeAsync();
            await redis.DisposeAsync();
        }
    }
}
