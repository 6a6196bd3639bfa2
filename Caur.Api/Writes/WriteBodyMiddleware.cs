using Caur.Api.Limits;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Caur.Api.Writes;

/// <summary>Reads the body of a write for those that come after. It stands behind the authorization: a body is read only for who may.</summary>
internal sealed class WriteBodyMiddleware(RequestDelegate next, IOptions<RequestLimits> limits, TimeProvider clock)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (context.IsWrite() && context.GetEndpoint()?.Metadata.GetMetadata<StreamedBodyAttribute>() is null)
        {
            context.Features.Set(await WriteBody.ReadAsync(context, limits.Value.BodyTime, clock));
        }

        await next(context);
    }
}
