using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Caur.Contracts.Farm;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Caur.Grains.Notifications;

/// <summary>Posts. Addresses and headers hold secrets, so nothing of a request is logged or traced, no redirection is followed, and what
/// comes back is cleared of them.</summary>
internal sealed class NotificationSender : IDisposable
{
    private const int LargestAnswer = 16 * 1024;

    private readonly HttpClient _http;
    private readonly TimeSpan _timeout;
    private readonly TimeProvider _clock;
    private readonly CancellationToken _stopping;

    public NotificationSender(IOptions<NotificationOptions> options, TimeProvider clock, IHostApplicationLifetime? lifetime = null)
    {
        _timeout = options.Value.Timeout;
        _clock = clock;
        _stopping = lifetime?.ApplicationStopping ?? CancellationToken.None;
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,

            // Without one no span is made, which would have the address in it.
            ActivityHeadersPropagator = null,
            ConnectTimeout = _timeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("caur", typeof(NotificationSender).Assembly.GetName().Version?.ToString(3)));
    }

    /// <summary>Sends a request. What goes wrong is an answer too.</summary>
    /// <exception cref="OperationCanceledException">The hub ends, or the token says so; it may have been sent.</exception>
    public async Task<NotificationAnswer> SendAsync(NotificationRequest request, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_timeout, _clock);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken, _stopping);
        try
        {
            using var message = MessageOf(request);
            using var answer = await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, stop.Token);
            return new NotificationAnswer
            {
                Status = (int)answer.StatusCode,
                Body = Cleared(await ReadAsync(answer, stop.Token), request),
                RetryAfter = RetryAfter(answer.Headers),
                IsExhausted = answer.Headers.RetryAfter is not null || HeaderOf(answer.Headers, "x-ratelimit-remaining") == 0,
            };
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested && !_stopping.IsCancellationRequested)
        {
            return new NotificationAnswer { Problem = string.Create(CultureInfo.InvariantCulture, $"it did not answer within {_timeout.TotalSeconds} s") };
        }
        catch (Exception error) when (error is HttpRequestException or IOException or InvalidOperationException or FormatException)
        {
            return new NotificationAnswer { Problem = Cleared(ProblemOf(error), request) };
        }
    }

    public void Dispose() => _http.Dispose();

    private static HttpRequestMessage MessageOf(NotificationRequest request)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, request.Address) { Content = new ReadOnlyMemoryContent(request.Body) };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue(request.ContentType) { CharSet = "utf-8" };
        foreach (var (name, value) in request.Headers)
        {
            message.Headers.Add(name, value);
        }

        return message;
    }

    private static async Task<string> ReadAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
        var bytes = new byte[LargestAnswer];
        var length = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        return Encoding.UTF8.GetString(bytes, 0, length);
    }

    private TimeSpan? RetryAfter(HttpResponseHeaders headers)
    {
        var wish = headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - _clock.GetUtcNow(),
            _ => HeaderOf(headers, "x-ratelimit-remaining") == 0 && HeaderOf(headers, "x-ratelimit-reset") is { } reset and < 100_000_000_000
                ? DateTimeOffset.FromUnixTimeSeconds(reset) - _clock.GetUtcNow()
                : (TimeSpan?)null,
        };
        return wish > TimeSpan.Zero ? wish : null;
    }

    private static long? HeaderOf(HttpResponseHeaders headers, string name) =>
        headers.TryGetValues(name, out var values) && long.TryParse(values.FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    /// <summary>Of the exceptions' own texts only those that name no address.</summary>
    private static string ProblemOf(Exception error) => error switch
    {
        HttpRequestException { InnerException: SocketException socket } => $"it cannot be reached: {socket.SocketErrorCode}",
        HttpRequestException http => $"it cannot be reached: {http.HttpRequestError}",
        IOException => "the connection was cut",
        _ => $"the request cannot be made: {error.GetType().Name}",
    };

    private static string Cleared(string text, NotificationRequest request) =>
        request.Secret.Length > 0 ? text.Replace(request.Secret, "***", StringComparison.Ordinal) : text;
}
