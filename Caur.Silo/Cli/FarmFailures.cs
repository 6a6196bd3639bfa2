using System.Net;
using System.Text;
using System.Text.Json;

namespace Caur.Silo.Cli;

/// <summary>What goes wrong between a verb and the hub, said so that somebody can act on it.</summary>
internal static class FarmFailures
{
    private const int MaxProblem = 64 * 1024;

    public static FarmException Unreachable(Uri server, Exception error)
    {
        var reason = error.InnerException is { Message: { Length: > 0 } inner } ? inner : error.Message;
        return new FarmException(
            ExitCodes.Unreachable,
            $"no farm answers at {server} ({reason})\n"
            + "      Start one with 'caur database --web-port 8080', or name another with --server or CAUR_URL.",
            error);
    }

    public static FarmException TooSlow(Uri server, TimeSpan limit, Exception error) => new(
        ExitCodes.Unreachable, $"{server} did not answer within {limit.TotalSeconds:0} s; whether it did what was asked is not known", error);

    /// <summary>What an answer that is no success means.</summary>
    public static async Task<FarmException> RefusedAsync(
        Uri server, HttpMethod method, string path, HttpResponseMessage answer, bool hadToken, CancellationToken cancellationToken)
    {
        var status = (int)answer.StatusCode;
        switch (answer.StatusCode)
        {
            case HttpStatusCode.Unauthorized when hadToken:
                return new FarmException(
                    ExitCodes.TokenRefused, $"{server} does not know the token, or it has ended. 'caur token list' on the hub's machine shows which there are.");
            case HttpStatusCode.Unauthorized:
                return new FarmException(
                    ExitCodes.TokenRefused,
                    $"{server} wants a token for this: --token or CAUR_TOKEN. 'caur token create --role ci' on the hub's machine makes one.");
            case HttpStatusCode.Forbidden:
                return new FarmException(
                    ExitCodes.TokenRefused, $"the token's role does not allow this at {server}: scheduling and removing want ci or admin, cancelling, promoting and rolling back admin");
        }

        var problem = await ProblemAsync(answer, cancellationToken);
        var said = problem is { } told
            ? Member(told, "detail") ?? (answer.StatusCode == HttpStatusCode.NotFound ? null : Member(told, "title"))
            : null;
        if (said is null && answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed)
        {
            return new FarmException(ExitCodes.Failed, $"{server} has no {method} {path.Split('?')[0]}. Is it a Caur hub of this version?");
        }

        return new FarmException(ExitCodes.Failed, said ?? $"{server} answered {status} {answer.ReasonPhrase} to {method} {path.Split('?')[0]}")
        {
            IsTransient = status is 502 or 503 or 504,
            Problem = problem,
        };
    }

    /// <summary>The problem (RFC 9457); null when the answer has none.</summary>
    private static async Task<JsonElement?> ProblemAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        try
        {
            await using var body = await answer.Content.ReadAsStreamAsync(cancellationToken);
            var buffer = new byte[MaxProblem];
            var length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
            var text = Encoding.UTF8.GetString(buffer, 0, length).Trim();
            if (answer.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.OrdinalIgnoreCase) != true)
            {
                return null;
            }

            using var problem = JsonDocument.Parse(text);
            return problem.RootElement.Clone();
        }
        catch (Exception error) when (error is JsonException or IOException or HttpRequestException)
        {
            return null;
        }
    }

    private static string? Member(JsonElement problem, string name) =>
        problem.ValueKind == JsonValueKind.Object
        && problem.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.String
        && value.GetString() is { Length: > 0 } text
            ? text
            : null;
}
