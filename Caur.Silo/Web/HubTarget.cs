using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Caur.Silo.Web;

/// <summary>What of a request's target goes to the hub: path and query as the client wrote them, so that nothing is decoded twice. A host that
/// a target names is never looked at.</summary>
internal static class HubTarget
{
    private static readonly char[] Separators = ['/', '\\'];

    /// <summary>Reads it.</summary>
    /// <returns>Null when it cannot go on: it is no path, or it has segments <c>.</c> or <c>..</c>, with which it could leave the hub's folder
    /// on a server that has others beside it.</returns>
    public static string? Of(HttpContext context) => Of(context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "");

    /// <inheritdoc cref="Of(HttpContext)"/>
    public static string? Of(string rawTarget)
    {
        var target = OriginForm(rawTarget);
        if (target is null || target.Any(static c => c is <= ' ' or >= (char)127 or '#'))
        {
            return null;
        }

        var end = target.IndexOf('?', StringComparison.Ordinal);
        var path = Uri.UnescapeDataString(end < 0 ? target : target[..end]);
        return path.Any(char.IsControl) || path.Split(Separators).Any(static segment => segment is "." or "..") ? null : target;
    }

    /// <summary>RFC 9112, 3.2: a server takes the absolute form too.</summary>
    private static string? OriginForm(string target)
    {
        if (target.StartsWith('/'))
        {
            return target;
        }

        var scheme = target.IndexOf("://", StringComparison.Ordinal);
        if (scheme <= 0)
        {
            return null;
        }

        var path = target.AsSpan(scheme + 3).IndexOfAny('/', '?');
        var rest = path < 0 ? "" : target[(scheme + 3 + path)..];
        return rest.StartsWith('/') ? rest : $"/{rest}";
    }
}
