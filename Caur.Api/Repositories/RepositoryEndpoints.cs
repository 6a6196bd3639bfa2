using Caur.Api.Builders;
using Caur.Api.Documentation;
using Caur.Storage.Repositories;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Caur.Api.Repositories;

/// <summary>The repositories as static files, with ranges and conditional requests. A database is answered with a redirect into its
/// generation, so that a client takes the signature of the very same database (docs/adr/0005-generations.md).</summary>
public static class RepositoryEndpoints
{
    /// <summary>Maps <c>/repos/...</c> and the farm's public key.</summary>
    public static IEndpointRouteBuilder MapRepositories(this IEndpointRouteBuilder app)
    {
        app.MapMethods("/repos/{**path}", [HttpMethods.Get, HttpMethods.Head], GetFile).WithTags("repositories").WithName("GetRepositoryFile")
            .Documented("The repositories' files.", "What pacman reads: `/repos/NAME/ARCH/FILE`. A database is answered with a redirect into its generation. Ranges and conditional requests are served.")
            .Parameter("path", "Repository, architecture and file.", "chaotic-aur/x86_64/guile1.8-1.8.8-9-x86_64.pkg.tar.zst")
            .AnswersText("(the file)", "application/octet-stream")
            .AnswersNothing(StatusCodes.Status302Found, "A database: it is where this says.")
            .AnswersNothing(StatusCodes.Status304NotModified, "The client has it.")
            .Refuses(StatusCodes.Status404NotFound, "There is no such file.", RepositoryFileResult.Missing);
        app.MapGet("/key.asc", GetKeyAsync).WithTags("repositories").WithName("GetPublicKey")
            .Documented("The farm's public key.", "Packages and databases are signed with it.")
            .AnswersText("-----BEGIN PGP PUBLIC KEY BLOCK-----\n...\n-----END PGP PUBLIC KEY BLOCK-----\n");
        return app;
    }

    private static IResult GetFile(string? path, HttpContext context, RepositoryFiles files)
    {
        var file = files.Resolve(path ?? "");
        if (file.IsRedirect)
        {
            context.Response.Headers.CacheControl = "no-cache";
            return TypedResults.Redirect(file.Location);
        }

        if (!file.IsFile)
        {
            return TypedResults.Problem(RepositoryFileResult.Missing, statusCode: StatusCodes.Status404NotFound);
        }

        return new RepositoryFileResult(file.Path);
    }

    private static async Task<IResult> GetKeyAsync(ITrustedKeys keys, CancellationToken cancellationToken)
    {
        try
        {
            return TypedResults.Text(string.Concat(await keys.GetAsync(cancellationToken)), "application/pgp-keys");
        }
        catch (TrustedKeysMissingException missing)
        {
            return TypedResults.Problem(missing.Message, statusCode: StatusCodes.Status503ServiceUnavailable);
        }
    }
}
