using System.Diagnostics;
using Caur.Api.Logs;
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
    /// <summary>Nobody is there to be answered; as nginx has it.</summary>
    private const int ClientGone = 499;

    public static IServiceCollection AddGatewayTelemetry(this IServiceCollection services)
    {
        services.AddMetrics();
        services.TryAddSingleton(TelemetryOptions.None);
        services.AddSingleton<FarmMetrics>();
        services.AddSingleton<FarmTracing>();
        services.AddSingleton<HttpInstruments>();
        services.AddSingleton<ProcessInstruments>();
        services.AddSingleton<DiskInstruments>();
        return services;
    }

    /// <summary>Comes before all others, so that it sees what they answer.</summary>
    public static void UseTelemetry(this WebApplication app)
    {
        // Now, not at the first scrape: what is counted before counts too.
        app.Services.GetRequiredService<FarmMetrics>();
        app.Services.GetRequiredService<FarmTracing>();
        app.Services.GetRequiredService<ProcessInstruments>();
        app.Services.GetRequiredService<DiskInstruments>();
        app.Services.GetRequiredService<LogFollowers>();
        var instruments = app.Services.GetRequiredService<HttpInstruments>();
        app.Use((HttpContext context, RequestDelegate next) => MeasureAsync(context, next, instruments));
    }

    private static async Task MeasureAsync(HttpContext context, RequestDelegate next, HttpInstruments instruments)
    {
        var span = context.Features.Get<IHttpActivityFeature>()?.Activity;
        if (span is { IsAllDataRequested: true, HasRemoteParent: false } && IsLooking(context.Request))
        {
            // Prometheus, probes and pacman would be most of what is sent. A caller that traces what it reads gets it.
            span.IsAllDataRequested = false;
            span.ActivityTraceFlags &= ~ActivityTraceFlags.Recorded;
        }

        var started = instruments.Begin();

        // An error page takes the endpoint's place.
        var endpoint = context.GetEndpoint();
        var status = StatusCodes.Status500InternalServerError;
        try
        {
            await next(context);
            status = context.RequestAborted.IsCancellationRequested && !context.Response.HasStarted ? ClientGone : context.Response.StatusCode;
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            status = ClientGone;
            throw;
        }
        finally
        {
            var route = ((context.GetEndpoint() ?? endpoint) as RouteEndpoint)?.RoutePattern.RawText;
            instruments.End(started, context, route, status);
            if (span is { IsAllDataRequested: true })
            {
                span.DisplayName = route is null ? context.Request.Method : $"{context.Request.Method} {route}";
                span.SetTag("http.request.method", context.Request.Method);
                span.SetTag("http.route", route);
                span.SetTag("http.response.status_code", status);
            }
        }
    }

    private static bool IsLooking(HttpRequest request) => HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);
}
