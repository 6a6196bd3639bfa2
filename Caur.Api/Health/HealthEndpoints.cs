using Caur.Api.Documentation;
using Caur.Api.Problems;
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
        Describe(app.MapGet("/health/startup", (FarmHealth health) => Answer(health.IsStarted)), "Startup", "Whether the farm took in its state and serves.");
        Describe(
            app.MapGet("/health/ready", (FarmHealth health, HubPaths paths, HttpContext context) => Answer(health.IsReady, paths.For(context, health.Degraded))),
            "Ready",
            "Whether requests are welcome. A farm that is degraded, as with a full disk, says so and is ready.");
        Describe(app.MapGet("/health/live", () => Answer(true)), "Live", "Whether the process answers.");
        return app;
    }

    private static void Describe(RouteHandlerBuilder route, string name, string description) => route
        .WithTags("farm")
        .WithName($"Get{name}")
        .Documented($"Probe: {name.ToLowerInvariant()}.", description)
        .AnswersText("ok\n")
        .AnswersText("not yet\n", status: StatusCodes.Status503ServiceUnavailable, when: "Not.");

    private static IResult Answer(bool good, string degraded = "") => TypedResults.Text(
        !good ? "not yet\n" : degraded.Length > 0 ? $"degraded: {degraded}\n" : "ok\n",
        statusCode: good ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
}
