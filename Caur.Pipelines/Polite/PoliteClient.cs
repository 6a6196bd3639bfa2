using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace Caur.Pipelines.Polite;

/// <summary>
/// Gets what other hosts offer over HTTP: paced, only if it has changed, tried twice, with the back-off that a host asks for (429, 503 and
/// Retry-After) or that 5xx calls for. What does not come is told in words and never thrown.
/// </summary>
internal sealed class PoliteClient(HttpClient http, HostPacer pacer, PoliteOptions options, TimeProvider time)
{
    /// <summary>Gets something and reads it from the stream as it comes.</summary>
    /// <param name="uri">An http or https address.</param>
    /// <param name="known">The validators of what the caller has already; null when it has nothing.</param>
    /// <param name="read">Reads the answer; what it throws as <see cref="IOException"/> or <see cref="InvalidDataException"/> is a failed try.</param>
    /// <param name="cancellationToken">Ends it, as an exception.</param>
    public async Task<Answer<Fetched<T>>> GetAsync<T>(
        Uri uri, Validators? known, Func<Stream, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
        where T : class
    {
        var host = uri.IdnHost;
        string? problem = null;
        for (var tries = 1; ; tries++)
        {
            var turn = await pacer.EnterAsync(host, cancellationToken);
            if (!turn.IsGiven)
            {
                return Answer<Fetched<T>>.Refused($"{Shown.Of(uri)}: {problem ?? "not asked"}, and {turn.Problem}");
            }

            Try<T> tried;
            using (turn.Value)
            {
                tried = await TryAsync(uri, known, read, cancellationToken);
            }

            if (tried.Value is { } value)
            {
                pacer.Succeeded(host);
                return Answer<Fetched<T>>.Of(value);
            }

            problem = tried.Problem;
            if (tried.IsTransient)
            {
                pacer.Failed(host, tried.Asked);
            }

            if (!tried.IsTransient || tries >= options.Tries)
            {
                return Answer<Fetched<T>>.Refused(
                    tried.IsTransient && tries > 1 ? $"{Shown.Of(uri)} failed {Times(tries)}: {tried.Problem}" : $"{Shown.Of(uri)}: {tried.Problem}");
            }
        }
    }

    internal static string Times(int tries) =>
        tries == 2 ? "twice" : string.Create(CultureInfo.InvariantCulture, $"{tries} times");

    private async Task<Try<T>> TryAsync<T>(
        Uri uri, Validators? known, Func<Stream, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
        where T : class
    {
        using var limit = new CancellationTokenSource(options.Timeout, time);
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var request = Request(uri, known);
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, ends.Token);
            var validators = new Validators(response.Headers.ETag?.ToString(), First(response.Content.Headers, "Last-Modified"));
            if (response.StatusCode == HttpStatusCode.NotModified && known is not null)
            {
                return new Try<T>(new Fetched<T>(null, validators.IsEmpty ? known : validators));
            }

            if (!response.IsSuccessStatusCode)
            {
                var status = (int)response.StatusCode;
                return new Try<T>(
                    $"it answered {status.ToString(CultureInfo.InvariantCulture)}",
                    status is 408 or 425 or 429 or (>= 500 and not 501 and not 505),
                    Asked(response.Headers.RetryAfter));
            }

            await using var body = new BoundedStream(await response.Content.ReadAsStreamAsync(ends.Token), options.MaxBytes);
            return new Try<T>(new Fetched<T>(await read(body, ends.Token), validators));
        }
        catch (AnswerTooLargeException error)
        {
            return new Try<T>(error.Message, false, null);
        }
        catch (Exception error) when (error is HttpRequestException or IOException or InvalidDataException)
        {
            return new Try<T>(Shown.Short(error.Message), true, null);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new Try<T>("it took too long", true, null);
        }
    }

    private HttpRequestMessage Request(Uri uri, Validators? known)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, uri);
        request.Headers.TryAddWithoutValidation("User-Agent", options.UserAgent);
        if (known?.EntityTag is { } tag)
        {
            request.Headers.TryAddWithoutValidation("If-None-Match", tag);
        }

        if (known?.LastModified is { } modified)
        {
            request.Headers.TryAddWithoutValidation("If-Modified-Since", modified);
        }

        return request;
    }

    private TimeSpan? Asked(RetryConditionHeaderValue? header) =>
        header?.Delta ?? (header?.Date is { } date ? date - time.GetUtcNow() : null);

    private static string? First(HttpContentHeaders headers, string name) =>
        headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;

    private readonly record struct Try<T>(Fetched<T>? Value, string? Problem, bool IsTransient, TimeSpan? Asked)
        where T : class
    {
        public Try(Fetched<T> value)
            : this(value, null, false, null)
        {
        }

        public Try(string problem, bool transient, TimeSpan? asked)
            : this(null, problem, transient, asked)
        {
        }
    }
}
