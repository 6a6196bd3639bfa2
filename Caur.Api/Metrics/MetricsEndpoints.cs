using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Caur.Api.Metrics;

/// <summary>What Prometheus reads.</summary>
public static class MetricsEndpoints
{
    /// <summary>Maps <c>/metrics</c>.</summary>
    public static IEndpointRouteBuilder MapMetrics(this IEndpointRouteBuilder app)
    {
        app.MapGet("/metrics", (FarmMetrics metrics) => TypedResults.Text(metrics.Collect(), PrometheusText.ContentType));
        return app;
    }
}
