using System.Net;
using System.Text;
using System.Text.Json;
using Caur.Silo.Ssh;

namespace Caur.Silo.Cli;

/// <summary>What goes wrong between a verb and the hub, said so that somebody can act on it.</summary>
internal static class FarmFailures
{
    private const int MaxProblem = 64 * 1024;

    /// <summary>Nobody answers, or the way there is not open.</summary>
    public static FarmException Unreachable(Uri server, SshRoute? route, Exception error)
    {
        if (Find<SshTunnelException>(error) is { } closed)
        {
            return new FarmException(ExitCodes.Unreachable, closed.Message, error);
        }

        if (route is not null)
        {
            return new FarmException(
                ExitCodes.Unreachable, $"no farm answers at {server} through {route.Options.Server}: {route.TargetProblem ?? Reason(error)}", error);
        }

        return new FarmException(
            ExitCodes.Unreachable,
            $"no farm answers at {server} ({Reason(error)})\n"
            + "      Start one with 'caur database --web-port 8080', or name another with --server or CAUR_URL.",
            error);
    }

    /// <summary>Something was sent that changes something, and no answer came.</summary>
    public static FarmException Lost(Uri server, Order order, Exception error) => new(
        ExitCodes.Unreachable,
        $"the connection to {server} was lost after this was ordered: {order.What} ({Reason(error)})\n      It may have been carried out. {order.Advice}",
        error);

    public static FarmException TooSlow(Uri server, TimeSpan limit, Exception error) => new(
        ExitCodes.Unreachable, $"{server} did not answer within {limit.TotalSeconds:0} s", error);

    /// <summary>What an answer that is no success means.</summary>
    public static async Task<FarmException> RefusedAsync(
        Uri server, HttpMethod method, string path, HttpResponseMessage answer, Order? order, bool hadToken, string readers, CancellationToken cancellationToken)
    {
        var status = (int)answer.StatusCode;
        var problem = await ProblemAsync(answer, cancellationToken);
        var said = problem is { } told
            ? Member(told, "detail") ?? (answer.StatusCode == HttpStatusCode.NotFound ? null : Member(told, "title"))
            : null;
        if (answer.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)
        {
            var detail = problem is { } full ? Member(full, "detail") : null;
            return new FarmException(ExitCodes.TokenRefused, TokenRefused(server, order?.Role ?? readers, answer.StatusCode, detail, hadToken)) { Problem = problem };
        }

        if (said is null && answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed)
        {
            return new FarmException(ExitCodes.Failed, $"{server} has no {method} {path.Split('?')[0]}. Is it a Caur hub of this version?");
        }

        if (order is not null && status is 502 or 504)
        {
            // What stands between did not get the hub's answer; the hub may have got the order.
            return Lost(server, order!, new HttpRequestException($"{status} {answer.ReasonPhrase}"));
        }

        return new FarmException(ExitCodes.Failed, said ?? $"{server} answered {status} {answer.ReasonPhrase} to {method} {path.Split('?')[0]}")
        {
            IsTransient = status is 502 or 503 or 504,
            Problem = problem,
        };
    }

    private static string TokenRefused(Uri server, string role, HttpStatusCode status, string? detail, bool hadToken)
    {
        var make = $"'caur token create --role {role.Split(' ')[0]}' on the hub's machine makes one";
        return status switch
        {
            HttpStatusCode.Forbidden =>
                $"the token's role does not allow this at {server}{(detail is null ? "" : $" ({detail})")}: it wants a token of the role {role}; {make}.",
            _ when hadToken =>
                $"{server} does not know the token, or it has ended. This wants one of the role {role}; 'caur token list' on the hub's machine shows which there are, and {make}.",
            _ => $"{server} wants a token of the role {role} for this: --token or CAUR_TOKEN; {make}.",
        };
    }

    private static string Reason(Exception error) => error.InnerException is { Message: { Length: > 0 } inner } ? inner : error.Message;

    private static T? Find<T>(Exception? error)
        where T : Exception
    {
        for (; error is not null; error = error.InnerException)
        {
            if (error is T found)
            {
                return found;
            }
        }

        return null;
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
        catch (Exception error) when (error is JsonException or IOException or HttpRequestException or OperationCanceledException)
        {
            // Its status has to say enough.
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
