using Caur.Storage.State;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Orleans.Runtime;

namespace Caur.Api.Health;

/// <summary>Answers 503 where a part of the farm did not answer in time, was on a process that died, or cannot reach what keeps its state: asked
/// again in a moment, the same request may succeed.</summary>
internal sealed class UnavailableHandler(IProblemDetailsService problems) : IExceptionHandler
{
    private const int AgainAfterSeconds = 2;

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        var detail = exception switch
        {
            StateStoreException => "the store of the farm's state does not answer now",
            TimeoutException => "a part of the farm did not answer in time; what was asked may have been done",
            SiloUnavailableException or OrleansMessageRejectionException => "a process of the farm went away before it answered; what was asked may have been done",
            _ => null,
        };
        if (detail is null)
        {
            return false;
        }

        httpContext.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        httpContext.Response.Headers.RetryAfter = AgainAfterSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return await problems.TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = httpContext,
            Exception = exception,
            ProblemDetails = new ProblemDetails
            {
                Status = StatusCodes.Status503ServiceUnavailable,
                Title = "The farm cannot answer now",
                Detail = detail,
            },
        });
    }
}
