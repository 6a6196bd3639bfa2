using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Caur.Silo.Web;

/// <summary>What is asked for, and the headers by which the hub's answers differ.</summary>
internal readonly record struct ReadKey(string Target, string Accept, string AcceptEncoding, string Origin)
{
    /// <summary>The names of those headers.</summary>
    private static readonly string[] Vary = ["Accept", "Accept-Encoding", "Origin"];

    public static ReadKey Of(HttpRequest request, string target) => new(
        target, request.Headers.Accept.ToString(), request.Headers.AcceptEncoding.ToString(), request.Headers.Origin.ToString());

    /// <summary>True when an answer differs by nothing else.</summary>
    public static bool Covers(IEnumerable<string> vary) => vary
        .SelectMany(static value => value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        .All(static name => Vary.Contains(name, StringComparer.OrdinalIgnoreCase));

    public long Bytes => 2L * (Target.Length + Accept.Length + AcceptEncoding.Length + Origin.Length);
}

/// <summary>An answer that several clients get.</summary>
internal sealed class StoredRead(Dictionary<string, string[]> headers, byte[] body)
{
    /// <summary>What stays true when there is nothing new (RFC 9110, 15.4.5).</summary>
    private static readonly string[] OfNotModified =
        ["Cache-Control", "Content-Location", "ETag", "Expires", "Last-Modified", "Vary", "Access-Control-Allow-Origin", "Access-Control-Expose-Headers"];

    /// <summary>The tag by which the hub says whether it is still so; null for none.</summary>
    public string? Tag { get; } = headers.GetValueOrDefault("ETag")?.FirstOrDefault();

    public long Bytes { get; } = body.Length + headers.Sum(static header => 2L * (header.Key.Length + header.Value.Sum(static value => value.Length)));

    /// <summary>Answers one client, with 304 if it has that already.</summary>
    public async Task SendAsync(HttpContext context)
    {
        var response = context.Response;
        var known = Tag is not null && EntityTagHeaderValue.TryParse(Tag, out var tag)
            && context.Request.GetTypedHeaders().IfNoneMatch.Any(one => one.Equals(EntityTagHeaderValue.Any) || one.Compare(tag, useStrongComparison: false));
        response.StatusCode = known ? StatusCodes.Status304NotModified : StatusCodes.Status200OK;
        foreach (var (name, values) in headers.Where(header => !known || OfNotModified.Contains(header.Key, StringComparer.OrdinalIgnoreCase)))
        {
            response.Headers[name] = new StringValues(values);
        }

        if (known)
        {
            return;
        }

        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, context.RequestAborted);
    }
}
