using Caur.Api.Documentation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Caur.Api.Events;

/// <summary>What happens on the farm, as it happens.</summary>
internal static class EventEndpoints
{
    private const string Example = """
        retry: 3000
        id: 5b2f09c1d7aa-41

        id: 5b2f09c1d7aa-42
        event: build
        data: {"time":"2026-11-21T08:26:24.5+00:00","build":"chaotic-aur/x86_64/guile1.8/1795249937633","pkgbase":"guile1.8","target":"chaotic-aur/x86_64","state":"Running","final":false,"builder":"stormwing/0","attempts":1,"reason":""}

        : heartbeat
        id: 5b2f09c1d7aa-42

        """;

    public static IEndpointRouteBuilder MapEvents(this IEndpointRouteBuilder app)
    {
        app.MapGet("/api/v1/events", GetAsync)
            .WithTags("events")
            .WithName("GetEvents")
            .Documented(
                "Follow builds, publications, builders, queues and runs.",
                "Server-sent events named `build`, `publication`, `builder`, `queue` and `run`, each sender's in their order. Whoever loses the connection "
                + "asks again with the header `Last-Event-ID` and gets what came since, as long as what came after it is among the newest 16,384; "
                + "otherwise an event `reset` says that lists have to be read again, and the stream goes on with what is new. "
                + "To keep a list up to date, connect first, then read the list, then take in what came. "
                + "What a sender failed to tell is noticed with the next that it tells, and is a `reset` then: where no state may be missed, read the list again every few minutes. "
                + "A quiet stream sends a comment every 15 s; a client that does not take what it gets for 10 s is cut off.")
            .Parameter("type", "Only events of these names, comma-separated: build, publication, builder, queue, run. Default: all.", "build,publication")
            .Parameter("package", "Only builds of these pkgbases, comma-separated, and publications that have one of them. Default: all.", "guile1.8,gtk+")
            .Parameter("target", "Only builds and publications of these repositories, `name` or `name/arch`. Default: all.", "chaotic-aur/x86_64")
            .Parameter("builder", "Only these builders and what they build, `name` or `name/instance`. Default: all.", "stormwing")
            .Parameter("state", "Only builds that come into one of these states. Default: all.", "Published,Failed")
            .FreeParameter("Last-Event-ID", "Goes on behind this event.", "5b2f09c1d7aa-41", inHeader: true)
            .FreeParameter("last_event_id", "The same, for clients that cannot set headers.", "5b2f09c1d7aa-41")
            .AnswersText(Example, "text/event-stream", when: "Until the client goes.")
            .Refuses(StatusCodes.Status400BadRequest, "A filter cannot be what it is.", "type is 'builds', and one or more of build, publication, builder, queue, run are wanted")
            .Refuses(StatusCodes.Status429TooManyRequests, "This client holds too many streams.", "250 streams and logs are open from this address without a token, and that is the most: close one")
            .Refuses(StatusCodes.Status503ServiceUnavailable, "Too many clients follow.", "1000 clients follow events already, and that is the most");
        return app;
    }

    private static async Task GetAsync(
        HttpContext context,
        EventFeed feed,
        EventStream stream,
        string? type = null,
        string? package = null,
        string? target = null,
        string? builder = null,
        string? state = null)
    {
        var (filter, problem) = EventFilter.Read(type, package, target, builder, state);
        if (filter is null)
        {
            await TypedResults.Problem(problem, statusCode: StatusCodes.Status400BadRequest).ExecuteAsync(context);
            return;
        }

        await feed.IsUp.WaitAsync(context.RequestAborted);
        await stream.SendAsync(context, feed.Ring, (item, buffer) =>
        {
            if (filter.Wants(item))
            {
                item.Write(buffer);
            }
        });
    }
}
