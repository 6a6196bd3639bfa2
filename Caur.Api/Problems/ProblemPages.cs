using Microsoft.AspNetCore.Http;

namespace Caur.Api.Problems;

/// <summary>Gives an error without a body the problem that says what it means.</summary>
internal sealed class ProblemPages(RequestDelegate next)
{
    public async Task InvokeAsync(HttpContext context)
    {
        await next(context);
        var response = context.Response;
        if (response.StatusCode >= 400 && !response.HasStarted && response.ContentLength is null or 0 && response.ContentType is null or "application/octet-stream")
        {
            response.ContentLength = null;
            response.ContentType = null;
            await Refusals.WriteAsync(context, response.StatusCode);
        }
    }
}
