using Caur.Embedded;
using Caur.Grains.State;
using Caur.Storage.Files;
using Microsoft.Extensions.DependencyInjection;

namespace Caur.Silo.Engines;

/// <summary>Runs the grains in this process on the embedded engine. Another engine brings the same method in a file of its own.</summary>
internal static class FarmEngine
{
    /// <summary>Adds the engine that this build was made for.</summary>
    public static IServiceCollection AddFarmEngine(this IServiceCollection services, DataFolders folders) =>
        services.AddEmbeddedEngine(engine =>
        {
            engine.DatabasePath = folders.Database;
            engine.GrainAssemblies.Add(typeof(GrainStorageNames).Assembly);
            engine.StorageNames.Add(GrainStorageNames.Farm);
        });
}
