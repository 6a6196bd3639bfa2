using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Caur.Pipelines.Forges;

/// <summary>How patient the calls of a forge are.</summary>
internal sealed record ForgeOptions
{
    /// <summary>How often a call is made before it counts as failed. Default: 4.</summary>
    public int Tries { get; init; } = 4;

    /// <summary>The pause before the second try; each after it is twice as long, and up to half as long again at random. Default: 1 s.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>A forge that asks for a longer pause is not asked again. Default: 2 minutes.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>How long one answer may take. Default: 30 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>
/// Calls an API with a token, which stands in headers only, and goes to no other place than the API's. Answers 429 and 5xx, and broken connections,
/// are tried again after a pause; a call that makes something is not when it may have been done.
/// </summary>
internal sealed class ForgeHttp(
    HttpClient http, TimeProvider time, ForgeOptions options, string name, string token, IReadOnlyList<(string Name, string Value)> headers)
{
    private const int LargestAnswer = 32 << 20;
    private const int MostPages = 100;
    private const int MostWords = 300;

    /// <summary>A client that is safe to be given here: one that follows redirections would take the token with it.</summary>
    public static HttpClient NewClient()
    {
        var client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(15),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("caur", typeof(ForgeHttp).Assembly.GetName().Version?.ToString(3)));
        return client;
    }

    /// <summary>Makes a call.</summary>
    /// <returns>The answer's JSON; a null element for an answer without any.</returns>
    public async Task<JsonElement> CallAsync(HttpMethod method, string address, object? body, CancellationToken cancellationToken) =>
        (await SendAsync(method, new Uri(address), body, cancellationToken)).Json;

    /// <summary>All elements of a list, page by page (RFC 8288's <c>next</c>, as both forges give it).</summary>
    public async Task<IReadOnlyList<JsonElement>> ListAsync(string address, CancellationToken cancellationToken)
    {
        var all = new List<JsonElement>();
        Uri? next = new(address);
        for (var page = 0; next is not null; page++)
        {
            if (page == MostPages)
            {
                throw new ForgeException(ForgeProblem.Refused, $"{name} has more than {MostPages} pages of what was asked for");
            }

            var answer = await SendAsync(HttpMethod.Get, next, null, cancellationToken);
            if (answer.Json.ValueKind != JsonValueKind.Array)
            {
                throw new ForgeException(ForgeProblem.Refused, $"{name} did not answer with a list; is its address that of an API?");
            }

            all.AddRange(answer.Json.EnumerateArray());
            next = answer.Next is null ? null : new Uri(next, answer.Next);
            if (next is not null && (next.Scheme, next.Authority) != (new Uri(address).Scheme, new Uri(address).Authority))
            {
                throw new ForgeException(ForgeProblem.Refused, $"{name} sends on to another host, which gets no token of ours");
            }
        }

        return all;
    }

    private async Task<Answer> SendAsync(HttpMethod method, Uri address, object? body, CancellationToken cancellationToken)
    {
        for (var tried = 1; ; tried++)
        {
            var (answer, failure, wish) = await TryAsync(method, address, body, cancellationToken);
            if (answer is not null)
            {
                return answer;
            }

            // A call that makes something may have made it although no answer came.
            var again = failure!.Problem == ForgeProblem.TooMany || (failure.Problem == ForgeProblem.Unavailable && method != HttpMethod.Post);
            if (!again || tried >= options.Tries)
            {
                throw failure;
            }

            if (wish > options.LongestPause)
            {
                throw new ForgeException(ForgeProblem.TooMany, string.Create(
                    CultureInfo.InvariantCulture, $"{failure.Message}; it asks for a pause of {wish.Value.TotalSeconds:0} s, which is too long to wait"));
            }

            var pause = wish ?? (options.FirstPause * Math.Pow(2, tried - 1) * (1 + (Random.Shared.NextDouble() / 2)));
            await Task.Delay(pause, time, cancellationToken);
        }
    }

    private async Task<(Answer? Answer, ForgeException? Failure, TimeSpan? Wish)> TryAsync(
        HttpMethod method, Uri address, object? body, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.Timeout, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var message = new HttpRequestMessage(method, address) { Content = body is null ? null : JsonContent.Create(body) };
            foreach (var (header, value) in headers)
            {
                message.Headers.Add(header, value);
            }

            using var response = await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, stop.Token);
            var text = await ReadAsync(response, stop.Token);
            return response.IsSuccessStatusCode
                ? (new Answer(Parse(text), NextOf(response)), null, null)
                : (null, FailureOf(response, text), PauseOf(response.Headers));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, Unavailable(string.Create(CultureInfo.InvariantCulture, $"did not answer within {options.Timeout.TotalSeconds} s")), null);
        }
        catch (HttpRequestException error)
        {
            return (null, Unavailable($"cannot be reached: {(error.InnerException is SocketException socket ? socket.SocketErrorCode.ToString() : error.HttpRequestError.ToString())}"), null);
        }
        catch (IOException)
        {
            return (null, Unavailable("cut the connection"), null);
        }
        catch (JsonException)
        {
            return (null, new ForgeException(ForgeProblem.Refused, $"{name} did not answer with JSON; is its address that of an API?"), null);
        }
    }

    private ForgeException Unavailable(string what) => new(ForgeProblem.Unavailable, $"{name} {what}");

    private async Task<string> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var kept = new MemoryStream();
        var buffer = new byte[64 << 10];
        for (int read; (read = await stream.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            kept.Write(buffer, 0, read);
            if (kept.Length > LargestAnswer)
            {
                throw new ForgeException(ForgeProblem.Refused, $"{name} answers with more than {LargestAnswer >> 20} MiB");
            }
        }

        return Encoding.UTF8.GetString(kept.GetBuffer(), 0, (int)kept.Length);
    }

    private static JsonElement Parse(string text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return default;
        }

        using var document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    private ForgeException FailureOf(HttpResponseMessage response, string text)
    {
        var status = (int)response.StatusCode;
        var said = Words(text) is { Length: > 0 } words ? $" ({words})" : "";
        return response.StatusCode switch
        {
            HttpStatusCode.Unauthorized => new(ForgeProblem.Unauthorized, $"{name} does not take the token: it is wrong, revoked or over{said}"),
            HttpStatusCode.TooManyRequests => new(ForgeProblem.TooMany, $"{name} got too many requests{said}"),
            HttpStatusCode.Forbidden when IsExhausted(response.Headers) || text.Contains("rate limit", StringComparison.OrdinalIgnoreCase) => new(ForgeProblem.TooMany, $"{name} got too many requests{said}"),
            HttpStatusCode.Forbidden => new(ForgeProblem.Forbidden, $"{name} does not let the token do this; it has to be one that may write to the repository and its requests{said}"),
            HttpStatusCode.NotFound => new(ForgeProblem.NotFound, $"{name} is not there, or its token does not see it{said}"),
            HttpStatusCode.Conflict => new(ForgeProblem.Conflict, $"{name} has it already{said}"),
            _ when status is >= 300 and < 400 => new(ForgeProblem.NotFound, $"{name} has another address now; where it sends on to gets no token of ours"),
            _ when status >= 500 || response.StatusCode == HttpStatusCode.RequestTimeout =>
                new(ForgeProblem.Unavailable, string.Create(CultureInfo.InvariantCulture, $"{name} answers {status}{said}")),
            _ => new(ForgeProblem.Refused, string.Create(CultureInfo.InvariantCulture, $"{name} answers {status}{said}")),
        };
    }

    /// <summary>What the forge says of it, bounded, on a line, without the token.</summary>
    private string Words(string text)
    {
        var line = string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)).Trim();
        line = token.Length > 0 ? line.Replace(token, "***", StringComparison.Ordinal) : line;
        return line.Length > MostWords ? $"{line[..MostWords]}..." : line;
    }

    private static bool IsExhausted(HttpResponseHeaders headers) => headers.RetryAfter is not null || Number(headers, "x-ratelimit-remaining") == 0;

    private TimeSpan? PauseOf(HttpResponseHeaders headers)
    {
        var reset = Number(headers, "x-ratelimit-remaining") == 0 ? Number(headers, "x-ratelimit-reset")
            : Number(headers, "ratelimit-remaining") == 0 ? Number(headers, "ratelimit-reset")
            : null;
        var wish = headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - time.GetUtcNow(),
            _ => reset is > 0 and < 100_000_000_000 ? DateTimeOffset.FromUnixTimeSeconds(reset.Value) - time.GetUtcNow() : (TimeSpan?)null,
        };
        return wish > TimeSpan.Zero ? wish : null;
    }

    private static long? Number(HttpResponseHeaders headers, string header) =>
        headers.TryGetValues(header, out var values) && long.TryParse(values.FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    private static string? NextOf(HttpResponseMessage response)
    {
        if (!response.Headers.TryGetValues("Link", out var links))
        {
            return null;
        }

        foreach (var link in string.Join(',', links).Split(',', StringSplitOptions.TrimEntries))
        {
            var parts = link.Split(';', StringSplitOptions.TrimEntries);
            if (parts.Length > 1 && parts[0] is ['<', .., '>'] && parts.Skip(1).Any(part => part is "rel=\"next\"" or "rel=next"))
            {
                return parts[0][1..^1];
            }
        }

        return null;
    }

    private sealed record Answer(JsonElement Json, string? Next);
}
