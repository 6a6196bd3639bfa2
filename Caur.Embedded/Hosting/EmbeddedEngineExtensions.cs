using Caur.Embedded.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Storage;

namespace Caur.Embedded;

/// <summary>Registers the embedded engine.</summary>
public static class EmbeddedEngineExtensions
{
    /// <summary>
    /// Adds the engine, which starts and stops with the host, and what reaches it: <see cref="IGrainFactory"/>,
    /// <see cref="IClusterClient"/> and an <see cref="IGrainStorage"/> per name. Calls that are made before it has started wait for it.
    /// Add it before hosted services that call grains, so that it stops after them.
    /// </summary>
    public static IServiceCollection AddEmbeddedEngine(this IServiceCollection services, Action<EmbeddedEngineOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configure);
        var options = new EmbeddedEngineOptions();
        configure(options);
        if (string.IsNullOrWhiteSpace(options.DatabasePath))
        {
            throw new ArgumentException($"{nameof(EmbeddedEngineOptions)}.{nameof(options.DatabasePath)} must be given.", nameof(configure));
        }

        services.AddLogging();
        services.AddMetrics();
        services.AddOptions();
        services.AddSingleton(options);
        services.AddSingleton<EngineInstruments>();
        services.AddSingleton(static provider => new StateDatabase(
            provider.GetRequiredService<EmbeddedEngineOptions>().DatabasePath,
            provider.GetRequiredService<EngineInstruments>(),
            provider.GetRequiredService<ILoggerFactory>().CreateLogger("Caur.Embedded.Storage"),
            provider.GetRequiredService<EmbeddedEngineOptions>().Sqlite));
        foreach (var name in options.StorageNames.Append(StorageNames.Default).Distinct())
        {
            services.AddKeyedSingleton<IGrainStorage>(name, static (provider, key) => CreateStorage(provider, (string)key!));
        }

        services.AddSingleton(static provider => provider.GetRequiredKeyedService<IGrainStorage>(StorageNames.Default));
        services.AddSingleton<EmbeddedEngine>();
        services.AddSingleton(static provider => provider.GetRequiredService<EmbeddedEngine>().Factory);
        services.AddSingleton<IClusterClient>(static provider => provider.GetRequiredService<EmbeddedEngine>().Factory);
        services.AddSingleton<IGrainFactory>(static provider => provider.GetRequiredService<EmbeddedEngine>().Factory);
        services.AddSingleton<IHostedService>(static provider => provider.GetRequiredService<EmbeddedEngine>());
        return services;
    }

    private static SqliteGrainStorage CreateStorage(IServiceProvider provider, string name) => new(
        name,
        provider.GetRequiredService<StateDatabase>(),
        provider.GetRequiredService<EmbeddedEngineOptions>().Serializer ?? provider.GetRequiredService<IGrainStorageSerializer>());
}
