using Caur.Api.Problems;
using Microsoft.AspNetCore.Http;

namespace Caur.Silo.Web;

/// <summary>Decides who answers a request: a cache where anybody may read, the hub in all else.</summary>
internal sealed class Front(HubConnection hub, Forwarder forwarder, ReadCache reads, FileCache files, LogSender logs, FrontHealth health)
{
    /// <summary>Answers one request.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        if (await health.TryAnswerAsync(context))
        {
            return;
        }

        var request = context.Request;
        if (HttpMethods.IsConnect(request.Method) || HttpMethods.IsTrace(request.Method))
        {
            await Refusals.WriteAsync(context, StatusCodes.Status405MethodNotAllowed, $"{request.Method} is not passed on");
        }
        else if (HubTarget.Of(context) is not { } target)
        {
            await Refusals.WriteAsync(context, StatusCodes.Status400BadRequest, "a path is wanted, in ASCII and without segments that are . or ..");
        }
        else if (request.Headers.Via.Any(via => via?.Contains(hub.Name, StringComparison.Ordinal) == true))
        {
            await Refusals.WriteAsync(context, StatusCodes.Status508LoopDetected, "the address of the hub (--server, CAUR_URL) leads back to here");
        }
        else
        {
            await AnswerAsync(context, target);
        }
    }

    private Task AnswerAsync(HttpContext context, string target)
    {
        var request = context.Request;
        var isGet = HttpMethods.IsGet(request.Method);
        if ((!isGet && !HttpMethods.IsHead(request.Method)) || IsOfOne(context))
        {
            return forwarder.ForwardAsync(context, target);
        }

        // The hub takes what comes under /logs/ as if it came under /.
        var path = request.Path.StartsWithSegments("/logs", out var rest) ? rest : request.Path;
        if (path.StartsWithSegments("/repos") && !request.QueryString.HasValue && request.Headers.Origin.Count == 0)
        {
            return files.AnswerAsync(context, target);
        }

        if (isGet && path.StartsWithSegments("/api/logs", out var log))
        {
            return (log.Value ?? "").Split('/').Length is 2 or 3 ? logs.AnswerAsync(context, target) : forwarder.ForwardAsync(context, target);
        }

        return isGet && path.StartsWithSegments("/api") && request.Headers.Range.Count == 0 && !IsLive(path)
            ? reads.AnswerAsync(context, target)
            : forwarder.ForwardAsync(context, target);
    }

    /// <summary>What is said to whoever holds a token or a cookie is said to nobody else.</summary>
    private static bool IsOfOne(HttpContext context) =>
        context.Request.Headers.Authorization.Count > 0 || context.Request.Headers.Cookie.Count > 0 || PassedHeaders.IsWebSocket(context)
        || context.Request.ContentLength > 0 || context.Request.Headers.TransferEncoding.Count > 0;

    private static bool IsLive(PathString path) => path.StartsWithSegments("/api/v1/events") || path.StartsWithSegments("/api/manager");
}
