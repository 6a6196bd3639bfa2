using Caur.Api.Auth;
using Caur.Api.Queue;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Storage.State;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Orleans;

namespace Caur.Api.Builds;

/// <summary>Single builds.</summary>
public static class BuildEndpoints
{
    /// <summary>Maps <c>/api/v1/builds/...</c>.</summary>
    public static IEndpointRouteBuilder MapBuilds(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/api/v1/builds/{target}/{arch}/{pkgbase}/{timestamp}").WithTags("builds")
            .WithMetadata(new TargetRouteAttribute("target"));
        group.MapGet("", GetAsync).WithName("GetBuild");
        group.MapPost("/promote", PromoteAsync).RequireAuthorization(AuthPolicies.Admin).WithName("PromoteBuild");
        group.MapPost("/cancel", CancelAsync).RequireAuthorization(AuthPolicies.Admin).WithName("CancelBuild");
        return app;
    }

    private static async Task<Results<Ok<BuildReply>, ProblemHttpResult>> GetAsync(
        string target, string arch, string pkgbase, string timestamp, IGrainFactory grains, QueueReader queues)
    {
        if (!BuildId.TryParse($"{target}/{arch}/{pkgbase}/{timestamp}", null, out var id))
        {
            return NoBuildId(target, arch, pkgbase, timestamp);
        }

        if (!queues.Architectures.Contains(id.Arch))
        {
            return NoBuild(id);
        }

        // The queue first: a build that becomes final between the two questions is then found by the second.
        var item = await grains.GetGrain<IBuildQueueGrain>(id.Arch).FindAsync(id);
        BuildView? view;
        try
        {
            view = await grains.GetGrain<IBuildGrain>(id.ToString()).GetAsync();
        }
        catch (Exception error) when (StateDamage.Find(error) is { } damage)
        {
            return TypedResults.Ok(Damaged(id, damage));
        }

        if (item is null && view is null)
        {
            return NoBuild(id);
        }

        var state = view is { State: not BuildState.Waiting } ? view.State : item?.State ?? BuildState.Waiting;
        return TypedResults.Ok(new BuildReply
        {
            Build = id,
            State = state,
            Final = state.IsFinal(),
            Reason = view is { State: not BuildState.Waiting } ? view.Reason : item?.Explanation ?? view?.Reason ?? "",
            Wait = item?.Wait ?? WaitReason.None,
            View = view,
        });
    }

    private static async Task<Results<Ok<CancelReply>, ProblemHttpResult>> CancelAsync(
        string target, string arch, string pkgbase, string timestamp, HttpContext context, IGrainFactory grains, QueueReader queues)
    {
        if (!BuildId.TryParse($"{target}/{arch}/{pkgbase}/{timestamp}", null, out var id))
        {
            return NoBuildId(target, arch, pkgbase, timestamp);
        }

        if (!queues.Architectures.Contains(id.Arch))
        {
            return NoBuild(id);
        }

        var who = context.User.Identity?.Name is { Length: > 0 } name ? name : "an admin";
        var reply = await grains.GetGrain<IBuildQueueGrain>(id.Arch).CancelAsync(id, $"cancelled by {who}");
        return reply.Done ? TypedResults.Ok(reply) : TypedResults.Problem(reply.Explanation, statusCode: StatusCodes.Status409Conflict);
    }

    private static async Task<Results<Ok<PromoteReply>, ProblemHttpResult>> PromoteAsync(
        string target, string arch, string pkgbase, string timestamp, IGrainFactory grains, QueueReader queues)
    {
        if (!BuildId.TryParse($"{target}/{arch}/{pkgbase}/{timestamp}", null, out var id))
        {
            return NoBuildId(target, arch, pkgbase, timestamp);
        }

        if (!queues.Architectures.Contains(id.Arch))
        {
            return NoBuild(id);
        }

        var reply = await grains.GetGrain<IBuildQueueGrain>(id.Arch).PromoteAsync(id);
        return reply.Done ? TypedResults.Ok(reply) : TypedResults.Problem(reply.Explanation, statusCode: StatusCodes.Status409Conflict);
    }

    /// <summary>A build whose record cannot be read: the queue ends it as this too.</summary>
    private static BuildReply Damaged(BuildId id, string damage) => new()
    {
        Build = id,
        State = BuildState.SystemError,
        Final = true,
        Reason = $"the record of {id} cannot be read: {damage}",
    };

    private static ProblemHttpResult NoBuild(BuildId id) =>
        TypedResults.Problem($"there is no build {id}", statusCode: StatusCodes.Status404NotFound);

    private static ProblemHttpResult NoBuildId(string target, string arch, string pkgbase, string timestamp) => TypedResults.Problem(
        $"'{target}/{arch}/{pkgbase}/{timestamp}' is no build id: target/arch/pkgbase/timestamp is wanted",
        statusCode: StatusCodes.Status400BadRequest);
}

/// <summary>One build as <c>GET /api/v1/builds/...</c> shows it.</summary>
public sealed record BuildReply
{
    /// <summary>Its id.</summary>
    public required BuildId Build { get; init; }

    /// <summary>Where it is.</summary>
    public required BuildState State { get; init; }

    /// <summary>Nothing changes any more.</summary>
    public required bool Final { get; init; }

    /// <summary>Why, for people.</summary>
    public required string Reason { get; init; }

    /// <summary>Why it waits, if it does.</summary>
    public WaitReason Wait { get; init; }

    /// <summary>Its attempts and results, once a builder had it.</summary>
    public BuildView? View { get; init; }
}
