using Microsoft.AspNetCore.Http;

namespace Caur.Api.Hosting;

/// <summary>A detail for refusals that have none of their own: they come from the server's middle, not from a route.</summary>
internal static class ProblemTexts
{
    public static void Customize(ProblemDetailsContext context)
    {
        var problem = context.ProblemDetails;
        problem.Detail ??= context.HttpContext.Response.StatusCode switch
        {
            StatusCodes.Status400BadRequest => "the request cannot be read",
            StatusCodes.Status401Unauthorized => "a token is wanted, and none or no valid one was given: Authorization: Bearer TOKEN",
            StatusCodes.Status403Forbidden => "the token's role may not do this",
            StatusCodes.Status404NotFound => $"there is nothing at {Shown(context.HttpContext.Request.Path)}; /openapi/v1.json names all routes",
            StatusCodes.Status405MethodNotAllowed => $"the method is not one of {context.HttpContext.Response.Headers.Allow}",
            StatusCodes.Status413PayloadTooLarge => "the body is larger than this server takes",
            StatusCodes.Status415UnsupportedMediaType => "the body must be JSON, with the header Content-Type: application/json",
            _ => null,
        };
    }

    private static string Shown(string path) =>
        new([.. (path.Length > 200 ? path[..200] + "..." : path).Select(c => char.IsControl(c) ? '?' : c)]);
}
