using Caur.Api.Limits;
using Caur.Api.Problems;
using Caur.Storage.Files;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Caur.Api.Hosting;

/// <summary>The part of the edge that a process in front of the hub has too: who connects and how much, request ids, and how errors look.
/// Tokens, rates and the audit log are the hub's alone.</summary>
internal static class FrontExtensions
{
    /// <summary>Adds it.</summary>
    /// <param name="services">The process' services.</param>
    /// <param name="folders">Folders whose paths no answer names.</param>
    public static IServiceCollection AddCaurFront(this IServiceCollection services, DataFolders folders)
    {
        services.AddSingleton(new FolderNames(folders));
        services.AddSingleton<HubPaths>();
        services.AddSingleton<IProblemDetailsWriter, ProblemWriter>();
        services.AddProblemDetails();
        services.AddExceptionHandler<RefusedRequestHandler>();
        services.AddOptions<RequestLimits>().ValidateOnStart();
        services.AddOptions<ClientLimits>().ValidateOnStart();
        services.AddOptions<ProxyOptions>().ValidateOnStart();
        services.AddSingleton<IValidateOptions<RequestLimits>, RequestLimitsValidator>();
        services.AddSingleton<IValidateOptions<ClientLimits>, ClientLimitsValidator>();
        services.AddSingleton<IValidateOptions<ProxyOptions>, ProxyOptionsValidator>();
        services.AddSingleton<ClientConnections>();
        services.AddSingleton<ClientStreams>();
        services.AddSingleton<IConfigureOptions<KestrelServerOptions>, KestrelLimits>();
        services.AddSingleton<IConfigureOptions<ForwardedHeadersOptions>, TrustedProxies>();
        return services;
    }

    /// <summary>Puts it around what comes after.</summary>
    public static void UseCaurFront(this WebApplication app)
    {
        app.UseMiddleware<RequestIds>();
        if (app.Services.GetRequiredService<IOptions<ProxyOptions>>().Value.Trusted.Count > 0)
        {
            app.UseForwardedHeaders();
        }

        app.UseMiddleware<SlowReaders>();
        app.Use(static (HttpContext context, RequestDelegate next) => ClientConnections.RefuseAsync(context, next));
        app.UseMiddleware<ProblemPages>();
        app.UseExceptionHandler();
        app.UseKnownRangeUnits();
    }
}
