using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;

namespace Caur.Api.Problems;

/// <summary>Answers with a problem where no route does.</summary>
internal static class Refusals
{
    /// <summary>Writes it; the response must not have begun.</summary>
    public static async Task WriteAsync(HttpContext context, int status, string? detail = null, string? type = null)
    {
        context.Response.StatusCode = status;
        await context.RequestServices.GetRequiredService<IProblemDetailsService>().WriteAsync(new ProblemDetailsContext
        {
            HttpContext = context,
            ProblemDetails = new ProblemDetails { Status = status, Detail = detail, Type = type },
        });
    }
}
