using System.Net;
using System.Net.Sockets;

namespace Caur.Tests.Logs;

/// <summary>An address that stays, in front of a gateway that comes and goes: a proxy that knows nothing but connections.</summary>
internal sealed class TcpDoor : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _accepting;
    private volatile Uri? _target;
    private CancellationTokenSource _carrying = new();

    public TcpDoor()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Url => $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>Connections that were let through.</summary>
    public int Connections { get; private set; }

    /// <summary>Connections that came while there was nothing behind it.</summary>
    public int TurnedAway { get; private set; }

    public void Open(Uri target) => _target = target;

    public void Close() => _target = null;

    /// <summary>Closes it, and cuts the connections that are open.</summary>
    public void Cut()
    {
        Close();
        using var cut = Interlocked.Exchange(ref _carrying, new CancellationTokenSource());
        cut.Cancel();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _carrying.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                if (_target is { } target)
                {
                    Connections++;
                    connections.Add(CarryAsync(client, target));
                }
                else
                {
                    TurnedAway++;
                    client.Dispose();
                }
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task CarryAsync(TcpClient client, Uri target)
    {
        using var near = client;
        using var far = new TcpClient();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, _carrying.Token);
        try
        {
            await far.ConnectAsync(target.Host, target.Port, end.Token);
            await Task.WhenAny(near.GetStream().CopyToAsync(far.GetStream(), end.Token), far.GetStream().CopyToAsync(near.GetStream(), end.Token));
        }
        catch (Exception error) when (error is SocketException or IOException or OperationCanceledException)
        {
            // Whichever side it was, both connections end.
        }
    }
}
