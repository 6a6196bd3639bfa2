using System.Globalization;
using Caur.Api.Auth;
using Caur.Api.Health;
using Caur.Contracts.Builds;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Sources;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
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
        app.MapGet("/api/v1/queue", (QueueReader queues) => queues.ReadAsync()).WithTags("queue").WithName("GetQueue");
        return app;
    }

    private static async Task<Ok<QueueStats>> GetStatsAsync(QueueReader queues, IOptions<FarmOptions> farm)
    {
        var snapshots = await queues.ReadAsync();
        var items = snapshots.SelectMany(queue => queue.Items).ToList();
        var builders = snapshots.SelectMany(queue => queue.Builders).ToList();
        var classes = builders
            .GroupBy(builder => builder.Profile.Builder)
            .ToDictionary(group => group.Key, group => Class(group.First().Profile.Class));
        return TypedResults.Ok(new QueueStats(
            QueueStats.Of(items
                .Where(item => item.Builder is not null && item.State is not BuildState.Waiting)
                .Select(item => new ActivePackage(
                    item.Build.Package.ToString(),
                    item.Builder!.Value.Name,
                    classes.GetValueOrDefault(item.Builder.Value),
                    LogUrl(farm.Value, item.Build)))),
            QueueStats.Of(items
                .Where(item => item.State is BuildState.Waiting)
                .Select(item => new WaitingPackage(item.Build.Package.ToString(), Class(item.Request.BuilderClass ?? "1")))),
            QueueStats.OfNodes(builders
                .Where(builder => builder.Busy < builder.Profile.Slots && !builder.Lost)
                .DistinctBy(builder => builder.Profile.Builder)
                .Select(builder => new IdleNode(builder.Profile.Builder.Name, Class(builder.Profile.Class))))));
    }

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
        var wrong = body.Packages?.Select(package => package?.Pkgbase ?? "").FirstOrDefault(pkgbase => !Names.IsValid(pkgbase));
        if (!Names.IsValid(body.TargetRepo) || !Names.IsValid(body.SourceRepo) || !Names.IsValidArch(body.Arch) || wrong is not null)
        {
            return TypedResults.Problem(
                wrong is null
                    ? "source_repo, target_repo and arch are wanted, each a name"
                    : $"'{wrong}' is no name of a package folder",
                statusCode: StatusCodes.Status400BadRequest);
        }

        if (body.Priority is { } priority && !Enum.IsDefined(priority))
        {
            return TypedResults.Problem(
                $"priority must be one of {string.Join(", ", Enum.GetNames<BuildPriority>())}", statusCode: StatusCodes.Status400BadRequest);
        }

        if (!body.All && body.Packages is not { Count: > 0 })
        {
            return TypedResults.Problem("no packages are named", statusCode: StatusCodes.Status400BadRequest);
        }

        var reply = await grains.GetGrain<ISourceRepositoryGrain>(body.SourceRepo).ScheduleAsync(new ScheduleRequest
        {
            Operation = body.Operation ?? Guid.NewGuid(),
            Target = new TargetId(body.TargetRepo, body.Arch),
            Commit = body.Commit is { Length: > 0 } commit ? commit.Split(':')[0] : null,
            All = body.All,
            Packages = [.. (body.Packages ?? []).Select(package => new ScheduledPackage(package.Pkgbase, package.ClassText))],
            Priority = body.Priority ?? BuildPriority.Manual,
        });
        if (reply.Error is not { } error)
        {
            return TypedResults.Ok(reply);
        }

        return disks.FindFull() is { } full
            ? TypedResults.Problem($"{full}. {error}", statusCode: StatusCodes.Status507InsufficientStorage)
            : TypedResults.Problem(error, statusCode: StatusCodes.Status422UnprocessableEntity);
    }

    private static object Class(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : text;

    private static string? LogUrl(FarmOptions farm, BuildId build) => farm.LogsUrl is { Length: > 0 } url
        ? string.Create(CultureInfo.InvariantCulture, $"{url}?timestamp={build.Timestamp}&id={Uri.EscapeDataString(build.Pkgbase)}")
        : null;
}
