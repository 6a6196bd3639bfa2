using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using JsonOptions = Microsoft.AspNetCore.Http.Json.JsonOptions;

namespace Caur.Api.Problems;

/// <summary>Writes every problem (RFC 9457), whoever found it: all have a type, a title, the status, a detail that says what to do, the path as
/// instance and the request's id; none has a stack. It is written also to who asked for another type: an error is no thing to negotiate.</summary>
internal sealed class ProblemWriter(IOptions<JsonOptions> json, HubPaths paths) : IProblemDetailsWriter
{
    public const string ContentType = "application/problem+json";

    /// <summary>What the framework sets where a route names no type.</summary>
    private const string FrameworkType = "https://tools.ietf.org/";

    public bool CanWrite(ProblemDetailsContext context) => true;

    public async ValueTask WriteAsync(ProblemDetailsContext context)
    {
        var (http, problem) = (context.HttpContext, context.ProblemDetails);
        Complete(http, problem);
        problem.Detail = paths.For(http, problem.Detail!);
        http.Response.StatusCode = problem.Status!.Value;

        // A problem is of one moment.
        http.Response.Headers.CacheControl = "no-store";
        var bytes = JsonSerializer.SerializeToUtf8Bytes(problem, problem.GetType(), json.Value.SerializerOptions);
        http.Response.ContentType = ContentType;
        http.Response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(http.Request.Method))
        {
            await http.Response.Body.WriteAsync(bytes, http.RequestAborted);
        }
    }

    private static void Complete(HttpContext http, ProblemDetails problem)
    {
        var status = problem.Status ?? http.Response.StatusCode;
        var (name, title, detail) = ProblemTexts.Of(status, http);
        problem.Status = status;
        if (problem.Type is null || problem.Type.StartsWith(FrameworkType, StringComparison.Ordinal))
        {
            // The framework's title goes with its type.
            problem.Title = problem is HttpValidationProblemDetails || problem.Type is null ? problem.Title : title;
            problem.Type = ProblemTexts.Type + name;
        }

        // The framework's words for a status say less than ours, also under a type of a route's own.
        problem.Title = string.IsNullOrEmpty(problem.Title) || problem.Title == ReasonPhrases.GetReasonPhrase(status) ? title : problem.Title;
        problem.Detail = !string.IsNullOrEmpty(problem.Detail) ? problem.Detail
            : problem is HttpValidationProblemDetails { Errors.Count: > 0 } invalid ? string.Join("; ", invalid.Errors.SelectMany(error => error.Value))
            : detail;
        problem.Instance ??= http.Request.PathBase.Add(http.Request.Path).ToUriComponent();
        problem.Extensions["request_id"] = http.TraceIdentifier;
    }
}
