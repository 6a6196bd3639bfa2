using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Caur.Silo.Ssh;

namespace Caur.Silo.Cli;

/// <summary>Calls to a gateway. Every failure is a <see cref="FarmException"/> that people can act on.</summary>
internal sealed class FarmHttp : IDisposable, IAsyncDisposable
{
    private static readonly TimeSpan CallLimit = TimeSpan.FromSeconds(100);
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(10);

    /// <summary>No document of a hub is nearly as long, in bytes.</summary>
    private const long LargestAnswer = 256 << 20;

    private readonly HttpClient _http;
    private readonly TimeProvider _time;
    private readonly SshRoute? _route;
    private readonly Orders _orders;
    private readonly bool _hasToken;

    /// <summary>Prepares calls; connects to nothing.</summary>
    /// <param name="server">The gateway's address, as the far end of the route sees it.</param>
    /// <param name="token">What to present; null for nothing.</param>
    /// <param name="time">For limits.</param>
    /// <param name="orders">Told of what is ordered.</param>
    /// <param name="route">The tunnel to go through, which is owned from now on; null for none.</param>
    public FarmHttp(Uri server, string? token, TimeProvider time, Orders? orders = null, SshRoute? route = null)
    {
        (_time, _orders, _route, _hasToken) = (time, orders ?? new Orders(), route, token is not null);
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = route is null ? ConnectLimit : ConnectLimit + route.Options.OpenLimit,

            // A token must not follow a redirect to somebody else.
            AllowAutoRedirect = false,
            UseProxy = route is null && !server.IsLoopback,
            UseCookies = false,
        };
        if (route is not null)
        {
            handler.ConnectCallback = (_, cancellationToken) => route.ConnectAsync(cancellationToken);
        }

        _http = new HttpClient(handler) { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };
        if (token is not null)
        {
            _http.DefaultRequestHeaders.Authorization = Bearer(token);
        }
    }

    /// <summary>The caller's trace, for requests outside of a span of this process; null for none.</summary>
    public string? TraceParent
    {
        init
        {
            if (value is not null)
            {
                _http.DefaultRequestHeaders.TryAddWithoutValidation("traceparent", value);
            }
        }
    }

    public Uri Server => _http.BaseAddress!;

    public void Dispose() => _http.Dispose();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (_route is not null)
        {
            await _route.DisposeAsync();
        }
    }

    /// <summary>Asks for a document.</summary>
    /// <param name="path">Where.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <param name="role">The roles that may read it where not everybody may, for people.</param>
    public async Task<T> GetAsync<T>(string path, CancellationToken cancellationToken, string role = FarmOrders.Readers)
    {
        using var answer = await SendAsync(HttpMethod.Get, path, null, CallLimit, null, cancellationToken, role: role);
        return await ReadAsync<T>(answer, cancellationToken);
    }

    /// <summary>Asks for a document that need not be there.</summary>
    public async Task<T?> FindAsync<T>(string path, CancellationToken cancellationToken)
        where T : class
    {
        using var answer = await SendAsync(HttpMethod.Get, path, null, CallLimit, null, cancellationToken, notFoundIsAnswer: true);
        return answer.StatusCode == HttpStatusCode.NotFound ? null : await ReadAsync<T>(answer, cancellationToken);
    }

    /// <summary>Asks for bytes or text.</summary>
    public Task<HttpResponseMessage> OpenAsync(string path, TimeSpan? limit, CancellationToken cancellationToken, bool notFoundIsAnswer = false) =>
        SendAsync(HttpMethod.Get, path, null, limit ?? CallLimit, null, cancellationToken, notFoundIsAnswer);

    /// <summary>Orders something. When the answer does not arrive, the failure says what was ordered and how to look.</summary>
    public async Task<T> OrderAsync<T>(
        Order order, HttpMethod method, string path, object? body, CancellationToken cancellationToken, TimeSpan? limit = null)
    {
        using var content = Json(body);
        using var answer = await SendAsync(method, path, content, limit ?? CallLimit, order, cancellationToken);
        return await ReadAsync<T>(answer, cancellationToken, order);
    }

    /// <summary>The same, when the answer's content does not matter.</summary>
    public async Task OrderAsync(Order order, HttpMethod method, string path, object? body, CancellationToken cancellationToken)
    {
        using var content = Json(body);
        using var answer = await SendAsync(method, path, content, CallLimit, order, cancellationToken);
    }

    /// <summary>No connection, or a broken one.</summary>
    public FarmException Unreachable(Exception error) => FarmFailures.Unreachable(Server, _route, error);

    private static ByteArrayContent? Json(object? body) => body is null
        ? null
        : new ByteArrayContent(JsonSerializer.SerializeToUtf8Bytes(body, JsonText.WireOf(body.GetType())))
        {
            Headers = { ContentType = new MediaTypeHeaderValue("application/json", "utf-8") },
        };

    private static AuthenticationHeaderValue Bearer(string token)
    {
        try
        {
            return new AuthenticationHeaderValue("Bearer", token.Any(c => c is <= ' ' or >= (char)127) ? throw new FormatException() : token);
        }
        catch (FormatException)
        {
            throw new FarmException(ExitCodes.Usage, "the token holds characters that no token has (--token, CAUR_TOKEN)");
        }
    }

    /// <summary>Whether the request may have arrived: it was not the connecting that failed.</summary>
    private async Task<bool> MayHaveArrivedAsync(Exception error) =>
        error is not HttpRequestException
        {
            HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
                or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError,
        }
        && (_route is null || await _route.FindTargetProblemAsync() is null);

    private async Task<T> ReadAsync<T>(HttpResponseMessage answer, CancellationToken cancellationToken, Order? order = null)
    {
        using var timer = new CancellationTokenSource(CallLimit, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            // As a whole: pages are small, and what reads JSON piece by piece takes longer to compile than to run.
            await answer.Content.LoadIntoBufferAsync(LargestAnswer, linked.Token);
            return (T?)JsonSerializer.Deserialize(await answer.Content.ReadAsByteArrayAsync(cancellationToken), JsonText.WireOf(typeof(T)))
                ?? throw new JsonException("the answer is null");
        }
        catch (Exception error) when (error is JsonException or NotSupportedException)
        {
            throw new FarmException(
                ExitCodes.Failed, $"{answer.RequestMessage?.RequestUri} answered what this version does not understand. Is {Server} a Caur hub of this version? ({error.Message})", error);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            throw order is null ? Unreachable(error) : FarmFailures.Lost(Server, order, error);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw TooSlow(CallLimit, order, error);
        }
    }

    private FarmException TooSlow(TimeSpan limit, Order? order, Exception error)
    {
        var slow = FarmFailures.TooSlow(Server, limit, error);
        return order is null ? slow : FarmFailures.Lost(Server, order, slow);
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, HttpContent? content, TimeSpan limit, Order? order, CancellationToken cancellationToken,
        bool notFoundIsAnswer = false, string role = FarmOrders.Readers)
    {
        using var timer = new CancellationTokenSource(limit, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        using var request = new HttpRequestMessage(method, path) { Content = content };
        if (order is not null)
        {
            _orders.Sent(order);
        }

        HttpResponseMessage answer;
        try
        {
            answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, linked.Token);
        }
        catch (Exception error) when (error is HttpRequestException or IOException)
        {
            _orders.Answered(taken: false);
            throw order is not null && await MayHaveArrivedAsync(error) ? FarmFailures.Lost(Server, order, error) : Unreachable(error);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            _orders.Answered(taken: false);
            throw TooSlow(limit, order, error);
        }

        if (answer.IsSuccessStatusCode || (notFoundIsAnswer && answer.StatusCode == HttpStatusCode.NotFound))
        {
            _orders.Answered(taken: order is not null && answer.IsSuccessStatusCode);
            return answer;
        }

        using (answer)
        {
            _orders.Answered(taken: false);
            var refused = await FarmFailures.RefusedAsync(Server, method, path, answer, order, _hasToken, role, linked.Token);
            cancellationToken.ThrowIfCancellationRequested();
            throw refused;
        }
    }
}
