using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Caur.Grains.State;
using Caur.Silo.Configuration;
using Caur.Silo.Hub;
using Caur.Storage.Files;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Persistence;
using Orleans.Runtime.Hosting;
using Orleans.Storage;

namespace Caur.Silo.Engines;

/// <summary>Runs the grains on the silos of a cluster, which know each other, keep their state and their reminders in Redis.</summary>
internal static class FarmEngine
{
    /// <summary>Whether the farm's processes form a cluster.</summary>
    public static bool IsCluster => true;

    /// <summary>A silo that died is found out within about six seconds: what waits for it goes on then.</summary>
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(2);

    /// <summary>Shorter than any grain's own age limit, which is a minute.</summary>
    private static readonly TimeSpan CollectionQuantum = TimeSpan.FromSeconds(15);

    /// <summary>Adds a silo that hosts the farm's grains.</summary>
    /// <param name="services">The process' services.</param>
    /// <param name="folders">The data folder that all of these silos share.</param>
    /// <param name="cluster">What the cluster is.</param>
    /// <exception cref="HubSettingsException">Something of it is missing or cannot work.</exception>
    public static IServiceCollection AddFarmEngine(this IServiceCollection services, DataFolders folders, ClusterSettings? cluster = null)
    {
        var settings = Required(cluster);
        return services.AddSilo(settings, static _ => { });
    }

    /// <summary>Adds a client of the silos.</summary>
    /// <exception cref="HubSettingsException">Something of the cluster is missing or cannot work.</exception>
    public static IServiceCollection AddFarmClient(this IServiceCollection services, ClusterSettings? cluster)
    {
        var settings = Required(cluster);
        var redis = new OrleansRedis(settings);
        services.AddSingleton(redis);
        services.AddFarmExceptions();

        // Before the client: a Redis that would lose something, or that is not there, is told in a line.
        services.AddHostedService<OrleansRedisCheck>();
        services.AddSingleton<OrleansGateways>();
        services.AddHostedService(static provider => provider.GetRequiredService<OrleansGateways>());
        services.AddLogging(Quieten);
        return services.AddOrleansClient(client =>
        {
            client.Configure<ClusterOptions>(options => Name(options, settings));
            client.Configure<GatewayOptions>(static options => options.GatewayListRefreshPeriod = TimeSpan.FromSeconds(10));
            client.UseRedisClustering(options =>
            {
                options.ConfigurationOptions = redis.Options;
                options.CreateMultiplexer = redis.ForClusteringAsync;
            });
            client.AddOutgoingGrainCallFilter<OrleansRetries>();
            client.UseConnectionRetryFilter<OrleansPatience>();
            if (settings.Tls is { } files)
            {
                client.UseTls(options => OrleansTls.Configure(options, files));
            }
        });
    }

    /// <summary>Adds a silo that hosts none of the farm's grains, for the agent beside it.</summary>
    /// <exception cref="HubSettingsException">Something of the cluster is missing or cannot work.</exception>
    public static IServiceCollection AddBuilderSilo(this IServiceCollection services, ClusterSettings? cluster) => services.AddSilo(Required(cluster), static silo =>
    {
        silo.Configure<GrainTypeOptions>(static types => types.Classes.RemoveWhere(static type => type.Assembly == typeof(GrainStorageNames).Assembly));

        // No gateway goes through a builder's host, which may sleep or be cut off.
        silo.Configure<EndpointOptions>(static endpoints => (endpoints.GatewayPort, endpoints.GatewayListeningEndpoint) = (0, null));
    });

    private static IServiceCollection AddSilo(this IServiceCollection services, ClusterSettings settings, Action<ISiloBuilder> further)
    {
        var redis = new OrleansRedis(settings);
        services.AddSingleton(redis);
        services.AddFarmExceptions();
        services.AddHostedService<OrleansRedisCheck>();
        services.AddSingleton(settings);
        services.AddHostedService<OrleansPorts>();
        services.TryAddSingleton<IGrainStorageSerializer, GrainStateSerializer>();
        services.AddLogging(Quieten);
        return services.AddOrleans(silo =>
        {
            silo.Configure<ClusterOptions>(options => Name(options, settings));
            silo.Configure<SiloOptions>(options => options.SiloName = settings.SiloName);
            silo.Configure<EndpointOptions>(options => Listen(options, settings));
            silo.Configure<ClusterMembershipOptions>(static membership =>
            {
                membership.ProbeTimeout = ProbeTimeout;
                membership.TableRefreshTimeout = TimeSpan.FromSeconds(10);
                membership.IAmAliveTablePublishTimeout = TimeSpan.FromSeconds(10);
                membership.DefunctSiloExpiration = TimeSpan.FromDays(1);
            });
            silo.Configure<GrainCollectionOptions>(static collection => collection.CollectionQuantum = CollectionQuantum);
            silo.UseRedisClustering(options =>
            {
                options.ConfigurationOptions = redis.Options;
                options.CreateMultiplexer = redis.ForClusteringAsync;
            });
            silo.UseRedisReminderService(options =>
            {
                options.ConfigurationOptions = redis.Options;
                options.CreateMultiplexer = redis.ForRemindersAsync;
            });
            silo.Services.AddOptions<RedisStorageOptions>(GrainStorageNames.Farm).Configure(options =>
            {
                options.ConfigurationOptions = redis.Options;
                options.CreateMultiplexer = redis.ForStorageAsync;

                // Otherwise a record that was cleared leaves its key, and a farm has cleared millions.
                options.DeleteStateOnClear = true;
            });
            silo.Services.AddGrainStorage(GrainStorageNames.Farm, OrleansStorage.Create);
            silo.AddOutgoingGrainCallFilter<OrleansRetries>();
            if (settings.Tls is { } files)
            {
                silo.UseTls(options => OrleansTls.Configure(options, files));
            }

            further(silo);
        });
    }

    private static ClusterSettings Required(ClusterSettings? cluster) => cluster
        ?? throw new HubSettingsException("CAUR_REDIS is needed: this caur was built for a cluster, whose state is in Redis (docs/cluster.md); one without -p:CaurEngine=orleans needs none");

    /// <summary>What somebody has to look at. That there is no server's garbage collector is meant so: a silo is small.</summary>
    private static void Quieten(ILoggingBuilder logging)
    {
        logging.AddFilter("Orleans", LogLevel.Warning);
        logging.AddFilter("Orleans.Runtime.Silo", LogLevel.Error);
        logging.AddFilter("Orleans.Runtime.Watchdog", LogLevel.Error);
        logging.AddFilter("Orleans.Messaging.GatewayManager", LogLevel.Error);
    }

    private static void Name(ClusterOptions options, ClusterSettings settings) => (options.ClusterId, options.ServiceId) = (settings.ClusterId, settings.ClusterId);

    private static void Listen(EndpointOptions options, ClusterSettings settings)
    {
        options.AdvertisedIPAddress = settings.Address ?? OwnAddress();
        (options.SiloPort, options.GatewayPort) = (settings.SiloPort, settings.GatewayPort);

        // Where it is one of this host's own, that address alone; else all: what it tells the others is translated on the way.
        var own = options.AdvertisedIPAddress;
        var listen = IsOfThisHost(own) ? own : own.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any;
        options.SiloListeningEndpoint = new IPEndPoint(listen, settings.SiloPort);
        options.GatewayListeningEndpoint = new IPEndPoint(listen, settings.GatewayPort);
    }

    private static bool IsOfThisHost(IPAddress address) => IPAddress.IsLoopback(address) || NetworkInterface.GetAllNetworkInterfaces()
        .Any(network => network.GetIPProperties().UnicastAddresses.Any(one => one.Address.Equals(address)));

    private static IPAddress OwnAddress()
    {
        try
        {
            return ClusterSettings.OwnAddress();
        }
        catch (Exception problem) when (problem is FormatException or SocketException)
        {
            throw new HubSettingsException(problem.Message);
        }
    }
}
