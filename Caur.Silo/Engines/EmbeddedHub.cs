using Caur.Embedded;
using Caur.Grains.State;
using Caur.Silo.Configuration;
using Caur.Silo.Hub;
using Caur.Storage.Files;
using Microsoft.Extensions.DependencyInjection;

namespace Caur.Silo.Engines;

/// <summary>Runs the grains in this process on the embedded engine. Another engine brings the same members in files of its own.</summary>
internal static class FarmEngine
{
    /// <summary>Whether the farm's processes form a cluster.</summary>
    public static bool IsCluster => false;

    private const string Alone =
        "this caur has the embedded engine, which runs in one process and needs no Redis; a cluster wants one that was built with -p:CaurEngine=orleans (docs/cluster.md)";

    /// <summary>Adds the engine that this build was made for.</summary>
    /// <param name="services">The process' services.</param>
    /// <param name="folders">Where its state is.</param>
    /// <param name="cluster">Must be null.</param>
    /// <exception cref="HubSettingsException">A cluster was asked for.</exception>
    public static IServiceCollection AddFarmEngine(this IServiceCollection services, DataFolders folders, ClusterSettings? cluster = null)
    {
        Refuse(cluster);
        return services.AddEmbeddedEngine(engine =>
        {
            engine.DatabasePath = folders.Database;
            engine.GrainAssemblies.Add(typeof(GrainStorageNames).Assembly);
            engine.StorageNames.Add(GrainStorageNames.Farm);
        });
    }

    /// <summary>There are no grains elsewhere.</summary>
    /// <exception cref="HubSettingsException">Always.</exception>
    public static IServiceCollection AddFarmClient(this IServiceCollection services, ClusterSettings? cluster) => throw new HubSettingsException(Alone);

    /// <summary>There are no other silos.</summary>
    /// <exception cref="HubSettingsException">Always.</exception>
    public static IServiceCollection AddBuilderSilo(this IServiceCollection services, ClusterSettings? cluster) => throw new HubSettingsException(Alone);

    private static void Refuse(ClusterSettings? cluster)
    {
        if (cluster is not null)
        {
            throw new HubSettingsException($"CAUR_REDIS is set, and {Alone}");
        }
    }
}
