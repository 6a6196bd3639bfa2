using Caur.Api.Documentation;
using Caur.Api.Hosting;
using Caur.Api.Paging;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Caur.Api.Repositories;

/// <summary>What the description of the routes says of repositories.</summary>
internal static class RepositoryDocs
{
    private static readonly Guid Operation = new("6f0f1a52-53a1-4b0e-9d5f-0c8b7e5a4d21");

    private static readonly GenerationView Generation = new()
    {
        Number = 1204,
        Time = DateTimeOffset.FromUnixTimeSeconds(1795250300),
        Publication = "4f8b1c2d9e7a4c53b1d0a6e2f3948b57",
        Packages = 3189,
        Added = 2,
        Removed = 0,
        Builds = 1,
    };

    private static readonly RepositoryReply Repository = new()
    {
        Target = new TargetId("chaotic-aur", "x86_64"),
        Generation = 1204,
        Packages = 3189,
        Generations = [Generation],
    };

    private static readonly RepositoryChangeView Change = new()
    {
        Operation = Operation,
        Kind = RepositoryChangeKind.Remove,
        State = RepositoryChangeState.Done,
        Generation = 1205,
        Packages = 3189,
        Removed = 1,
        Bytes = 2_108_833,
        Changes =
        [
            new PackageChange
            {
                Pkgname = "guile1.8",
                Pkgbase = "guile1.8",
                From = "1.8.8-9",
                FileName = "guile1.8-1.8.8-9-x86_64.pkg.tar.zst",
                Size = 2_108_833,
            },
        ],
    };

    private static readonly VerificationView Verification = new() { Id = Operation, Generation = 1204, Packages = 3189, Ended = Generation.Time };

    public static RouteHandlerBuilder DescribeList(this RouteHandlerBuilder route) => route.WithEntityTag()
        .Documented("List the repositories.", "Those of the configuration, each with its current generation, what waits, what is in the way, and the generations that a rollback can bring back.")
        .AnswersLike(new[] { Repository });

    public static RouteHandlerBuilder DescribeOne(this RouteHandlerBuilder route) => route.WithEntityTag()
        .Documented("Show a repository.", "Its current generation, what waits, what is in the way, and the generations that a rollback can bring back.")
        .AnswersLike(Repository)
        .Named();

    public static RouteHandlerBuilder DescribeGenerations(this RouteHandlerBuilder route) => route.WithEntityTag()
        .Documented("List a repository's generations, the newest first.", "Those that are kept: what a rollback can bring back.")
        .Paged("1204")
        .AnswersLike(new Page<GenerationView> { Items = [Generation], Next = "1204" })
        .Named();

    public static RouteHandlerBuilder DescribePackages(this RouteHandlerBuilder route) => route.WithEntityTag()
        .Documented("List a repository's packages, by name.", "Those of the current generation, which each page names: when it changes in between, begin anew for an exact list.")
        .Parameter("after", "Goes on behind this pkgname: the `next` of the page before. Default: from the beginning.", "guile1.8")
        .Parameter("limit", "How many packages a page has at most, from 1 to 1000. Default: 1000.", "500")
        .AnswersLike(new PackagePage
        {
            Generation = 1204,
            Total = 3189,
            Bytes = 48_318_382_080,
            Packages =
            [
                new PublishedPackage
                {
                    Pkgname = "guile1.8",
                    Pkgbase = "guile1.8",
                    Version = "1.8.8-9",
                    FileName = "guile1.8-1.8.8-9-x86_64.pkg.tar.zst",
                    Size = 2_108_833,
                },
            ],
            Next = "guile1.8",
        })
        .Refuses(StatusCodes.Status400BadRequest, "A parameter cannot be what it is.", "limit is -1, and a number from 1 to 1000 is wanted; without it a page has 1000")
        .Named();

    public static RouteHandlerBuilder DescribeChangeStatus(this RouteHandlerBuilder route) => route
        .Documented("Show how a change stands.", "By the operation id with which it was ordered.")
        .Parameter("operation", "The change's operation id.", Operation.ToString())
        .AnswersLike(Change)
        .Named();

    public static RouteHandlerBuilder DescribeVerification(this RouteHandlerBuilder route) => route
        .Documented("Show the newest verification.", "Whether it reads still, and what was wrong.")
        .AnswersLike(Verification)
        .Named();

    public static RouteHandlerBuilder DescribeVerify(this RouteHandlerBuilder route) => route
        .Documented("Verify a repository.", "Begins to read every file and to compare sizes, sums and signatures; one that reads already goes on.")
        .AnswersLike(Verification with { Running = true, Ended = null }, StatusCodes.Status202Accepted, "It reads now.")
        .WantsToken("ci or admin")
        .Named();

    public static RouteHandlerBuilder DescribeChange(this RouteHandlerBuilder route, RepositoryChangeKind kind)
    {
        var (summary, description, body, roles) = kind switch
        {
            RepositoryChangeKind.Remove => (
                "Remove packages.", "The named pkgbases go, each with all its packages; with `packages` the names are pkgnames.",
                new ChangeBody { Names = ["guile1.8"], Operation = Operation, Reason = "not built any more" }, "ci or admin"),
            RepositoryChangeKind.Keep => (
                "Remove everything else.", "Everything goes but the named pkgbases. When that is more than a fifth of the packages, `force` is wanted.",
                new ChangeBody { Names = ["guile1.8", "2bwm-git"], Operation = Operation, DryRun = true }, "ci or admin"),
            _ => (
                "Roll back.", "The packages of an older generation come back, and no others stay.",
                new ChangeBody { Generation = 1203, Operation = Operation }, "admin"),
        };
        return route
            .Documented(summary, $"{description} It is carried out in its place in the order of arrival, once for an operation id; with `dry_run` it only says what it would do.")
            .TakesLike(body)
            .AnswersLike(Change with { Kind = kind })
            .AnswersLike(Change with { Kind = kind, State = RepositoryChangeState.Pending, Generation = null }, StatusCodes.Status202Accepted, "It waits; ask for it by its operation id.")
            .Refuses(StatusCodes.Status400BadRequest, "The list cannot be what it is.", "no names are given: everything would go")
            .Refuses(StatusCodes.Status409Conflict, "It would do too much, or files are gone.", "800 of 3189 packages would go, which is more than a fifth")
            .Refuses(StatusCodes.Status422UnprocessableEntity, "What it names is not there.", "generation 7 is not kept")
            .WantsToken(roles)
            .Named();
    }

    private static RouteHandlerBuilder Named(this RouteHandlerBuilder route) => route
        .Parameter("name", "The repository's name.", "chaotic-aur")
        .Parameter("arch", "Its architecture.", "x86_64")
        .Refuses(StatusCodes.Status404NotFound, "There is none.", "there is no repository 'chaotic/x86_64'; this farm has chaotic-aur/x86_64");
}
