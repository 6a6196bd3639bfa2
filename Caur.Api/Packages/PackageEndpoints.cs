using Caur.Api.Builds;
using Caur.Api.Documentation;
using Caur.Api.Events;
using Caur.Api.Hosting;
using Caur.Api.Paging;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Caur.Api.Packages;

/// <summary>Packages: what is known of them, and what became of their builds.</summary>
internal static class PackageEndpoints
{
    private static readonly PublishedVersion Published =
        new(new TargetId("chaotic-aur", "x86_64"), "guile1.8", "1.8.8-9", "guile1.8-1.8.8-9-x86_64.pkg.tar.zst");

    public static IEndpointRouteBuilder MapPackages(this IEndpointRouteBuilder app)
    {
        var all = app.MapGroup("/api/v1/packages").WithTags("packages");
        all.MapGet("", ListAsync).WithName("ListPackages").WithEntityTag()
            .Documented("List packages, by name.", "Package folders that were built and still have a log, are queued, or have packages in a repository.")
            .Parameter("name", "Only folders whose name has this in it, in any case. Default: all.", "guile")
            .Paged("guile1.8")
            .AnswersLike(new Page<PackageSummary>
            {
                Items = [new PackageSummary { Source = "chaotic-aur", Pkgbase = "guile1.8", Published = [Published], Latest = BuildExamples.Summary }],
            });
        all.MapGet("/{source}/{pkgbase}", GetAsync).WithName("GetPackage").WithEntityTag()
            .Documented("Show a package.", "What is published of it, what is queued, what became of its newest builds and why, and how long the next one will probably take.")
            .Parameter("source", "The source repository.", "chaotic-aur")
            .Parameter("pkgbase", "The package folder.", "guile1.8")
            .AnswersLike(new PackageReply
            {
                Source = "chaotic-aur",
                Pkgbase = "guile1.8",
                Published = [Published],
                Decisions = [BuildExamples.Summary],
                History = [new PackageAttempt(BuildExamples.Id, BuildState.Published, AttemptEnd.Built, BuildExamples.Builder, BuildExamples.Id.QueuedAt.AddMinutes(1), 240)],
                Estimates = [new PackageEstimate("x86_64", 240, true)],
            })
            .Refuses(StatusCodes.Status400BadRequest, "That is no package folder.", "'.git' is no name of a package folder")
            .Refuses(StatusCodes.Status404NotFound, "Nothing is known of it.", "nothing is known of a package 'guile' of chaotic-aur: it never was ordered here; did you mean guile1.8?");
        return app;
    }

    private static async Task<Results<Ok<Page<PackageSummary>>, ProblemHttpResult>> ListAsync(
        PackageReader packages, string? name = null, string? after = null, int? limit = null)
    {
        var problem = PageQuery.Problem(limit)
            ?? (after is { Length: > 0 } && !Names.IsValid(after) ? $"after is '{BuildStateNames.Shown(after)}', and the next of the page before is wanted" : null);
        return problem is null
            ? TypedResults.Ok(await packages.ListAsync(name, after, limit ?? PageQuery.Default))
            : TypedResults.Problem(problem, statusCode: StatusCodes.Status400BadRequest);
    }

    private static async Task<Results<Ok<PackageReply>, ProblemHttpResult>> GetAsync(string source, string pkgbase, PackageReader packages)
    {
        if (!Names.IsValid(pkgbase))
        {
            return TypedResults.Problem($"'{BuildStateNames.Shown(pkgbase)}' is no name of a package folder", statusCode: StatusCodes.Status400BadRequest);
        }

        if (!packages.IsSource(source))
        {
            return TypedResults.Problem(
                $"there is no source repository '{BuildStateNames.Shown(source)}'; this farm has {string.Join(", ", packages.Sources)}",
                statusCode: StatusCodes.Status404NotFound);
        }

        if (await packages.FindAsync(source, pkgbase) is { } reply)
        {
            return TypedResults.Ok(reply);
        }

        var nearest = await packages.NearestAsync(pkgbase);
        return TypedResults.Problem(
            $"nothing is known of a package '{pkgbase}' of {source}: it never was ordered here{(nearest.Count > 0 ? $"; did you mean {string.Join(" or ", nearest)}?" : "")}",
            statusCode: StatusCodes.Status404NotFound);
    }
}
