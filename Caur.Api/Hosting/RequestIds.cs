using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Caur.Api.Hosting;

/// <summary>Gives every request an id, <c>X-Request-Id</c>: the client's where it is sane, else a new one. It is answered with whatever the
/// answer is, and stands in log lines, problems and the audit log.</summary>
internal sealed class RequestIds(RequestDelegate next, ILogger<RequestIds> logger)
{
    public const string Header = "X-Request-Id";

    private const int MaxLength = 128;

    public async Task InvokeAsync(HttpContext context)
    {
        var given = context.Request.Headers[Header];
        var id = given is [{ } one] && IsSane(one) ? one : Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        context.TraceIdentifier = id;

        // As the answer begins: an exception's handler clears what was set before.
        context.Response.OnStarting(() =>
        {
            context.Response.Headers[Header] = id;
            return Task.CompletedTask;
        });
        using (logger.BeginScope(new KeyValuePair<string, object>[] { new("RequestId", id) }))
        {
            await next(context);
        }
    }

    /// <summary>Nothing that could be read as something else in a log, a header or JSON.</summary>
    private static bool IsSane(string id) =>
        id.Length is > 0 and <= MaxLength && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ':' or '/' or '+' or '=');
}
