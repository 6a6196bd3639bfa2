using System.Globalization;
using Caur.Api.Auth;
using Caur.Api.Documentation;
using Caur.Api.Events;
using Caur.Api.Hosting;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Sources;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using Orleans;

namespace Caur.Api.Sources;

/// <summary>Source repositories: how they are followed, the runs of their pipelines, and what these decided of a package.</summary>
internal static class SourceEndpoints
{
    /// <summary>A delivery has to be read whole before its signature can be checked, by anybody who sends one.</summary>
    private const int LargestDelivery = 8 << 20;

    private const string NoSuchSource = "there is no source repository 'chaotic'; this farm has chaotic-aur";

    public static IEndpointRouteBuilder MapSources(this IEndpointRouteBuilder app)
    {
        var all = app.MapGroup("/api/v1/sources").WithTags("sources");
        all.MapGet("", ListAsync).WithName("ListSources").WithEntityTag()
            .Documented("List the source repositories.", "How each is followed: what of it runs were begun for, which run is under way, which waits, and how the last one ended.")
            .AnswersLike(new List<SourceView> { SourceExamples.Source });
        One(all.MapGet("/{source}", GetAsync).WithName("GetSource").WithEntityTag())
            .Documented("Show a source repository.", "As the list has it.")
            .AnswersLike(SourceExamples.Source);
        One(all.MapGet("/{source}/runs", ListRunsAsync).WithName("ListRuns").WithEntityTag())
            .Documented("List the runs of its pipelines.", "The newest first: those that wait, the one that is under way, and the 20 that ended last.")
            .AnswersLike(new List<RunSummary> { SourceExamples.Run });
        One(all.MapGet("/{source}/runs/{run:long}", GetRunAsync).WithName("GetRun").WithEntityTag())
            .Documented("Show a run.", "Its steps as they are now, what it decided of each package and why, and how it ended. `GET /api/v1/events?type=run` tells of each step.")
            .Parameter("run", "The run's number.", "17")
            .AnswersLike(SourceExamples.View);
        One(all.MapPost("/{source}/runs", StartAsync).RequireAuthorization(AuthPolicies.Schedule).WithName("StartRun"))
            .Documented(
                "Order a run.",
                "One run of a repository is under way at a time, the others wait; ordered again while one like it waits, it is that one. "
                + "A run that is repeated hands nothing over twice. The answer has the run's address.")
            .TakesLike(new StartRunBody { DryRun = true })
            .AnswersLike(new StartRunReply("/api/v1/sources/chaotic-aur/runs/18", SourceExamples.Ordered), StatusCodes.Status202Accepted, "It is ordered.")
            .Refuses(StatusCodes.Status422UnprocessableEntity, "There is no such pipeline.", "there is no pipeline 'on-comit'; known: on-commit")
            .WantsToken("ci or admin");
        One(all.MapPost("/{source}/webhook", ReceiveAsync).AllowAnonymous().WithName("ReceiveWebhook"))
            .WithMetadata(new SignedWriteAttribute(), new RequestSizeLimitAttribute(LargestDelivery))
            .Documented(
                "Tell of a push.",
                "For webhooks of GitLab (`X-Gitlab-Token`), of GitHub, Gitea and Forgejo (`X-Hub-Signature-256`), and of whatever signs in one of these ways or as "
                + "Standard Webhooks do. It takes no token: the repository's `webhook_secret` is what the sender has to know. What it says is taken for a reason to look, and for nothing else.")
            .AnswersLike(new WebhookReply(PushVerdict.Taken, "main is looked at"), StatusCodes.Status202Accepted, "The repository is looked at.")
            .AnswersLike(new WebhookReply(PushVerdict.Ignored, "well received"), StatusCodes.Status200OK, "It is genuine, and there is nothing to do.")
            .Refuses(StatusCodes.Status400BadRequest, "The body is none.", "the body is no JSON, or nested too deeply; a webhook has to be set to application/json")
            .Refuses(StatusCodes.Status401Unauthorized, "The secret or signature is missing or wrong.", "the secret or the signature is missing or wrong, or too old")
            .Refuses(StatusCodes.Status403Forbidden, "The repository has no webhook secret.", "there is no secret for this repository, so nobody can show that he knows it")
            .Refuses(StatusCodes.Status422UnprocessableEntity, "It is of another repository.", "the push is to another repository than this address is for");
        app.MapGet("/api/v1/packages/{source}/{pkgbase}/why", WhyAsync).WithTags("packages").WithName("GetPackageWhy").WithEntityTag()
            .Documented(
                "Say why a package is as it is.",
                "What is followed of it, when a run last looked, what was decided and why. What became of its builds says `GET /api/v1/packages/{source}/{pkgbase}`.")
            .Parameter("source", "The source repository.", "chaotic-aur")
            .Parameter("pkgbase", "The package folder.", "guile1.8")
            .AnswersLike(SourceExamples.Why)
            .Refuses(StatusCodes.Status400BadRequest, "That is no package folder.", "'.git' is no name of a package folder")
            .Refuses(StatusCodes.Status404NotFound, "Nothing is known of it.", "nothing is known of a package 'guile' of chaotic-aur: no run decided anything of it, and there is no such folder where the repository was read last");
        return app;
    }

    private static RouteHandlerBuilder One(RouteHandlerBuilder route) => route
        .Parameter("source", "The source repository.", "chaotic-aur")
        .Refuses(StatusCodes.Status404NotFound, "There is no such source repository, or no such run.", NoSuchSource);

    private static async Task<Ok<List<SourceView>>> ListAsync(IGrainFactory grains, IOptions<FarmOptions> farm) => TypedResults.Ok(
        (await Task.WhenAll(farm.Value.SourceRepositories.Keys.Order(StringComparer.Ordinal).Select(id => Source(grains, id).GetSourceAsync())))
            .OfType<SourceView>().ToList());

    private static async Task<Results<Ok<SourceView>, ProblemHttpResult>> GetAsync(string source, IGrainFactory grains, IOptions<FarmOptions> farm) =>
        IsSource(source, farm) && await Source(grains, source).GetSourceAsync() is { } view ? TypedResults.Ok(view) : NoSource(source, farm);

    private static async Task<Results<Ok<List<RunSummary>>, ProblemHttpResult>> ListRunsAsync(string source, IGrainFactory grains, IOptions<FarmOptions> farm) =>
        IsSource(source, farm) ? TypedResults.Ok((await Source(grains, source).ListRunsAsync()).ToList()) : NoSource(source, farm);

    private static async Task<Results<Ok<RunView>, ProblemHttpResult>> GetRunAsync(string source, long run, IGrainFactory grains, IOptions<FarmOptions> farm)
    {
        if (!IsSource(source, farm))
        {
            return NoSource(source, farm);
        }

        return await Source(grains, source).GetRunAsync(run) is { } view
            ? TypedResults.Ok(view)
            : TypedResults.Problem(
                string.Create(CultureInfo.InvariantCulture, $"{source} has no run {run}, or has it no more: the newest 20 that ended are kept"),
                statusCode: StatusCodes.Status404NotFound);
    }

    private static async Task<Results<Accepted<StartRunReply>, ProblemHttpResult>> StartAsync(
        string source, StartRunBody body, IGrainFactory grains, IOptions<FarmOptions> farm)
    {
        if (!IsSource(source, farm))
        {
            return NoSource(source, farm);
        }

        if (body.Packages is null || body.Packages.Any(static name => name is null))
        {
            return TypedResults.Problem("packages is a list of names", statusCode: StatusCodes.Status422UnprocessableEntity);
        }

        var reply = await Source(grains, source).StartRunAsync(new RunOrder
        {
            Pipeline = body.Pipeline,
            Trigger = body.Trigger,
            Packages = [.. body.Packages],
            DryRun = body.DryRun,
        });
        if (reply.Run is not { } run)
        {
            return TypedResults.Problem(BuildStateNames.Shown(reply.Error ?? "", 500), statusCode: StatusCodes.Status422UnprocessableEntity);
        }

        var address = string.Create(CultureInfo.InvariantCulture, $"/api/v1/sources/{source}/runs/{run.Number}");
        return TypedResults.Accepted(address, new StartRunReply(address, run));
    }

    private static async Task<Results<Ok<WebhookReply>, Accepted<WebhookReply>, ProblemHttpResult>> ReceiveAsync(
        string source, HttpContext context, IGrainFactory grains, IWebhookJudge judge, IOptions<FarmOptions> farm)
    {
        if (!IsSource(source, farm))
        {
            return NoSource(source, farm);
        }

        using var body = new MemoryStream();
        if (farm.Value.SourceRepositories[source].WebhookSecret is not null)
        {
            // Otherwise nothing that anybody sends could be taken.
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        }

        var delivery = judge.Judge(
            source,
            name => context.Request.Headers.TryGetValue(name, out var values) && values.Count == 1 ? values[0] : null,
            body.GetBuffer().AsMemory(0, (int)body.Length));
        if (delivery.IsRefused)
        {
            return TypedResults.Problem(delivery.Reason, statusCode: delivery.Status);
        }

        if (delivery.Push is not { } push)
        {
            return TypedResults.Ok(new WebhookReply(PushVerdict.Ignored, delivery.Reason));
        }

        var reply = await Source(grains, source).PushedAsync(push);
        judge.Count(reply.Verdict);
        var answer = new WebhookReply(reply.Verdict, reply.Reason);
        return reply.Verdict == PushVerdict.Taken ? TypedResults.Accepted((string?)null, answer) : TypedResults.Ok(answer);
    }

    private static async Task<Results<Ok<PackageWhy>, ProblemHttpResult>> WhyAsync(string source, string pkgbase, IGrainFactory grains, IOptions<FarmOptions> farm)
    {
        if (!Names.IsValid(pkgbase))
        {
            return TypedResults.Problem($"'{BuildStateNames.Shown(pkgbase)}' is no name of a package folder", statusCode: StatusCodes.Status400BadRequest);
        }

        if (!IsSource(source, farm))
        {
            return NoSource(source, farm);
        }

        return await Source(grains, source).WhyAsync(pkgbase) is { } why
            ? TypedResults.Ok(why)
            : TypedResults.Problem(
                $"nothing is known of a package '{pkgbase}' of {source}: no run decided anything of it, and there is no such folder where the repository was read last",
                statusCode: StatusCodes.Status404NotFound);
    }

    private static ISourceRepositoryGrain Source(IGrainFactory grains, string id) => grains.GetGrain<ISourceRepositoryGrain>(id);

    private static bool IsSource(string id, IOptions<FarmOptions> farm) => farm.Value.SourceRepositories.ContainsKey(id);

    private static ProblemHttpResult NoSource(string id, IOptions<FarmOptions> farm) => TypedResults.Problem(
        $"there is no source repository '{BuildStateNames.Shown(id)}'; this farm has {string.Join(", ", farm.Value.SourceRepositories.Keys.Order(StringComparer.Ordinal))}",
        statusCode: StatusCodes.Status404NotFound);
}
