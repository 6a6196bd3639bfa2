using Microsoft.AspNetCore.Http;

namespace Caur.Api.Problems;

/// <summary>What a status means where nobody said more.</summary>
internal static class ProblemTexts
{
    /// <summary>The <c>type</c> of a problem (RFC 9457) that has none of its own is this and the status' name.</summary>
    public const string Type = "urn:caur:problem:";

    /// <summary>The name behind <see cref="Type"/>, the title, and what to do.</summary>
    public static (string Name, string Title, string Detail) Of(int status, HttpContext context) => status switch
    {
        400 => (
            "bad-request", "The request cannot be understood",
            WrongParameter.Find(context) ?? "what was sent is not what this route takes: compare it with the documentation"),
        401 => ("unauthorized", "A token is wanted", "send a token that is valid: Authorization: Bearer TOKEN"),
        403 => ("forbidden", "The token does not allow this", "use a token of a role that may do this"),
        404 => ("not-found", "There is nothing here", $"there is nothing at {Shown(context.Request.Path)}; /openapi/v1.json names all routes"),
        405 => (
            "method-not-allowed", "The method is not allowed here",
            context.Response.Headers.Allow.ToString() is { Length: > 0 } allowed ? $"this path takes {allowed}" : "use another method"),
        406 => ("not-acceptable", "There is no such form of this", "ask for another type with Accept"),
        408 => ("timeout", "The request took too long", "send it again, faster; nothing was done"),
        409 => ("conflict", "That does not go together with what is", "look at how it stands now, and ask again"),
        411 => ("length-required", "The length is wanted", "send Content-Length"),
        412 => ("precondition-failed", "What was to be so is not", "look at how it stands now, and ask again"),
        413 => ("too-large", "The body is too large", "send less at once, in several requests; nothing was done"),
        414 => ("uri-too-long", "The address is too long", "use a shorter one"),
        415 => ("unsupported-type", "The body is of a type that is not taken here", "send JSON with Content-Type: application/json"),
        416 => (
            "range", "The range is behind the end",
            context.Response.Headers.ContentRange.ToString() is { Length: > 0 } range ? $"there is {range}: ask for less" : "ask for less"),
        422 => ("refused", "That cannot be done", "change what is asked for"),
        426 => ("upgrade-required", "Another protocol is wanted", "ask with the protocol that the documentation names"),
        429 => ("too-many-requests", "Too many requests", "ask again after the seconds in Retry-After"),
        431 => ("headers-too-large", "The headers are too large", "send fewer or shorter ones"),
        499 => ("client-closed", "The client went away", "ask again"),
        500 => ("unexpected", "Something unexpected happened", $"this is a fault of the farm, whose log has more under the request id {context.TraceIdentifier}; whether it was done is not known"),
        503 => ("unavailable", "The farm cannot do this now", "ask again in a while"),
        507 => ("no-room", "No room on the farm's disk", "ask again when the farm has room"),
        < 500 => ("refused", "The request is refused", "change the request"),
        _ => ("failed", "The farm failed", $"ask again; the farm's log has more under the request id {context.TraceIdentifier}"),
    };

    private static string Shown(string path) =>
        new([.. (path.Length > 200 ? path[..200] + "..." : path).Select(c => char.IsControl(c) ? '?' : c)]);
}
