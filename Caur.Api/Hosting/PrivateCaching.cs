using Caur.Api.Auth;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Caur.Api.Hosting;

/// <summary>Where reading wants a token, no shared cache may keep an answer for somebody without one.</summary>
internal sealed class PrivateCaching(RequestDelegate next, IOptions<ReadingOptions> reading)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (reading.Value.Reading == Reading.Private)
        {
            context.Response.OnStarting(() =>
            {
                var headers = context.Response.Headers;
                headers.CacheControl = headers.CacheControl.ToString().Replace("public", "private", StringComparison.Ordinal) is { Length: > 0 } kept ? kept : "private";
                return Task.CompletedTask;
            });
        }

        return next(context);
    }
}
