using System.Collections.Frozen;
using Caur.Api.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;

namespace Caur.Silo.Web;

/// <summary>Headers from one side to the other: all but those that are of one connection (RFC 9110, 7.6.1).</summary>
internal static class PassedHeaders
{
    /// <summary><c>Trailer</c> too: over HTTP/1.1 this server sends no trailers, as the hub's does not.</summary>
    private static readonly FrozenSet<string> OfOneConnection = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer", "Transfer-Encoding", "Upgrade");

    /// <summary>What this process says itself. Who is not believed has nothing to say there, and what the one who is believed said is in the
    /// connection already.</summary>
    private static readonly FrozenSet<string> Own = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "Host", "Content-Length", "Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Prefix", "X-Original-For", "X-Original-Proto",
        RequestIds.Header);

    /// <summary>True for a WebSocket's beginning: nothing else is switched to.</summary>
    public static bool IsWebSocket(HttpContext context) =>
        context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }
        && context.Request.Headers.Upgrade.ToString().Equals("websocket", StringComparison.OrdinalIgnoreCase);

    /// <summary>Gives a request for the hub what the client sent, and says for whom it is.</summary>
    public static void ToHub(HttpContext context, HttpRequestMessage request, string self)
    {
        var from = context.Request;
        var named = Named(from.Headers.Connection);
        foreach (var (name, values) in from.Headers)
        {
            if (!Own.Contains(name) && !OfOneConnection.Contains(name) && !named.Contains(name) && !name.StartsWith(':'))
            {
                Add(request, name, values);
            }
        }

        if (request.Content is { } content && from.ContentLength is { } length)
        {
            content.Headers.ContentLength = length;
        }

        if (IsWebSocket(context))
        {
            Add(request, "Connection", "Upgrade");
            Add(request, "Upgrade", "websocket");
        }

        Caller.Of(context).Introduce(request, self);
    }

    /// <summary>Gives the client status and headers of the hub's answer.</summary>
    public static void ToClient(HttpResponseMessage answer, HttpResponse response)
    {
        response.StatusCode = (int)answer.StatusCode;
        foreach (var (name, values) in Of(answer))
        {
            response.Headers[name] = values;
        }
    }

    /// <summary>The headers of an answer that go on.</summary>
    public static Dictionary<string, string[]> Of(HttpResponseMessage answer)
    {
        var named = Named(answer.Headers.NonValidated.TryGetValues("Connection", out var connection) ? new StringValues([.. connection]) : default);
        var headers = new Dictionary<string, string[]>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, values) in answer.Headers.NonValidated.Concat(answer.Content.Headers.NonValidated))
        {
            if (!OfOneConnection.Contains(name) && !named.Contains(name))
            {
                headers[name] = [.. values];
            }
        }

        return headers;
    }

    /// <summary>Adds a header as it is.</summary>
    public static void Add(HttpRequestMessage request, string name, StringValues values)
    {
        if (!request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values.ToArray()))
        {
            request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values.ToArray());
        }
    }

    private static HashSet<string> Named(StringValues connection) => new(
        connection.SelectMany(static value => (value ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)),
        StringComparer.OrdinalIgnoreCase);
}
