using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Caur.Silo.Ssh;
using Microsoft.Extensions.Options;

namespace Caur.Silo.Web;

/// <summary>Requests to the hub, and to nobody else.</summary>
internal sealed class HubConnection : IDisposable
{
    private static readonly UriCreationOptions AsItIs = new() { DangerousDisablePathAndQueryCanonicalization = true };

    private readonly HttpMessageInvoker _http;
    private readonly string _base;

    public HubConnection(WebSettings settings, IOptions<WebOptions> options)
    {
        Server = settings.Server;
        _base = settings.Server.GetLeftPart(UriPartial.Path).TrimEnd('/');
        var handler = new SocketsHttpHandler
        {
            ConnectTimeout = options.Value.ConnectWithin + (settings.Route?.Options.OpenLimit ?? TimeSpan.Zero),

            // Answers go to the client as they are, and its tokens to nobody else.
            AllowAutoRedirect = false,
            UseCookies = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            UseProxy = settings.Route is null && !settings.Server.IsLoopback,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
            RequestHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
            ResponseHeaderEncodingSelector = static (_, _) => Encoding.Latin1,
            ConnectCallback = settings.Route is { } route
                ? (_, cancellationToken) => route.ConnectAsync(cancellationToken)
                : static (context, cancellationToken) => DialAsync(context.DnsEndPoint, cancellationToken),
        };
        _http = new HttpMessageInvoker(handler);
    }

    /// <summary>The hub's address.</summary>
    public Uri Server { get; }

    /// <summary>How this process calls itself in <c>Via</c> (RFC 9110, 7.6.3). Whoever meets it in a request came around in a circle.</summary>
    public string Name { get; } = $"caur-web-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}";

    /// <summary>A request for a target, which begins with a slash and was made by <see cref="HubTarget"/> or here.</summary>
    public HttpRequestMessage Request(HttpMethod method, string target) =>
        new(method, new Uri(_base + target, AsItIs)) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };

    /// <summary>Sends, and comes back when status and headers are there.</summary>
    /// <exception cref="HttpRequestException">There is no connection, or it broke.</exception>
    public async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await _http.SendAsync(request, cancellationToken);
        }
        catch (OperationCanceledException late) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, "no connection came about in time", late);
        }
        catch (Exception broken) when (broken is IOException or SshTunnelException)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, broken.Message, broken);
        }
    }

    public void Dispose() => _http.Dispose();

    /// <summary>With probes: a log may say nothing for an hour, and a machine that is gone says nothing either.</summary>
    private static async ValueTask<Stream> DialAsync(DnsEndPoint hub, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 15);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
            await socket.ConnectAsync(hub, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
