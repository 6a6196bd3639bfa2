using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Caur.Api.Hosting;

/// <summary>A range in a unit that is not understood is ignored (RFC 9110, 14.2); the framework would take any unit for bytes.</summary>
internal static class RangeUnits
{
    /// <summary>Takes ranges in other units than bytes away from what comes after.</summary>
    public static void UseKnownRangeUnits(this IApplicationBuilder app) => app.Use(static (HttpContext context, RequestDelegate next) =>
    {
        var range = context.Request.Headers.Range.ToString();
        if (range.Length > 0 && !range.TrimStart().StartsWith("bytes=", StringComparison.OrdinalIgnoreCase))
        {
            context.Request.Headers.Remove("Range");
        }

        return next(context);
    });
}
