using System.Net.Sockets;

namespace Caur.Builder.Engines;

/// <summary>Where the container engine listens: a unix socket's path, or a host and port.</summary>
internal sealed record EngineEndpoint
{
    /// <summary>Docker's own default.</summary>
    public const string DockerSocket = "/var/run/docker.sock";

    /// <summary>Where podman's system service listens for root.</summary>
    public const string PodmanSocket = "/run/podman/podman.sock";

    private EngineEndpoint(string text, string? socketPath, string? host, int port) =>
        (Text, SocketPath, Host, Port) = (text, socketPath, host, port);

    /// <summary>As it was given, for messages.</summary>
    public string Text { get; }

    public string? SocketPath { get; }

    public string? Host { get; }

    public int Port { get; }

    /// <summary>Understands <c>unix:///path</c>, <c>tcp://host:port</c>, <c>http://host:port</c> and a bare path.</summary>
    /// <returns>Null, with <paramref name="problem"/> set, when the text is none of these.</returns>
    public static EngineEndpoint? TryParse(string text, out string? problem)
    {
        problem = null;
        if (text.StartsWith('/'))
        {
            return new(text, text, null, 0);
        }

        const string unix = "unix://";
        if (text.StartsWith(unix, StringComparison.OrdinalIgnoreCase) && text.Length > unix.Length && text[unix.Length] == '/')
        {
            return new(text, text[unix.Length..], null, 0);
        }

        if (Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "tcp" or "http" && uri.Port > 0 && uri.Host.Length > 0)
        {
            return new(text, null, uri.Host, uri.Port);
        }

        problem = $"'{text}' is no container engine address: unix:///path/to.sock or tcp://host:port is understood "
            + "(for an engine on another host reached by TLS or ssh, forward its socket with ssh -L)";
        return null;
    }

    /// <summary>Opens one connection.</summary>
    public async ValueTask<Stream> ConnectAsync(CancellationToken cancellationToken)
    {
        var socket = SocketPath is null
            ? new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }
            : new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            if (SocketPath is null)
            {
                await socket.ConnectAsync(Host!, Port, cancellationToken);
            }
            else
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), cancellationToken);
            }

            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
