using Caur.Api.Documentation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Caur.Api.Metrics;

/// <summary>What Prometheus reads.</summary>
public static class MetricsEndpoints
{
    /// <summary>Maps <c>/metrics</c>.</summary>
    public static IEndpointRouteBuilder MapMetrics(this IEndpointRouteBuilder app)
    {
        app.MapGet("/metrics", Get)
            .WithTags("farm")
            .WithName("GetMetrics")
            .Documented("Metrics for Prometheus.", "In its text format; labels come from closed sets.")
            .AnswersText("# TYPE caur_queue_builds gauge\ncaur_queue_builds{arch=\"x86_64\"} 2533\n");
        return app;
    }

    private static ContentHttpResult Get(HttpRequest request, FarmMetrics metrics)
    {
        var openMetrics = request.GetTypedHeaders().Accept
            .Any(wanted => wanted.MediaType.Equals("application/openmetrics-text", StringComparison.OrdinalIgnoreCase) && wanted.Quality is null or > 0);
        return TypedResults.Text(metrics.Collect(openMetrics), openMetrics ? PrometheusText.OpenMetricsType : PrometheusText.ContentType);
    }
}
