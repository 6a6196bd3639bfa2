using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text.Json;
using Caur.Protocol.Link;

namespace Caur.Builder.Link;

/// <summary>Connects to the gateway: one WebSocket for the link, and requests on connections of their own for what is large.</summary>
internal sealed class LinkDialer : IDisposable
{
    /// <summary>How many connections in a row get no answer before a slow way is thought of, and how much longer it may take then.</summary>
    private const int QuickTries = 2;
    private const int SlowFactor = 4;

    private readonly LinkAgentOptions _options;
    private readonly TimeProvider _time;
    private readonly SocketsHttpHandler _handler;
    private int _unanswered;

    public LinkDialer(LinkAgentOptions options, TimeProvider time)
    {
        (_options, _time) = (options, time);
        _handler = Handler(ConnectAsync);
        _handler.ConnectTimeout = options.ConnectWithin * SlowFactor;
        Http = new HttpClient(_handler, disposeHandler: false) { BaseAddress = options.Gateway, Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>For requests; each has to carry <see cref="Authorization"/>.</summary>
    public HttpClient Http { get; }

    public AuthenticationHeaderValue? Authorization => _options.Token() is { Length: > 0 } token ? new AuthenticationHeaderValue("Bearer", token) : null;

    /// <summary>Connects.</summary>
    /// <exception cref="LinkException">It cannot; the message is for people.</exception>
    public async Task<WebSocket> ConnectAsync(CancellationToken cancellationToken)
    {
        var patience = _unanswered < QuickTries ? 1 : SlowFactor;
        using var limit = new CancellationTokenSource(_options.ConnectWithin * patience, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var socket = new ClientWebSocket();
        try
        {
            socket.Options.AddSubProtocol(LinkProtocol.Version);
            socket.Options.KeepAliveInterval = TimeSpan.Zero;
            socket.Options.CollectHttpResponseDetails = true;
            if (Authorization is { } authorization)
            {
                socket.Options.SetRequestHeader("Authorization", authorization.ToString());
            }

            // A connection of its own: one that was kept from before may lead nowhere. A link outlives the handler that made it.
            using var handler = Handler(async (context, token) =>
            {
                var stream = await ConnectAsync(context, token);
                Begin(limit, _options.AnswerWithin * patience);
                return stream;
            });
            using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
            await socket.ConnectAsync(Address(), invoker, linked.Token);
            _unanswered = 0;
            return socket;
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested)
        {
            var status = socket.HttpStatusCode;
            socket.Dispose();
            _unanswered = limit.IsCancellationRequested ? _unanswered + 1 : 0;
            if (limit.IsCancellationRequested)
            {
                _options.NoAnswer?.Invoke();
            }

            throw new LinkException(await ExplainAsync(status, limit.IsCancellationRequested ? null : error, linked.Token), error);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        Http.Dispose();
        _handler.Dispose();
    }

    private SocketsHttpHandler Handler(Func<SocketsHttpConnectionContext, CancellationToken, ValueTask<Stream>> connect) => new()
    {
        ConnectCallback = connect,

        // A token must not follow a redirect to somebody else.
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = _options.Connect is null && !_options.Gateway.IsLoopback,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(5),
    };

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        if (_options.Connect is { } connect)
        {
            return await connect(cancellationToken);
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Begins a limit anew, unless whom it was for has gone.</summary>
    public static void Begin(CancellationTokenSource limit, TimeSpan time)
    {
        try
        {
            limit.CancelAfter(time);
        }
        catch (ObjectDisposedException)
        {
            // A connection may be made for somebody who waits for it no more.
        }
    }

    private Uri Address() =>
        new UriBuilder(new Uri(_options.Gateway, LinkProtocol.Path)) { Scheme = _options.Gateway.Scheme == "https" ? "wss" : "ws" }.Uri;

    /// <summary>A refused upgrade has a body that says why, which WebSockets do not show: the same is asked without one.</summary>
    private async Task<string> ExplainAsync(HttpStatusCode status, Exception? error, CancellationToken cancellationToken)
    {
        if (status is 0 or HttpStatusCode.SwitchingProtocols)
        {
            return $"{_options.Gateway} cannot be reached: {(error is null ? "no answer in time" : Innermost(error))}";
        }

        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, LinkProtocol.Path) { Headers = { Authorization = Authorization } };
            using var answer = await Http.SendAsync(request, cancellationToken);
            if (answer.StatusCode == status && await DetailAsync(answer, cancellationToken) is { } detail)
            {
                return $"{_options.Gateway} refuses this builder ({(int)status}): {detail}";
            }
        }
        catch (Exception second) when (second is HttpRequestException or OperationCanceledException or IOException)
        {
            // What is known is said.
        }

        return $"{_options.Gateway} takes no builder link ({(int)status}): is it a Caur hub of this version, and does a reverse proxy in between pass WebSockets on?";
    }

    /// <summary>What a problem says; null when the answer is none.</summary>
    public static async Task<string?> DetailAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        const int MaxBytes = 64 * 1024;
        if (answer.Content.Headers.ContentType?.MediaType != "application/problem+json" || answer.Content.Headers.ContentLength > MaxBytes)
        {
            return null;
        }

        try
        {
            using var document = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancellationToken));
            return document.RootElement.TryGetProperty("detail", out var detail) && detail.ValueKind == JsonValueKind.String ? detail.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string Innermost(Exception error)
    {
        while (error.InnerException is { } inner)
        {
            error = inner;
        }

        return error.Message;
    }
}
