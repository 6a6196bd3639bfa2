using Caur.Storage.Repositories;
using Caur.Storage.State;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace Caur.Api.Health;

/// <summary>Answers 500 with what is damaged and how it is mended where a request failed because of that.</summary>
internal sealed class DamageHandler(IProblemDetailsService problems) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        var damage = exception is RepositoryDamagedException ? exception.Message : StateDamage.Find(exception);
        if (damage is null)
        {
            return false;
        }

        httpContext.Response.StatusCode = StatusCodes.Status500InternalServerError;
        return await problems.TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = httpContext,
            Exception = exception,
            ProblemDetails = new ProblemDetails
            {
                Status = StatusCodes.Status500InternalServerError,
                Title = "Something that the farm keeps is damaged",
                Detail = damage,
            },
        });
    }
}
