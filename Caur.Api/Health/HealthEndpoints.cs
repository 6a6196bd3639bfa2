using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Caur.Api.Health;

/// <summary>The probes of whoever runs the process.</summary>
public static class HealthEndpoints
{
    /// <summary>Maps <c>/health/startup</c>, <c>/health/ready</c> and <c>/health/live</c>.</summary>
    public static IEndpointRouteBuilder MapHealth(this IEndpointRouteBuilder app)
    {
        app.MapGet("/health/startup", (FarmHealth health) => Answer(health.IsStarted));
        app.MapGet("/health/ready", (FarmHealth health) => Answer(health.IsReady, health.Degraded));
        app.MapGet("/health/live", () => Answer(true));
        return app;
    }

    private static IResult Answer(bool good, string degraded = "") => TypedResults.Text(
        !good ? "not yet\n" : degraded.Length > 0 ? $"degraded: {degraded}\n" : "ok\n",
        statusCode: good ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
}
