using Caur.Api.Documentation;
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
        app.MapGet("/metrics", (FarmMetrics metrics) => TypedResults.Text(metrics.Collect(), PrometheusText.ContentType))
            .WithTags("farm")
            .WithName("GetMetrics")
            .Documented("Metrics for Prometheus.", "In its text format; labels come from closed sets.")
            .AnswersText("# TYPE caur_queue_builds gauge\ncaur_queue_builds{arch=\"x86_64\"} 2533\n");
        return app;
    }
}
