using System.Diagnostics;
using Caur.Api.Auth;
using Caur.Api.Builds;
using Caur.Api.Documentation;
using Caur.Api.Events;
using Caur.Api.Health;
using Caur.Api.Hosting;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Contracts.Sources;
using Caur.Contracts.Tracing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using Orleans;

namespace Caur.Api.Queue;

/// <summary>The manual's queue routes, in the shapes that its frontend reads.</summary>
public static class QueueEndpoints
{
    private const int LongestReason = 200;

    /// <summary>Maps <c>/api/queue/...</c>.</summary>
    public static IEndpointRouteBuilder MapQueue(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/queue").WithTags("queue");
        group.MapGet("/stats", GetStatsAsync).WithName("GetQueueStats")
            .Documented("The queue in today's frontend's form.", "What builders have, what waits in the order of its turn, and which builders would take something.")
            .AnswersLike(QueueExamples.Stats);
        group.MapGet("/packages", GetPackagesAsync).WithName("GetQueuePackages").WithEntityTag()
            .Documented("What is queued or with a builder.", "One object per build, with the pkgbase as its only name. `/api/v1/queue` tells more, and in pages.")
            .AnswersLike(QueueExamples.Packages);
        group.MapGet("/metrics", GetMetricsAsync).WithName("GetQueueMetrics")
            .Documented(
                "How many builds ended, and how.",
                "Since the hub started: builds that a builder had, and what became of the publications. Cancelled and replaced ones are not counted. `/metrics` is for Prometheus.")
            .AnswersLike(QueueExamples.Metrics);
        group.MapPost("/schedule", ScheduleAsync).RequireAuthorization(AuthPolicies.Schedule).WithName("Schedule")
            .Documented(
                "Queue builds.",
                "Reads the package folders at a commit, works out what depends on what, and queues them. A waiting build of the same package is replaced "
                + "and keeps its place, a running one is ended and replaced, one that uploads finishes first. Repeated with the same `operation` nothing is queued twice.")
            .TakesLike(QueueExamples.Schedule)
            .AnswersLike(QueueExamples.Scheduled)
            .Refuses(StatusCodes.Status400BadRequest, "The body cannot be what it is.", "no packages are named")
            .Refuses(StatusCodes.Status422UnprocessableEntity, "Nothing was queued.", "there is no source repository 'chaotic'; known: chaotic-aur")
            .Refuses(StatusCodes.Status507InsufficientStorage, "The disk is full.", "the disk of /var/lib/caur is full: 12 KiB are free, make room")
            .WantsToken("ci or admin");
        DescribePromote(group.MapPost("/promote", PromoteAsync), "Promote");
        MapV1(app.MapGroup("/api/v1/queue").WithTags("queue"));
        return app;
    }

    private static void DescribePromote(RouteHandlerBuilder promote, string name) => promote
        .RequireAuthorization(AuthPolicies.Admin).WithName(name)
        .Documented(
            "Promote a waiting build.",
            "Puts it, and what it waits for, before everything that came in the last 24 hours. It is named by pkgbase, arch (default x86_64) and target_repo, or by its id as `build`.")
        .TakesLike(QueueExamples.Promote)
        .AnswersLike(QueueExamples.Promoted)
        .Refuses(StatusCodes.Status400BadRequest, "The body cannot be what it is.", "pkgbase and target_repo are wanted, each a name, and an arch of this farm: x86_64")
        .Refuses(StatusCodes.Status404NotFound, "It does not wait.", "no build of chaotic-aur/x86_64/guile1.8 waits")
        .Refuses(StatusCodes.Status409Conflict, "It started meanwhile.", $"{BuildExamples.Id} is running already")
        .WantsToken("admin");

    private static void MapV1(RouteGroupBuilder group)
    {
        group.MapGet("", ListAsync).WithName("GetQueue").WithEntityTag()
            .Documented(
                "List what is queued or with a builder, the oldest first.",
                "Each with the true reason why it waits, its place, and when it will probably start: by how long builds took before, the free slots "
                + "and the order. Builds that come in later, and slots that other architectures fill, are not counted.")
            .Parameter("state", "Only builds in one of these states, comma-separated: Waiting, Assigned, Running, Uploading, Publishing. Default: all.", "Waiting")
            .Parameter("wait", "Only builds that wait for one of these reasons, comma-separated. Default: all.", "Held,NoFittingBuilder")
            .Parameter("package", "Only builds of this pkgbase. Default: all.", "guile1.8")
            .Parameter("target", "Only builds for this repository, `name` or `name/arch`. Default: all.", "chaotic-aur")
            .Parameter("arch", "Only this architecture's queue. Default: all.", "x86_64")
            .Paged(BuildExamples.Id.ToString())
            .AnswersLike(QueueExamples.Page);
        group.MapPost("/pause", (QueueListReader lists, QueueReader queues, PauseBody? body) => PauseAsync(lists, queues, body, paused: true))
            .RequireAuthorization(AuthPolicies.Admin).WithName("PauseQueue")
            .Documented("Hand out no more builds.", "What runs goes on; everything that waits says that the queue is paused, also after a restart.")
            .TakesLike(new PauseBody { Arch = "x86_64" })
            .AnswersLike(new PauseReply([QueueExamples.Counts with { Paused = true }]))
            .Refuses(StatusCodes.Status400BadRequest, "There is no such queue.", "arch is 'mips', and one of this farm's is wanted: x86_64")
            .WantsToken("admin");
        group.MapPost("/resume", (QueueListReader lists, QueueReader queues, PauseBody? body) => PauseAsync(lists, queues, body, paused: false))
            .RequireAuthorization(AuthPolicies.Admin).WithName("ResumeQueue")
            .Documented("Hand out builds again.", "Ends a pause; without one nothing changes.")
            .TakesLike(new PauseBody { Arch = "x86_64" })
            .AnswersLike(new PauseReply([QueueExamples.Counts]))
            .Refuses(StatusCodes.Status400BadRequest, "There is no such queue.", "arch is 'mips', and one of this farm's is wanted: x86_64")
            .WantsToken("admin");
        group.MapPost("/reset", ResetAsync).RequireAuthorization(AuthPolicies.Admin).WithName("ResetQueue")
            .Documented("Cancel everything that waits.", "What builders or the repository have goes on.")
            .TakesLike(new ResetBody { Reason = "the commit is wrong" })
            .AnswersLike(new QueueResetReply(2533, 8, [new QueueResetCounts("x86_64", 2533, 8)]))
            .Refuses(StatusCodes.Status400BadRequest, "There is no such queue.", "arch is 'mips', and one of this farm's is wanted: x86_64")
            .WantsToken("admin");
        DescribePromote(group.MapPost("/promote", static (StrictPromoteBody body, QueueReader queues) => PromoteAsync(body, queues)), "PromoteQueued");
    }

    private static async Task<Results<Ok<QueuePage>, ProblemHttpResult>> ListAsync(
        QueueListReader lists,
        string? state = null,
        string? wait = null,
        string? package = null,
        string? target = null,
        string? arch = null,
        string? after = null,
        int? limit = null)
    {
        var (page, problem) = await lists.ReadAsync(new QueueListQuery
        {
            State = state,
            Wait = wait,
            Package = package,
            Target = target,
            Arch = arch,
            After = after,
            Limit = limit,
        });
        return page is null ? TypedResults.Problem(problem, statusCode: StatusCodes.Status400BadRequest) : TypedResults.Ok(page);
    }

    private static async Task<Results<Ok<PauseReply>, ProblemHttpResult>> PauseAsync(
        QueueListReader lists, QueueReader queues, PauseBody? body, bool paused)
    {
        if (lists.Architectures(body?.Arch) is not { } archs)
        {
            return TypedResults.Problem(lists.NoArchitecture(body!.Arch!), statusCode: StatusCodes.Status400BadRequest);
        }

        await Task.WhenAll(archs.Select(arch => queues.Queue(arch).PauseAsync(paused)));
        return TypedResults.Ok(new PauseReply(await lists.CountAsync(archs)));
    }

    private static async Task<Results<Ok<QueueResetReply>, ProblemHttpResult>> ResetAsync(
        QueueListReader lists, QueueReader queues, HttpContext context, ResetBody? body)
    {
        if (lists.Architectures(body?.Arch) is not { } archs)
        {
            return TypedResults.Problem(lists.NoArchitecture(body!.Arch!), statusCode: StatusCodes.Status400BadRequest);
        }

        if (body?.Reason is { Length: > LongestReason } reason)
        {
            return TypedResults.Problem(
                $"the reason has {reason.Length} characters, and {LongestReason} are the most", statusCode: StatusCodes.Status400BadRequest);
        }

        var who = context.User.Identity?.Name is { Length: > 0 } name ? name : "an admin";
        var why = body?.Reason is { Length: > 0 } given ? $": {BuildStateNames.Shown(given, LongestReason)}" : "";
        var counts = await Task.WhenAll(archs.Select(async arch =>
        {
            var reply = await queues.Queue(arch).ResetAsync($"the queue was reset by {who}{why}");
            return new QueueResetCounts(arch, reply.Cancelled, reply.Left);
        }));
        return TypedResults.Ok(new QueueResetReply(counts.Sum(count => count.Cancelled), counts.Sum(count => count.Left), counts));
    }

    private static async Task<Ok<QueueMetrics>> GetMetricsAsync(QueueStatsReader stats) => TypedResults.Ok(await stats.ReadMetricsAsync());

    private static async Task<IResult> GetStatsAsync(QueueStatsReader stats, HttpContext context, IOptions<JsonOptions> json) =>
        EntityTags.Answer(context, await stats.ReadAsync(json.Value.SerializerOptions));

    private static async Task<Ok<List<Dictionary<string, QueuedPackage>>>> GetPackagesAsync(QueueReader queues) =>
        TypedResults.Ok((await queues.ReadAsync())
            .SelectMany(queue => queue.Items)
            .Select(item => new Dictionary<string, QueuedPackage>
            {
                [item.Build.Pkgbase] = new QueuedPackage(
                    item.Build.Arch, QueueStatsReader.Class(item.Request.BuilderClass), item.Request.SourceRepository, item.Build.Timestamp),
            })
            .ToList());

    private static async Task<Results<Ok<ScheduleReply>, ProblemHttpResult>> ScheduleAsync(
        ScheduleBody body, IGrainFactory grains, DiskWatch disks)
    {
        if (ScheduleBodyCheck.Problem(body) is { } problem)
        {
            return TypedResults.Problem(problem, statusCode: StatusCodes.Status400BadRequest);
        }

        var reply = await grains.GetGrain<ISourceRepositoryGrain>(body.SourceRepo).ScheduleAsync(new ScheduleRequest
        {
            Operation = body.Operation ?? Guid.NewGuid(),
            Target = new TargetId(body.TargetRepo, body.Arch),
            Commit = body.Commit is { Length: > 0 } commit ? commit.Split(':')[0] : null,
            Pipeline = body.Pipeline,
            All = body.All,
            Packages = [.. (body.Packages ?? []).Select(package => new ScheduledPackage(package.Pkgbase, package.ClassText))],
            Priority = body.Priority ?? BuildPriority.Manual,
            Deptree = DeptreeOf(body),
            DeptreeWins = body.DeptreeWins,
            Trace = TraceContext.Of(Activity.Current),
        });
        if (reply.Error is not { } error)
        {
            return TypedResults.Ok(reply);
        }

        return disks.Look() is { } full
            ? TypedResults.Problem($"{full}. {error}", statusCode: StatusCodes.Status507InsufficientStorage)
            : TypedResults.Problem(error, statusCode: StatusCodes.Status422UnprocessableEntity);
    }

    /// <summary>The deptree given, and as entries of it what today's pipelines say with each package. What is wrong in it is for whoever
    /// reads it to say.</summary>
    private static string? DeptreeOf(ScheduleBody body)
    {
        var told = (body.Packages ?? [])
            .Where(package => package.Pkgnames is { Count: > 0 } || package.Dependencies is { Count: > 0 })
            .DistinctBy(package => package.Pkgbase)
            .Select(package => $"{package.Pkgbase}:{string.Join(',', (package.Pkgnames ?? []).Prepend(package.Pkgbase))}:{string.Join(',', package.Dependencies ?? [])}");
        return body.Deptree ?? (string.Join(';', told) is { Length: > 0 } text ? text : null);
    }

    private static async Task<Results<Ok<PromoteReply>, ProblemHttpResult>> PromoteAsync(PromoteBody body, QueueReader queues)
    {
        var (package, arch) = body.Build is { } build ? (build.Package, build.Arch) : (default, body.Arch);
        if (body.Build is null && Names.IsValid(body.Pkgbase) && Names.IsValid(body.TargetRepo) && Names.IsValidArch(arch))
        {
            package = new PackageKey(new TargetId(body.TargetRepo, arch), body.Pkgbase);
        }

        if (package == default || !queues.Architectures.Contains(arch))
        {
            return TypedResults.Problem(
                $"pkgbase and target_repo are wanted, each a name, and an arch of this farm: {string.Join(", ", queues.Architectures)}",
                statusCode: StatusCodes.Status400BadRequest);
        }

        var waiting = body.Build ?? (await queues.Queue(arch).GetAsync()).Items
            .FirstOrDefault(item => item.Build.Package == package && item.State is BuildState.Waiting or BuildState.Assigned)?.Build;
        if (waiting is not { } wanted)
        {
            return TypedResults.Problem($"no build of {package} waits", statusCode: StatusCodes.Status404NotFound);
        }

        var reply = await queues.Queue(arch).PromoteAsync(wanted);
        return reply.Done ? TypedResults.Ok(reply) : TypedResults.Problem(reply.Explanation, statusCode: StatusCodes.Status409Conflict);
    }
}
