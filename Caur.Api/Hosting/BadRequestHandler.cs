using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;

namespace Caur.Api.Hosting;

/// <summary>Says what is wrong with a request that no route could read: a parameter, or the body.</summary>
internal sealed partial class BadRequestHandler(IProblemDetailsService problems) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not BadHttpRequestException refused)
        {
            return false;
        }

        httpContext.Response.StatusCode = refused.StatusCode;
        return await problems.TryWriteAsync(new ProblemDetailsContext
        {
            HttpContext = httpContext,
            Exception = exception,
            ProblemDetails = new ProblemDetails { Status = refused.StatusCode, Detail = Describe(refused) },
        });
    }

    internal static string Describe(BadHttpRequestException refused) => refused switch
    {
        { StatusCode: StatusCodes.Status415UnsupportedMediaType } => "the body must be JSON, with the header Content-Type: application/json",
        { StatusCode: StatusCodes.Status413PayloadTooLarge } => "the body is larger than this server takes",
        { InnerException: JsonException json } => Describe(json),
        _ when Parameter().Match(refused.Message) is { Success: true } match =>
            $"{match.Groups["name"].Value} is '{Shown(match.Groups["value"].Value)}', and {Wanted(match.Groups["type"].Value)} is wanted",
        _ when refused.Message.Contains("from body", StringComparison.Ordinal) || refused.Message.Contains("no body was provided", StringComparison.Ordinal) => "a body is wanted: JSON, with the header Content-Type: application/json",
        _ => refused.Message,
    };

    private static string Describe(JsonException json) => json.Path switch
    {
        null or "" => $"the body is no JSON{Line(json)}",
        "$" when !IsOfAnotherType(json) => $"the body is no JSON{Line(json)}: {Reason(json)}",
        { } path => $"the body cannot be read at {Shown(path)}{Line(json)}: {Reason(json)}",
    };

    private static string Line(JsonException json) => json.LineNumber is { } line ? $" in line {line + 1}" : "";

    /// <summary>Without the names of types, which mean nothing to who reads it.</summary>
    private static string Reason(JsonException json) =>
        IsOfAnotherType(json) ? "the value is of another type than is wanted there" : Tail().Replace(json.Message, "");

    private static bool IsOfAnotherType(JsonException json) =>
        json.Message.StartsWith("The JSON value could not be converted", StringComparison.Ordinal);

    private static string Wanted(string type) =>
        type.Contains("int", StringComparison.OrdinalIgnoreCase) || type.Contains("long", StringComparison.OrdinalIgnoreCase) ? "a whole number"
        : type.Contains("bool", StringComparison.OrdinalIgnoreCase) ? "true or false"
        : type.Contains("Guid", StringComparison.OrdinalIgnoreCase) ? "a GUID"
        : "another form";

    private static string Shown(string text) =>
        new([.. (text.Length > 80 ? text[..80] + "..." : text).Select(c => char.IsControl(c) ? '?' : c)]);

    [GeneratedRegex("""^Failed to bind parameter "(?<type>\S+) (?<name>\S+)" from "(?<value>.*)"\.$""", RegexOptions.Singleline)]
    private static partial Regex Parameter();

    [GeneratedRegex(@"\s*(Path: |LineNumber: ).*$", RegexOptions.Singleline)]
    private static partial Regex Tail();
}
