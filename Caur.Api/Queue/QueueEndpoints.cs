using System.Diagnostics;
using Caur.Api.Auth;
using Caur.Api.Health;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Contracts.Sources;
using Caur.Contracts.Tracing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Orleans;

namespace Caur.Api.Queue;

/// <summary>The manual's queue routes, in the shapes that its frontend reads.</summary>
public static class QueueEndpoints
{
    /// <summary>Maps <c>/api/queue/...</c>.</summary>
    public static IEndpointRouteBuilder MapQueue(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/queue").WithTags("queue");
        group.MapGet("/stats", GetStatsAsync).WithName("GetQueueStats");
        group.MapGet("/packages", GetPackagesAsync).WithName("GetQueuePackages");
        group.MapPost("/schedule", ScheduleAsync).RequireAuthorization(AuthPolicies.Schedule).WithName("Schedule");
        group.MapPost("/promote", PromoteAsync).RequireAuthorization(AuthPolicies.Admin).WithName("Promote");
        app.MapGet("/api/v1/queue", (QueueReader queues) => queues.ReadAsync()).WithTags("queue").WithName("GetQueue");
        return app;
    }

    private static async Task<Ok<QueueStats>> GetStatsAsync(QueueStatsReader stats) => TypedResults.Ok(await stats.ReadAsync());

    private static async Task<Ok<List<Dictionary<string, QueuedPackage>>>> GetPackagesAsync(QueueReader queues) =>
        TypedResults.Ok((await queues.ReadAsync())
            .SelectMany(queue => queue.Items)
            .Select(item => new Dictionary<string, QueuedPackage>
            {
                [item.Build.Pkgbase] = new QueuedPackage(
                    item.Build.Arch, Class(item.Request.BuilderClass ?? "1"), item.Request.SourceRepository, item.Build.Timestamp),
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

        return disks.FindFull() is { } full
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
        if (!Names.IsValid(body.Pkgbase) || !Names.IsValid(body.TargetRepo) || !queues.Architectures.Contains(body.Arch))
        {
            return TypedResults.Problem(
                "pkgbase and target_repo are wanted, each a name, and an arch of this farm", statusCode: StatusCodes.Status400BadRequest);
        }

        var package = new PackageKey(new TargetId(body.TargetRepo, body.Arch), body.Pkgbase);
        var waiting = (await queues.Queue(body.Arch).GetAsync()).Items
            .FirstOrDefault(item => item.Build.Package == package && item.State is BuildState.Waiting or BuildState.Assigned);
        if (waiting is null)
        {
            return TypedResults.Problem($"no build of {package} waits", statusCode: StatusCodes.Status404NotFound);
        }

        var reply = await queues.Queue(body.Arch).PromoteAsync(waiting.Build);
        return reply.Done ? TypedResults.Ok(reply) : TypedResults.Problem(reply.Explanation, statusCode: StatusCodes.Status409Conflict);
    }

    private static object Class(string text) => QueueStatsReader.Class(text);
}
