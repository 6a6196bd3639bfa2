using Caur.Api.Builders;
using Caur.Api.Builds;
using Caur.Api.Documentation;
using Caur.Api.Events;
using Caur.Api.Farm;
using Caur.Api.Health;
using Caur.Api.Link;
using Caur.Api.Logs;
using Caur.Api.Manager;
using Caur.Api.Metrics;
using Caur.Api.Packages;
using Caur.Api.Queue;
using Caur.Api.Repositories;
using Caur.Api.Sources;
using Caur.Api.Telemetry;
using Caur.Api.Web;
using Caur.Storage.Files;
using Caur.Storage.Logs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;

namespace Caur.Api.Hosting;

/// <summary>The gateway's services and routes.</summary>
public static class GatewayExtensions
{
    /// <summary>Adds what the gateway needs. Storage, farm options, tokens, trusted keys and the engine come from whoever composes the
    /// process.</summary>
    public static IServiceCollection AddCaurGateway(this IServiceCollection services)
    {
        services.AddCaurEdge();
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.PropertyNamingPolicy = ApiNames.Policy);
        services.AddApiDescription();
        services.AddSingleton<FarmHealth>();
        services.AddSingleton<DiskWatch>();
        services.AddHostedService(provider => provider.GetRequiredService<DiskWatch>());
        services.AddGatewayTelemetry();
        services.AddSingleton<QueueReader>();
        services.AddSingleton<QueueStatsReader>();
        services.AddSingleton<QueueListReader>();
        services.AddSingleton<RepositoryReader>();
        services.AddSingleton(provider => new BuildLogIndex(provider.GetRequiredService<DataFolders>().Logs, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<BuildCatalog>();
        services.AddSingleton<BuildReader>();
        services.AddSingleton<BuildRetry>();
        services.AddSingleton<BuilderReader>();
        services.AddSingleton<PackageReader>();
        services.AddRouting(routing => routing.SetParameterPolicy<NoSourceConstraint>(NoSourceConstraint.Name));
        services.TryAddSingleton<EventStreamOptions>();
        services.AddSingleton<EventStream>();
        services.AddSingleton<EventFeed>();
        services.AddHostedService(provider => provider.GetRequiredService<EventFeed>());
        services.AddSingleton<HubLog>();
        services.AddSingleton<ILoggerProvider>(provider => provider.GetRequiredService<HubLog>());
        services.AddSingleton<LogFollowers>();
        services.AddSingleton<LogServices>();
        services.AddSingleton<GatewayAddress>();
        services.AddSingleton<OrderFactory>();
        services.AddSingleton<GrainBuilderSession>();
        services.AddBuilderLinks();
        return services;
    }

    /// <summary>Maps every route.</summary>
    public static IEndpointRouteBuilder MapCaurGateway(this WebApplication app)
    {
        app.UseTelemetry();
        app.UseLogsFolder();
        app.UseBuilderLinks();
        var routes = app.UseCaurEdge();
        routes.MapLogs().MapQueue().MapBuilds().MapPackageBuilds().MapFarm().MapRepositories().MapRepositoryChanges().MapHealth().MapMetrics();
        routes.MapBuilders().MapBuilderLinks().MapPackages().MapSources().MapEvents().MapManager().MapWeb();
        routes.MapApiDescription();
        return app;
    }
}
