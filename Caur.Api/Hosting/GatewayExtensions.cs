using Caur.Api.Auth;
using Caur.Api.Builders;
using Caur.Api.Builds;
using Caur.Api.Farm;
using Caur.Api.Health;
using Caur.Api.Logs;
using Caur.Api.Metrics;
using Caur.Api.Queue;
using Caur.Api.Repositories;
using Caur.Api.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Caur.Api.Hosting;

/// <summary>The gateway's services and routes.</summary>
public static class GatewayExtensions
{
    /// <summary>Adds what the gateway needs. Storage, farm options, tokens, trusted keys and the engine come from whoever composes the
    /// process.</summary>
    public static IServiceCollection AddCaurGateway(this IServiceCollection services)
    {
        services.AddProblemDetails();
        services.AddTokenAuth();
        services.AddSingleton<FarmHealth>();
        services.AddSingleton<DiskWatch>();
        services.AddHostedService(provider => provider.GetRequiredService<DiskWatch>());
        services.AddExceptionHandler<DiskFullHandler>();
        services.AddExceptionHandler<DamageHandler>();
        services.AddGatewayTelemetry();
        services.AddSingleton<QueueReader>();
        services.AddSingleton<QueueStatsReader>();
        services.AddSingleton<RepositoryReader>();
        services.AddSingleton<LogFollowers>();
        services.AddSingleton<LogServices>();
        services.AddSingleton<GatewayAddress>();
        services.AddSingleton<OrderFactory>();
        services.AddSingleton<GrainBuilderSession>();
        return services;
    }

    /// <summary>Maps every route.</summary>
    public static IEndpointRouteBuilder MapCaurGateway(this WebApplication app)
    {
        app.UseTelemetry();
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        app.UseKnownRangeUnits();
        app.UseAuthentication();
        app.UseAuthorization();
        app.MapLogs().MapQueue().MapBuilds().MapPackageBuilds().MapFarm().MapRepositories().MapRepositoryChanges().MapHealth().MapMetrics();
        app.MapGet("/", () => TypedResults.Text(
            "Caur, a package build farm.\n\n/repos/<name>/<arch>/    the repositories\n/api/queue/stats         the queue\n"
            + "/api/logs/<pkgbase>      the newest log of a package\n/metrics                 for Prometheus\n"));
        return app;
    }
}
