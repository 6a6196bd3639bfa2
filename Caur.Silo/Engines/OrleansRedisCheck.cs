using Caur.Silo.Hub;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Caur.Silo.Engines;

/// <summary>Refuses to start on a Redis that would lose a farm's state: one that keeps nothing on its disk, or that removes what it has no room
/// for, or that has only a part of it. It waits for one that is not there yet.</summary>
internal sealed partial class OrleansRedisCheck(OrleansRedis redis, TimeProvider clock, ILogger<OrleansRedisCheck> logger) : IHostedLifecycleService
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    /// <summary>Before anything else starts.</summary>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        for (var told = false; ; told = true)
        {
            try
            {
                var connection = await redis.ConnectAsync();
                var primaries = connection.GetServers().Where(static server => server.IsConnected && !server.IsReplica).ToList();
                if (primaries.Count == 0)
                {
                    throw new RedisConnectionException(ConnectionFailureType.UnableToConnect, Why(connection));
                }

                foreach (var server in primaries)
                {
                    await CheckAsync(server);
                }

                if (await OrleansStateStore.ProblemAtStartAsync(connection, redis.Cluster) is { } problem)
                {
                    throw new HubSettingsException(problem);
                }

                return;
            }
            catch (Exception failure) when (failure is RedisException or RedisTimeoutException)
            {
                if (IsForGood(failure) || clock.GetElapsedTime(started) > Patience)
                {
                    throw new HubSettingsException($"the Redis at {redis.Address} (CAUR_REDIS) cannot be used: {failure.Message}");
                }

                if (!told)
                {
                    LogWaiting(logger, redis.Address, failure.Message);
                }
            }

            await Task.Delay(TimeSpan.FromSeconds(1), clock, cancellationToken);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>What stands in the way of a farm's state in a Redis that answers INFO so; for people. Null when nothing does.</summary>
    /// <param name="info">INFO's names and values.</param>
    internal static string? Problem(IReadOnlyDictionary<string, string> info)
    {
        if (info.GetValueOrDefault("aof_enabled") == "0")
        {
            return "it keeps no append-only file, and would forget what the farm was told when it ends: set 'appendonly yes'";
        }

        // Keys with an expiry are not the farm's.
        return info.GetValueOrDefault("maxmemory_policy") is { } policy && policy != "noeviction" && !policy.StartsWith("volatile-", StringComparison.Ordinal)
            ? $"its maxmemory-policy is {policy}, by which it removes the farm's records when its memory is full: set 'maxmemory-policy noeviction'"
            : null;
    }

    private static bool IsForGood(Exception problem) =>
        problem.Message.Contains("WRONGPASS", StringComparison.Ordinal) || problem.Message.Contains("NOAUTH", StringComparison.Ordinal) || problem.Message.Contains("NOPERM", StringComparison.Ordinal);

    private static string Why(IConnectionMultiplexer connection) =>
        connection.GetServers().Length == 0 ? "no server is named" : $"nothing answers there, or it lets nobody in with this password ({connection.GetStatus().Split('\n')[0].Trim()})";

    private async Task CheckAsync(IServer server)
    {
        var info = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (name, value) in (await server.InfoAsync()).SelectMany(static section => section))
        {
            info[name] = value;
        }

        if (Problem(info) is { } problem)
        {
            throw new HubSettingsException($"the Redis at {redis.Address} (CAUR_REDIS) would lose the farm's state: {problem}");
        }

        if (!info.ContainsKey("aof_enabled"))
        {
            LogUnknown(logger, redis.Address);
        }

        try
        {
            if ((await server.ConfigGetAsync("appendfsync")).FirstOrDefault() is { Value: { } sync } && sync != "always")
            {
                LogNotSynced(logger, redis.Address, sync);
            }
        }
        catch (RedisServerException)
        {
            // Whoever runs it does not let others look; appendfsync is theirs to answer for.
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The Redis at {Address} does not answer yet: {Problem}")]
    private static partial void LogWaiting(ILogger logger, string address, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The Redis at {Address} does not say whether it keeps an append-only file")]
    private static partial void LogUnknown(ILogger logger, string address);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The Redis at {Address} has appendfsync {Sync}: when its machine loses power, it forgets what the farm was told last. 'appendfsync always' forgets nothing")]
    private static partial void LogNotSynced(ILogger logger, string address, string sync);
}
