using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Caur.Api.Hosting;

/// <summary>HEAD wherever GET works (RFC 9110, 9.1): it finds the same route, and the server sends no body.</summary>
internal static class HeadRequests
{
    /// <summary>Routes a HEAD as the GET that it stands for.</summary>
    /// <param name="app">The pipeline.</param>
    /// <param name="route">Adds whatever routes, which is more than <c>UseRouting</c>: a path base routes too.</param>
    public static void UseHeadAsGet(this WebApplication app, Action route)
    {
        app.Use(static (HttpContext context, RequestDelegate next) =>
        {
            if (HttpMethods.IsHead(context.Request.Method))
            {
                context.Items[typeof(HeadRequests)] = true;
                context.Request.Method = HttpMethods.Get;
            }

            return next(context);
        });
        route();
        app.Use(static (HttpContext context, RequestDelegate next) =>
        {
            // For whoever counts, logs or follows.
            context.Request.Method = context.Items.ContainsKey(typeof(HeadRequests)) ? HttpMethods.Head : context.Request.Method;
            return next(context);
        });
    }
}
