using Caur.Api.Auth;
using Caur.Api.Documentation;
using Caur.Api.Events;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Caur.Api.Manager;

/// <summary>The hub's own log.</summary>
internal static class ManagerEndpoints
{
    private const string Example = """
        retry: 3000
        id: 1795249937633-0

        id: 1795249937633-1
        data: {"level":"info","mod":"HubService","msg":"The farm is up at http://[::]:8080 with its data in /var/lib/caur","seq":1,"ts":1795249937700}

        """;

    public static IEndpointRouteBuilder MapManager(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/manager/logs", (HttpContext context, HubLog log, EventStream stream) => stream.SendAsync(
                context,
                log.Ring,
                (line, buffer) => EventStream.WriteEvent(buffer, new StreamPlace(log.Ring.End.Run, line.Seq).ToString(), null, line),
                fromStart: true))
            .RequireAuthorization(AuthPolicies.Admin)
            .WithTags("farm")
            .WithName("GetManagerLogs")
            .Documented(
                "Follow the hub's log.",
                "The newest 2,000 lines of the hub's own log, then what comes, as server-sent events. `Last-Event-ID` goes on behind a line.")
            .FreeParameter("Last-Event-ID", "Goes on behind this line.", "1795249937633-1", inHeader: true)
            .FreeParameter("last_event_id", "The same, for clients that cannot set headers.", "1795249937633-1")
            .AnswersText(Example, "text/event-stream", when: "Until the client goes.")
            .WantsToken("admin");
        return app;
    }
}
