using Caur.Api.Audit;
using Caur.Api.Auth;
using Caur.Api.Health;
using Caur.Api.Idempotency;
using Caur.Api.Limits;
using Caur.Api.Problems;
using Caur.Api.Writes;
using Caur.Storage.Files;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Cors.Infrastructure;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Caur.Api.Hosting;

/// <summary>What stands around every route: who may, how much, what is kept of it, and how errors look. docs/security.md describes it.</summary>
public static class EdgeExtensions
{
    /// <summary>Adds it.</summary>
    public static IServiceCollection AddCaurEdge(this IServiceCollection services)
    {
        services.TryAddSingleton<FolderNames>();
        services.AddSingleton<HubPaths>();
        services.AddSingleton<IProblemDetailsWriter, ProblemWriter>();
        services.AddProblemDetails();

        // In the order in which they are asked.
        services.AddExceptionHandler<RefusedRequestHandler>();
        services.AddExceptionHandler<DiskFullHandler>();
        services.AddExceptionHandler<DamageHandler>();
        services.AddExceptionHandler<UnavailableHandler>();
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.MaxDepth = WriteBody.MaxJsonDepth;
            json.SerializerOptions.AllowDuplicateProperties = false;
        });
        services.AddTokenAuth();

        // The framework says a line of every request that is refused: whoever asks without a token would fill the log.
        services.AddLogging(logging => logging.AddFilter(typeof(TokenAuthentication).FullName, LogLevel.Warning));
        services.AddRateLimits();
        services.AddCompression();
        services.AddCors();
        services.AddSettings<RequestLimits, RequestLimitsValidator>();
        services.AddSettings<ClientLimits, ClientLimitsValidator>();
        services.AddSingleton<ClientConnections>();
        services.AddSingleton<ClientStreams>();
        services.AddSettings<CrossOriginOptions, CrossOriginOptionsValidator>();
        services.AddSettings<ProxyOptions, ProxyOptionsValidator>();
        services.AddSettings<AuditOptions, AuditOptionsValidator>();
        services.AddSettings<IdempotencyOptions, IdempotencyOptionsValidator>();
        services.AddSingleton<IConfigureOptions<KestrelServerOptions>, KestrelLimits>();
        services.AddSingleton<IConfigureOptions<CorsOptions>, CrossOriginPolicy>();
        services.AddSingleton<IConfigureOptions<ForwardedHeadersOptions>, TrustedProxies>();
        services.AddSingleton<PieceAudit>();
        services.AddSingleton(provider => new AuditLog(
            Path.Combine(provider.GetRequiredService<DataFolders>().Root, "audit.log"),
            provider.GetRequiredService<IOptions<AuditOptions>>().Value,
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new KeyStore(
            Path.Combine(provider.GetRequiredService<DataFolders>().Root, "idempotency"),
            provider.GetRequiredService<IOptions<IdempotencyOptions>>().Value,
            provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new KeyTurns(
            Path.Combine(provider.GetRequiredService<DataFolders>().Root, "idempotency"), provider.GetRequiredService<TimeProvider>()));
        services.AddHostedService<KeySweeper>();
        return services;
    }

    /// <summary>Puts it around what is mapped.</summary>
    /// <returns>Where the routes are to be mapped.</returns>
    public static IEndpointRouteBuilder UseCaurEdge(this WebApplication app)
    {
        // From the outside to the inside. Whoever answers an error stands within what compresses it and gives it the request's id; what
        // costs something (bodies, syncs) stands behind what asks who it is.
        app.UseMiddleware<RequestIds>();
        if (app.Services.GetRequiredService<IOptions<ProxyOptions>>().Value.Trusted.Count > 0)
        {
            app.UseForwardedHeaders();
        }

        app.UseMiddleware<SlowReaders>();
        app.Use(static (HttpContext context, RequestDelegate next) => ClientConnections.RefuseAsync(context, next));
        app.UseResponseCompression();
        if (app.Services.GetRequiredService<IOptions<CrossOriginOptions>>().Value.Origins.Count > 0)
        {
            app.UseCors();
        }

        app.UseMiddleware<ProblemPages>();
        app.UseExceptionHandler();
        app.UseKnownRangeUnits();
        app.UseMiddleware<PrivateCaching>();
        app.UseAuthentication();
        app.UseRateLimiter();
        app.UseAuthorization();
        app.Use(static (HttpContext context, RequestDelegate next) => context.RequestServices.GetRequiredService<TokenWatch>().WatchAsync(context, next));
        app.UseMiddleware<WriteBodyMiddleware>();
        app.UseMiddleware<AuditMiddleware>();
        app.UseMiddleware<IdempotencyMiddleware>();

        var routes = app.MapGroup("").AddEndpointFilter(TokenBinding.CheckAsync).AddEndpointFilter(OperationFilter.ApplyAsync);
        routes.MapTokens().MapAudit();
        return routes;
    }

    private static void AddSettings<TOptions, TValidator>(this IServiceCollection services)
        where TOptions : class
        where TValidator : class, IValidateOptions<TOptions>
    {
        services.AddOptions<TOptions>().ValidateOnStart();
        services.AddSingleton<IValidateOptions<TOptions>, TValidator>();
    }
}
