using Caur.Storage.Files;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace Caur.Api.Health;

/// <summary>Answers 507 with the disk's name where a request failed because a disk is full. The exception of whatever stores the state
/// need not say so: what fails while a disk is full fails for that.</summary>
internal sealed class DiskFullHandler(DiskWatch disks, IProblemDetailsService problems) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        var full = disks.Look();
        if (full is null && !DiskSpace.IsFull(exception))
        {
            return false;
        }

        httpContext.Response.StatusCode = StatusCodes.Status507InsufficientStorage;
        return await problems.TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = httpContext,
            Exception = exception,
            ProblemDetails = new ProblemDetails
            {
                Status = StatusCodes.Status507InsufficientStorage,
                Title = "No room on the farm's disk",
                Detail = full ?? exception.Message,
            },
        });
    }
}
