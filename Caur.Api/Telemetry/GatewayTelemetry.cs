using System.Diagnostics;
using Caur.Api.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Caur.Api.Telemetry;

/// <summary>Metrics and spans of the gateway.</summary>
internal static class GatewayTelemetry
{
    public static IServiceCollection AddGatewayTelemetry(this IServiceCollection services)
    {
        services.AddMetrics();
        services.TryAddSingleton(TelemetryOptions.None);
        services.AddSingleton<FarmMetrics>();
        services.AddSingleton<FarmTracing>();
        services.AddSingleton<HttpInstruments>();
        services.AddSingleton<ProcessInstruments>();
        return services;
    }

    /// <summary>Comes before all others, so that it sees what they answer.</summary>
    public static void UseTelemetry(this WebApplication app)
    {
        // Now, not at the first scrape: what is counted before counts too.
        app.Services.GetRequiredService<FarmMetrics>();
        app.Services.GetRequiredService<FarmTracing>();
        app.Services.GetRequiredService<ProcessInstruments>();
        var instruments = app.Services.GetRequiredService<HttpInstruments>();
        app.Use((HttpContext context, RequestDelegate next) => instruments.MeasureAsync(context, next));
        app.UseRouting();
        app.Use(static (HttpContext context, RequestDelegate next) =>
        {
            var endpoint = context.GetEndpoint();
            context.Features.Set(new OriginalEndpoint(endpoint));
            Name(context, endpoint as RouteEndpoint);
            return next(context);
        });
    }

    /// <summary>Gives the request's span the name of its route. What only looks is not worth a span, unless the caller traces it: Prometheus,
    /// probes and pacman would be most of what is sent.</summary>
    private static void Name(HttpContext context, RouteEndpoint? endpoint)
    {
        if (context.Features.Get<IHttpActivityFeature>()?.Activity is not { IsAllDataRequested: true } activity)
        {
            return;
        }

        if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
        {
            if (!activity.HasRemoteParent)
            {
                activity.IsAllDataRequested = false;
                activity.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
                return;
            }
        }

        var route = endpoint?.RoutePattern.RawText;
        activity.DisplayName = route is null ? context.Request.Method : $"{context.Request.Method} {route}";
        activity.SetTag("http.request.method", context.Request.Method);
        activity.SetTag("http.route", route);
        context.Response.OnStarting(static state =>
        {
            var (span, response) = ((Activity, HttpResponse))state;
            span.SetTag("http.response.status_code", response.StatusCode);
            return Task.CompletedTask;
        }, (activity, context.Response));
    }
}
