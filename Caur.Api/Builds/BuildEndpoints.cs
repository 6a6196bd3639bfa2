using Caur.Api.Auth;
using Caur.Api.Documentation;
using Caur.Api.Hosting;
using Caur.Api.Idempotency;
using Caur.Api.Paging;
using Caur.Api.Queue;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Caur.Api.Builds;

/// <summary>The list of builds, and single ones. A build's id has slashes: it may stand in a path as it is, or as one segment with
/// <c>%2F</c> in their place.</summary>
public static class BuildEndpoints
{
    private const string IdHelp = "The build's id, `target/arch/pkgbase/timestamp`, as one segment: with %2F for each slash.";

    /// <summary>Maps <c>/api/v1/builds/...</c>.</summary>
    public static IEndpointRouteBuilder MapBuilds(this IEndpointRouteBuilder app)
    {
        var all = app.MapGroup("/api/v1/builds").WithTags("builds");
        all.MapGet("", ListAsync).WithName("ListBuilds").WithEntityTag()
            .Documented(
                "List builds, the newest first.",
                "Builds in the queues, with builders, and those that ended and still have a log. With `state` or `builder` a page may have "
                + "fewer builds than its limit, also none, before the list's end: `next` is null at the end only.")
            .Parameter("state", "Only builds in one of these states, comma-separated. Default: all.", "Failed,TimedOut")
            .Parameter("package", "Only builds of this pkgbase. Default: all.", "guile1.8")
            .Parameter("target", "Only builds for this repository, `name` or `name/arch`. Default: all.", "chaotic-aur/x86_64")
            .Parameter("builder", "Only builds that this builder has or had last, `name` or `name/instance`. Default: all.", "stormwing")
            .Parameter("since", "Only builds that were queued then or later: RFC 3339, or milliseconds since 1970. Default: all.", "2026-11-21T00:00:00Z")
            .Paged(BuildExamples.Id.ToString())
            .AnswersLike(new Page<BuildSummary> { Items = [BuildExamples.Summary], Next = BuildExamples.Id.ToString() });

        var one = all.MapGroup("/{target}/{arch}/{pkgbase}/{timestamp}").WithMetadata(new TargetRouteAttribute("target"));
        DescribeOne(
            "",
            one.MapGet("", (string target, string arch, string pkgbase, string timestamp, BuildReader builds) =>
                GetAsync($"{target}/{arch}/{pkgbase}/{timestamp}", builds)),
            one.MapPost("/cancel", (string target, string arch, string pkgbase, string timestamp, HttpContext context, QueueReader queues) =>
                CancelAsync($"{target}/{arch}/{pkgbase}/{timestamp}", context, queues)),
            one.MapPost("/promote", (string target, string arch, string pkgbase, string timestamp, QueueReader queues) =>
                PromoteAsync($"{target}/{arch}/{pkgbase}/{timestamp}", queues)),
            one.MapPost("/retry", (string target, string arch, string pkgbase, string timestamp, HttpContext context, BuildRetry retry, RetryBody? body) =>
                RetryAsync($"{target}/{arch}/{pkgbase}/{timestamp}", context, retry, body)),
            static route => route
                .Parameter("target", "The repository's name.", "chaotic-aur")
                .Parameter("arch", "Its architecture.", "x86_64")
                .Parameter("pkgbase", "The package folder.", "guile1.8")
                .Parameter("timestamp", "When it was queued, in milliseconds since 1970.", "1795249937633"));
        var byId = all.MapGroup("/{id}").WithMetadata(new BuildRouteAttribute("id"));
        DescribeOne(
            "ById",
            byId.MapGet("", (string id, BuildReader builds) => GetAsync(Unpacked(id), builds)),
            byId.MapPost("/cancel", (string id, HttpContext context, QueueReader queues) => CancelAsync(Unpacked(id), context, queues)),
            byId.MapPost("/promote", (string id, QueueReader queues) => PromoteAsync(Unpacked(id), queues)),
            byId.MapPost("/retry", (string id, HttpContext context, BuildRetry retry, RetryBody? body) =>
                RetryAsync(Unpacked(id), context, retry, body)),
            static route => route.Parameter("id", IdHelp, "chaotic-aur%2Fx86_64%2Fguile1.8%2F1795249937633"));
        return app;
    }

    private static void DescribeOne(
        string suffix,
        RouteHandlerBuilder shown,
        RouteHandlerBuilder cancelled,
        RouteHandlerBuilder promoted,
        RouteHandlerBuilder retried,
        Action<RouteHandlerBuilder> describe)
    {
        shown.WithName($"GetBuild{suffix}").WithEntityTag()
            .Documented(
                "Show a build.",
                "Where it is and why, since when and with whom; its attempts with how each ended, what came out of it, and while it waits when it will probably start.")
            .AnswersLike(BuildExamples.Reply);
        cancelled.RequireAuthorization(AuthPolicies.Admin).WithName($"CancelBuild{suffix}")
            .Documented("Cancel a build.", "A build that waits is ended; one that runs is ended by its builder. From uploading on it is not cancelled any more.")
            .AnswersLike(new CancelReply(true, "cancelled before it started"))
            .Refuses(StatusCodes.Status409Conflict, "It is over, or past cancelling.", $"{BuildExamples.Id} is not in the queue: it is finished, or never was")
            .WantsToken("admin");
        promoted.RequireAuthorization(AuthPolicies.Admin).WithName($"PromoteBuild{suffix}")
            .Documented("Promote a build.", "Puts a waiting build, and what it waits for, before everything that came in the last 24 hours.")
            .AnswersLike(QueueExamples.Promoted)
            .Refuses(StatusCodes.Status409Conflict, "It does not wait.", $"{BuildExamples.Id} is running already")
            .WantsToken("admin");
        retried.RequireAuthorization(AuthPolicies.Schedule).WithName($"RetryBuild{suffix}")
            .Documented(
                "Build the same again.",
                "Queues the same pkgbase of the same commit for the same repository, as a person's wish. What of it waits or runs is replaced, as with any order.")
            .TakesLike(new RetryBody { Operation = QueueExamples.Operation })
            .AnswersLike(new RetryReply(BuildExamples.NewerId, BuildExamples.Id, BuildExamples.Commit, null))
            .Refuses(StatusCodes.Status422UnprocessableEntity, "It cannot be queued.", "commit 5b2f09c1 of chaotic-aur has no package folder guile1.8")
            .WantsToken("ci or admin");
        foreach (var route in new[] { shown, cancelled, promoted, retried })
        {
            describe(route);
            route
                .Refuses(StatusCodes.Status400BadRequest, "That is no build's id.", "'chaotic-aur/x86_64/guile1.8/now' is no build id: target/arch/pkgbase/timestamp is wanted")
                .Refuses(StatusCodes.Status404NotFound, "There is no such build.", $"there is no build {BuildExamples.Id}");
        }
    }

    private static async Task<Results<Ok<Page<BuildSummary>>, ProblemHttpResult>> ListAsync(
        BuildCatalog builds,
        string? state = null,
        string? package = null,
        string? target = null,
        string? builder = null,
        string? since = null,
        string? after = null,
        int? limit = null)
    {
        var (query, problem) = BuildListQuery.Read(state, package, target, builder, since, after, limit);
        return query is null
            ? TypedResults.Problem(problem, statusCode: StatusCodes.Status400BadRequest)
            : TypedResults.Ok(await builds.ListAsync(query));
    }

    private static async Task<Results<Ok<BuildReply>, ProblemHttpResult>> GetAsync(string text, BuildReader builds) =>
        !BuildId.TryParse(text, null, out var id) ? NoBuildId(text)
        : await builds.FindAsync(id) is { } reply ? TypedResults.Ok(reply)
        : NoBuild(id);

    private static async Task<Results<Ok<CancelReply>, ProblemHttpResult>> CancelAsync(string text, HttpContext context, QueueReader queues)
    {
        if (!BuildId.TryParse(text, null, out var id))
        {
            return NoBuildId(text);
        }

        if (!queues.Architectures.Contains(id.Arch))
        {
            return NoBuild(id);
        }

        var who = context.User.Identity?.Name is { Length: > 0 } name ? name : "an admin";
        var reply = await queues.Queue(id.Arch).CancelAsync(id, $"cancelled by {who}");
        return reply.Done ? TypedResults.Ok(reply) : TypedResults.Problem(reply.Explanation, statusCode: StatusCodes.Status409Conflict);
    }

    private static async Task<Results<Ok<PromoteReply>, ProblemHttpResult>> PromoteAsync(string text, QueueReader queues)
    {
        if (!BuildId.TryParse(text, null, out var id))
        {
            return NoBuildId(text);
        }

        if (!queues.Architectures.Contains(id.Arch))
        {
            return NoBuild(id);
        }

        var reply = await queues.Queue(id.Arch).PromoteAsync(id);
        return reply.Done ? TypedResults.Ok(reply) : TypedResults.Problem(reply.Explanation, statusCode: StatusCodes.Status409Conflict);
    }

    private static async Task<Results<Ok<RetryReply>, ProblemHttpResult>> RetryAsync(
        string text, HttpContext context, BuildRetry retry, RetryBody? body)
    {
        if (!BuildId.TryParse(text, null, out var id))
        {
            return NoBuildId(text);
        }

        // The body may be left out, and then nobody puts the key's operation into it.
        var operation = body?.Operation ?? context.Features.Get<KeyedOperation>()?.Operation ?? Guid.NewGuid();
        var (reply, problem) = await retry.RunAsync(id, operation);
        return reply is not null ? TypedResults.Ok(reply)
            : problem is null ? NoBuild(id)
            : TypedResults.Problem(problem, statusCode: StatusCodes.Status422UnprocessableEntity);
    }

    /// <summary>Routing decodes everything but the slash.</summary>
    internal static string Unpacked(string id) => id.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    private static ProblemHttpResult NoBuild(BuildId id) =>
        TypedResults.Problem($"there is no build {id}", statusCode: StatusCodes.Status404NotFound);

    private static ProblemHttpResult NoBuildId(string text) => TypedResults.Problem(
        $"'{Events.BuildStateNames.Shown(text)}' is no build id: target/arch/pkgbase/timestamp is wanted", statusCode: StatusCodes.Status400BadRequest);
}
