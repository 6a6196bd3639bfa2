using System.Text.Json;
using System.Text.RegularExpressions;
using Caur.Api.Audit;
using Caur.Api.Auth;
using Caur.Storage.Files;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Caur.Api.Problems;

/// <summary>Says what is wrong with a request that could not be read, and what is in the way of one that could.</summary>
internal sealed partial class RefusedRequestHandler(ILogger<RefusedRequestHandler> logger) : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        switch (exception)
        {
            case BadHttpRequestException bad:
                await Refusals.WriteAsync(httpContext, bad.StatusCode, Detail(bad));
                return true;

            // A full disk has an answer of its own.
            case AuditException audit when !DiskSpace.IsFull(audit):
                LogInTheWay(logger, audit);
                await Refusals.WriteAsync(
                    httpContext, StatusCodes.Status503ServiceUnavailable,
                    "nothing was done, because the audit log cannot be written; whoever runs the farm finds why in its log");
                return true;

            case TokensUnreadableException tokens:
                LogInTheWay(logger, tokens);
                await Refusals.WriteAsync(
                    httpContext, StatusCodes.Status503ServiceUnavailable,
                    "nothing was done, because the farm's tokens cannot be read; whoever runs the farm finds in its log how they are mended");
                return true;

            default:
                return false;
        }
    }

    /// <summary>The framework's words name types of this program, which say nothing to who sent the request.</summary>
    private static string? Detail(BadHttpRequestException bad) => bad switch
    {
        { StatusCode: StatusCodes.Status415UnsupportedMediaType } => "the body must be JSON, with the header Content-Type: application/json",
        { StatusCode: StatusCodes.Status413PayloadTooLarge } => "the body is larger than this server takes; nothing was done",
        { InnerException: JsonException json } => Detail(json),
        _ when Parameter().Match(bad.Message) is { Success: true } wrong =>
            WrongParameter.Describe(wrong.Groups["name"].Value, wrong.Groups["value"].Value, wrong.Groups["type"].Value),
        _ when bad.Message.Contains("from body", StringComparison.Ordinal) || bad.Message.StartsWith("Implicit body", StringComparison.Ordinal) =>
            "a body is wanted: JSON, with the header Content-Type: application/json",
        _ when Missing().Match(bad.Message) is { Success: true } missing => $"{missing.Groups["name"].Value} is wanted and was not sent",
        _ => bad.Message,
    };

    private static string Detail(JsonException json) => json.Path is { Length: > 0 } path
        ? $"the body cannot be read at {WrongParameter.Shown(path)}{Line(json)}: {Reason(json)}"
        : $"the body is no JSON{Line(json)}";

    private static string Line(JsonException json) => json.LineNumber is { } line ? $" in line {line + 1}" : "";

    private static string Reason(JsonException json) =>
        json.Message.StartsWith("Duplicate property", StringComparison.Ordinal) ? "a name stands twice in one object"
        : Unknown().Match(json.Message) is { Success: true } unknown ? $"'{WrongParameter.Shown(unknown.Groups["name"].Value)}' is nothing that this takes; nothing was done"
        : json.Message.StartsWith("The JSON value could not be converted", StringComparison.Ordinal) || TypeName().IsMatch(json.Message)
            ? "the value is of another type than is wanted there"
        : Tail().Replace(json.Message, "");

    [GeneratedRegex("""^Failed to bind parameter "(?<type>\S+) (?<name>\S+)" from "(?<value>.*)"\.$""", RegexOptions.Singleline)]
    private static partial Regex Parameter();

    [GeneratedRegex("""^Required parameter "\S+ (?<name>\w+)" was not provided""")]
    private static partial Regex Missing();

    [GeneratedRegex("""^The JSON property '(?<name>.*)' could not be mapped to any \.NET member""", RegexOptions.Singleline)]
    private static partial Regex Unknown();

    [GeneratedRegex(@"\b(Caur|System|Microsoft|Orleans)\.\w")]
    private static partial Regex TypeName();

    [GeneratedRegex(@"\s*(Path: |LineNumber: ).*$", RegexOptions.Singleline)]
    private static partial Regex Tail();

    [LoggerMessage(Level = LogLevel.Error, Message = "A request is refused")]
    private static partial void LogInTheWay(ILogger logger, Exception exception);
}
