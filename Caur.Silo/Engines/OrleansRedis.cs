using System.Net;
using System.Security.Cryptography.X509Certificates;
using Caur.Silo.Configuration;
using Orleans.Clustering.Redis;
using Orleans.Configuration;
using Orleans.Persistence;
using StackExchange.Redis;

namespace Caur.Silo.Engines;

/// <summary>One connection to the cluster's Redis for everything that this process keeps there.</summary>
internal sealed class OrleansRedis : IAsyncDisposable
{
    private readonly ClusterSettings _settings;
    private readonly Lazy<Task<IConnectionMultiplexer>> _connection;

    public OrleansRedis(ClusterSettings settings)
    {
        _settings = settings;
        Options = OptionsOf(settings);
        _connection = new Lazy<Task<IConnectionMultiplexer>>(async () => await ConnectionMultiplexer.ConnectAsync(Options));
    }

    /// <summary>How it is connected to.</summary>
    public ConfigurationOptions Options { get; }

    /// <summary>Where it is, for people.</summary>
    public string Address => _settings.Redis;

    /// <summary>The name under which it keeps the cluster's state.</summary>
    public string Cluster => _settings.ClusterId;

    /// <summary>The connection, which mends itself.</summary>
    public Task<IConnectionMultiplexer> ConnectAsync() => _connection.Value;

    public async Task<(IConnectionMultiplexer, bool)> ForClusteringAsync(RedisClusteringOptions options) => (await ConnectAsync(), true);

    public async Task<(IConnectionMultiplexer, bool)> ForRemindersAsync(RedisReminderTableOptions options) => (await ConnectAsync(), true);

    public async Task<(IConnectionMultiplexer, bool)> ForStorageAsync(RedisStorageOptions options) => (await ConnectAsync(), true);

    public async ValueTask DisposeAsync()
    {
        if (_connection.IsValueCreated && _connection.Value.IsCompletedSuccessfully)
        {
            await (await _connection.Value).DisposeAsync();
        }
    }

    private static ConfigurationOptions OptionsOf(ClusterSettings settings)
    {
        var options = new ConfigurationOptions
        {
            ClientName = $"caur {settings.SiloName}",
            User = settings.RedisUser,
            Password = settings.RedisPassword,
            Ssl = settings.RedisTls,

            // INFO, for the look at how it keeps what it is told.
            AllowAdmin = true,

            // It may come up after this process, and go and come back while this runs.
            AbortOnConnectFail = false,
            ConnectRetry = 3,
            ConnectTimeout = 5_000,
            AsyncTimeout = 10_000,
            ReconnectRetryPolicy = new LinearRetry(500),

            // What cannot be sent is an error at once, which the caller hears: kept until Redis is back, a write could come after a later one.
            BacklogPolicy = BacklogPolicy.FailFast,
        };
        foreach (var server in settings.Redis.Split(','))
        {
            var address = new Uri($"redis://{server}");
            options.EndPoints.Add(EndPointOf(address.Host.Trim('[', ']'), address.Port > 0 ? address.Port : 6379));
        }

        if (settings.RedisTls && settings.Tls is { } files)
        {
            options.CertificateValidation += (_, certificate, _, errors) => errors == System.Net.Security.SslPolicyErrors.None
                || (certificate is X509Certificate2 given && OrleansTls.IsSignedBy(given, files.Authority));
        }

        return options;
    }

    private static EndPoint EndPointOf(string host, int port) =>
        IPAddress.TryParse(host, out var address) ? new IPEndPoint(address, port) : new DnsEndPoint(host, port);
}
