using System.Globalization;
using System.Text;
using Caur.Api.Documentation;
using Caur.Api.Limits;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Logs;
using Caur.Contracts.Queue;
using Caur.Storage.Logs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans;

namespace Caur.Api.Logs;

/// <summary>The manual's log routes: the whole log as text, then what comes, until the build is over. <c>offset=N</c> begins at a byte,
/// <c>follow=false</c> ends with what is there. A connection that ends well has sent the log's end; a reader whose connection broke asks
/// again from the offset that it has.</summary>
/// <remarks>An offset behind the end of a log that grows waits for that byte; behind the end of one that is finished, or not followed, it is
/// refused with 416 and the length. Ranges are not served, which RFC 9110 allows: a <c>Range</c> header is ignored.</remarks>
public static class LogEndpoints
{
    /// <summary>The header that names the build whose log it is: a reader that asked for the newest goes on with the same one.</summary>
    public const string BuildHeader = "Caur-Build";

    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>Maps <c>/api/logs/...</c>.</summary>
    public static IEndpointRouteBuilder MapLogs(this IEndpointRouteBuilder app)
    {
        Describe(app.MapMethods("/api/logs/{id}/{timestamp}", Methods, GetLogAsync).WithName("GetLog"))
            .Documented("A build's log.", "As the container wrote it, from a byte on, and what comes until the build is over.")
            .Parameter("timestamp", "When the build was queued, in milliseconds since 1970.", "1795249937633");
        app.MapGet("/api/logs/{id}/{timestamp}/namcap", GetNamcap).WithName("GetNamcap").WithTags("logs")
            .Documented("What namcap says of a build's PKGBUILD and packages.", "Kept beside the log and as long as it, where the builder image has namcap. It judges; it fails no build.")
            .Parameter("id", "The package folder.", "guile1.8")
            .Parameter("timestamp", "When the build was queued, in milliseconds since 1970.", "1795249937633")
            .AnswersText("guile1.8 W: Unused shared library '/usr/lib/libm.so.6' by file ('usr/bin/guile')\n")
            .Refuses(StatusCodes.Status400BadRequest, "That is no build.", "'now' is no time in milliseconds since 1970")
            .Refuses(StatusCodes.Status404NotFound, "There is none.", "namcap said nothing of guile1.8 at 1795249937633: it was not built, or its image has no namcap");
        Describe(app.MapMethods("/api/logs/{id}", Methods, GetLatestLogAsync).WithName("GetLatestLog"))
            .Documented("The newest log of a package.", "As the container wrote it, from a byte on, and what comes until the build is over. The header `Caur-Build` names the build.");
        return app;
    }

    private static RouteHandlerBuilder Describe(RouteHandlerBuilder route) => route
        .WithTags("logs")
        .Parameter("id", "The package folder.", "guile1.8")
        .FreeParameter("offset", "The first byte that is wanted. Default: 0.", "65536")
        .FreeParameter("follow", "false ends with what is there. Default: true.", "false")
        .AnswersText("Added to build queue at 21/11/2026, 08:26:24 UTC. Waiting for builder...\r\n", when: "Until the build is over.")
        .AnswersText("Build task not found", status: StatusCodes.Status404NotFound, when: "There is no such log; the text has the escapes that make it red.")
        .Refuses(StatusCodes.Status429TooManyRequests, "This client holds too many streams.", "250 streams and logs are open from this address without a token, and that is the most: close one")
        .Refuses(StatusCodes.Status416RangeNotSatisfiable, "The offset is behind the end.", "the log has 4711 bytes, and the offset 65536 is behind them");

    private static async Task GetLogAsync(string id, string timestamp, HttpContext context, LogServices services)
    {
        if (!Names.IsValid(id) || !long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var time))
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "Invalid build id or timestamp");
            return;
        }

        await SendAsync(context, services, async () => services.Store.Find(id, time) is { } log ? new Wanted(log.Key, null) : await FindWaitingAsync(services, id, time));
    }

    private static IResult GetNamcap(string id, string timestamp, BuildLogStore store)
    {
        if (!Names.IsValid(id) || !long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var time))
        {
            return TypedResults.Problem("a package folder's name and a time in milliseconds since 1970 are wanted", statusCode: StatusCodes.Status400BadRequest);
        }

        return store.Find(id, time) is { } log && store.OpenNamcap(log.Key) is { } text
            ? TypedResults.Stream(text, "text/plain; charset=utf-8")
            : TypedResults.Problem($"namcap said nothing of {id} at {time}: it was not built, or its image has no namcap", statusCode: StatusCodes.Status404NotFound);
    }

    private static async Task GetLatestLogAsync(string id, HttpContext context, LogServices services)
    {
        if (!Names.IsValid(id))
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "Invalid build id");
            return;
        }

        await SendAsync(
            context,
            services,
            async () => await FindWaitingAsync(services, id, null) ?? (services.Store.Latest(id) is { } log ? new Wanted(log.Key, null) : null));
    }

    /// <summary>The log of a build in the queue, which may not have a file yet. Reading makes none: what it begins with follows from the
    /// build's id.</summary>
    private static async Task<Wanted?> FindWaitingAsync(LogServices services, string pkgbase, long? timestamp)
    {
        BuildId? newest = null;
        foreach (var arch in services.Farm.Value.TargetRepositories.Values.SelectMany(target => target.Architectures).Distinct())
        {
            var queue = services.Grains.GetGrain<IBuildQueueGrain>(arch);
            if (await queue.FindPackageAsync(pkgbase, timestamp) is { Build: var build }
                && (newest is null || build.Timestamp > newest.Value.Timestamp))
            {
                newest = build;
            }
        }

        return newest is { } found
            ? new Wanted(new LogKey(found.Pkgbase, found.Timestamp, found.Target.Name, found.Arch), LogHeader.For(found))
            : null;
    }

    private static async Task SendAsync(HttpContext context, LogServices services, Func<Task<Wanted?>> find)
    {
        if (!LogQuery.TryRead(context.Request.Query, out var query, out var problems))
        {
            await TypedResults.ValidationProblem(problems).ExecuteAsync(context);
            return;
        }

        if (await find() is not { } wanted
            || (services.Store.Find(wanted.Key) ?? (wanted.Head is { } head ? new LogInfo(wanted.Key, head.Length, false, default) : null)) is not { } log)
        {
            await RefuseAsync(context, StatusCodes.Status404NotFound, "Build task not found");
            return;
        }

        var key = wanted.Key;

        var response = context.Response;
        if (query.Offset > log.Length && (log.Finished || !query.Follow))
        {
            response.Headers.ContentRange = string.Create(CultureInfo.InvariantCulture, $"bytes */{log.Length}");
            await TypedResults.Problem(
                string.Create(CultureInfo.InvariantCulture, $"the log has {log.Length} bytes, and the offset {query.Offset} is behind them"),
                statusCode: StatusCodes.Status416RangeNotSatisfiable).ExecuteAsync(context);
            return;
        }

        using var entered = await services.Streams.EnterAsync(context);
        if (entered is null)
        {
            return;
        }

        response.ContentType = "text/plain; charset=utf-8";
        response.Headers.XContentTypeOptions = "nosniff";
        response.ContentLength = log.Finished || !query.Follow ? log.Length - query.Offset : null;
        response.Headers[BuildHeader] = string.Create(CultureInfo.InvariantCulture, $"{key.Target}/{key.Arch}/{key.Pkgbase}/{key.Timestamp}");
        response.Headers.CacheControl = "no-cache";
        response.Headers["X-Accel-Buffering"] = "no";
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, services.Lifetime.ApplicationStopping);
        try
        {
            await response.StartAsync(end.Token);
            if (!HttpMethods.IsHead(context.Request.Method))
            {
                await SendBytesAsync(response, services, wanted, query.Offset, end.Token);
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            // The reader went away, or the gateway stops. A clean end would say that the log is finished; after a broken one the reader
            // asks again from its offset.
            context.Abort();
        }
    }

    private static async Task SendBytesAsync(
        HttpResponse response, LogServices services, Wanted log, long offset, CancellationToken cancellationToken)
    {
        using var counted = services.Followers.Enter();
        using var news = response.ContentLength is null ? services.News?.Listen(log.Key) : null;
        var left = response.ContentLength ?? long.MaxValue;
        if (left == 0)
        {
            return;
        }

        await foreach (var piece in services.Store.FollowAsync(log.Key, offset, cancellationToken, log.Head))
        {
            var wanted = piece[..(int)Math.Min(piece.Length, left)];
            await response.Body.WriteAsync(wanted, cancellationToken);
            await response.Body.FlushAsync(cancellationToken);
            left -= wanted.Length;
            if (left == 0)
            {
                return;
            }
        }
    }

    /// <summary>A log to send.</summary>
    /// <param name="Key">Which.</param>
    /// <param name="Head">What it begins with, of a build in the queue; null of one that has to be there.</param>
    private sealed record Wanted(LogKey Key, byte[]? Head);

    private static async Task RefuseAsync(HttpContext context, int status, string text)
    {
        // The manual's viewer shows the body as it is; programs get what they get everywhere.
        if (context.Request.Headers.Accept.ToString().Contains("json", StringComparison.OrdinalIgnoreCase))
        {
            await TypedResults.Problem(text, statusCode: status).ExecuteAsync(context);
            return;
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = "text/plain; charset=utf-8";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes($"\x1B[1;3;31m{text}\x1B[0m "), context.RequestAborted);
    }
}

/// <summary>What the log routes need.</summary>
/// <param name="Store">The log files.</param>
/// <param name="Grains">The queue, for builds that have no file yet.</param>
/// <param name="Farm">The architectures.</param>
/// <param name="Lifetime">Ends followers when the gateway stops.</param>
/// <param name="Followers">Counts them.</param>
/// <param name="Streams">Counts them per client.</param>
/// <param name="News">Hears of logs that grow in another process; null where none does.</param>
public sealed record LogServices(
    BuildLogStore Store, IGrainFactory Grains, IOptions<FarmOptions> Farm, IHostApplicationLifetime Lifetime, LogFollowers Followers, ClientStreams Streams,
    LogNews? News = null);
