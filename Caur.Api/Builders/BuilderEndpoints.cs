using Caur.Api.Auth;
using Caur.Api.Documentation;
using Caur.Api.Events;
using Caur.Api.Hosting;
using Caur.Api.Paging;
using Caur.Contracts.Builders;
using Caur.Contracts.Builds;
using Caur.Contracts.Events;
using Caur.Contracts.Ids;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Orleans;

namespace Caur.Api.Builders;

/// <summary>The builders, and whether they take builds.</summary>
internal static class BuilderEndpoints
{
    private static readonly BuilderBody Example = new()
    {
        Builder = new BuilderId("stormwing", "0"),
        State = BuilderPresence.Ready,
        Class = "9",
        Architectures = ["x86_64"],
        Labels = ["avx512"],
        Slots = 2,
        Busy = 1,
        MemoryMib = 16000,
        DiskMib = 240000,
        Running = [new RunningBuild(BuildId.Parse("chaotic-aur/x86_64/guile1.8/1795249937633"), BuildState.Running, 1)],
    };

    public static IEndpointRouteBuilder MapBuilders(this IEndpointRouteBuilder app)
    {
        var all = app.MapGroup("/api/v1/builders").WithTags("builders");
        all.MapGet("", ListAsync).WithName("ListBuilders").WithEntityTag()
            .Documented("List builders, by name.", "Those that are here, and those that were lately: one that said goodbye is not listed.")
            .Paged("stormwing/0")
            .AnswersLike(new Page<BuilderBody> { Items = [Example] });
        Describe(all.MapGet("/{name}/{instance}", GetAsync).WithName("GetBuilder").WithEntityTag())
            .Documented("Show a builder.", "Its state, what it is, and what it runs.");
        Describe(all.MapPost("/{name}/{instance}/drain", (string name, string instance, BuilderReader builders, IGrainFactory grains) =>
                DrainAsync(name, instance, builders, grains, draining: true)))
            .RequireAuthorization(AuthPolicies.Admin).WithName("DrainBuilder")
            .Documented("Let a builder take no more builds.", "What it runs goes on. It holds until somebody resumes the builder, also over restarts.")
            .WantsToken("admin");
        Describe(all.MapPost("/{name}/{instance}/resume", (string name, string instance, BuilderReader builders, IGrainFactory grains) =>
                DrainAsync(name, instance, builders, grains, draining: false)))
            .RequireAuthorization(AuthPolicies.Admin).WithName("ResumeBuilder")
            .Documented("Let a builder take builds again.", "Ends a drain; without one nothing changes.")
            .WantsToken("admin");
        return app;
    }

    private static RouteHandlerBuilder Describe(RouteHandlerBuilder route) => route
        .Parameter("name", "The builder's name.", "stormwing")
        .Parameter("instance", "Which agent of that name.", "0")
        .AnswersLike(Example)
        .Refuses(StatusCodes.Status400BadRequest, "That is no builder.", "'-/0' is no builder: name/instance is wanted")
        .Refuses(StatusCodes.Status404NotFound, "There is no such builder.", "no builder 'stormwing/1' is known; known: stormwing/0");

    private static async Task<Results<Ok<Page<BuilderBody>>, ProblemHttpResult>> ListAsync(BuilderReader builders, string? after = null, int? limit = null)
    {
        if (PageQuery.Problem(limit) is { } problem)
        {
            return TypedResults.Problem(problem, statusCode: StatusCodes.Status400BadRequest);
        }

        if (after is { Length: > 0 } && !BuilderId.TryParse(after, null, out _))
        {
            return TypedResults.Problem(
                $"after is '{BuildStateNames.Shown(after)}', and the next of the page before is wanted", statusCode: StatusCodes.Status400BadRequest);
        }

        var (items, next) = Pager.Cut(
            await builders.ReadAsync(),
            builder => after is not { Length: > 0 } || string.CompareOrdinal(builder.Builder.ToString(), after) > 0,
            limit ?? PageQuery.Default,
            builder => builder.Builder.ToString());
        return TypedResults.Ok(new Page<BuilderBody> { Items = items, Next = next });
    }

    private static async Task<Results<Ok<BuilderBody>, ProblemHttpResult>> GetAsync(string name, string instance, BuilderReader builders) =>
        !BuilderId.TryParse($"{name}/{instance}", null, out var id) ? NoId(name, instance)
        : await builders.FindAsync(id) is { } builder ? TypedResults.Ok(builder)
        : await NoBuilderAsync(id, builders);

    private static async Task<Results<Ok<BuilderBody>, ProblemHttpResult>> DrainAsync(
        string name, string instance, BuilderReader builders, IGrainFactory grains, bool draining)
    {
        if (!BuilderId.TryParse($"{name}/{instance}", null, out var id))
        {
            return NoId(name, instance);
        }

        if (await builders.FindAsync(id) is not { } before)
        {
            return await NoBuilderAsync(id, builders);
        }

        await grains.GetGrain<IBuilderGrain>(id.ToString()).DrainAsync(draining);
        return TypedResults.Ok(await builders.FindAsync(id) ?? before with { Draining = draining });
    }

    private static ProblemHttpResult NoId(string name, string instance) => TypedResults.Problem(
        $"'{BuildStateNames.Shown($"{name}/{instance}")}' is no builder: name/instance is wanted", statusCode: StatusCodes.Status400BadRequest);

    private static async Task<ProblemHttpResult> NoBuilderAsync(BuilderId id, BuilderReader builders)
    {
        var known = (await builders.ReadAsync()).Select(builder => builder.Builder.ToString()).Take(20).ToList();
        return TypedResults.Problem(
            $"no builder '{id}' is known; known: {(known.Count > 0 ? string.Join(", ", known) : "none")}", statusCode: StatusCodes.Status404NotFound);
    }
}
