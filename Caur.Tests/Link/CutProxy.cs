using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Caur.Tests.Link;

/// <summary>A network in between: passes connections on, cuts them, and lets them be silent, as a test says.</summary>
internal sealed class CutProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _target;
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentDictionary<TcpClient, bool> _clients = new();
    private readonly Task _accepting;
    private TaskCompletionSource _flow = Flowing();
    private volatile bool _isCut;
    private long _forward;

    public CutProxy(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Url => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/");

    /// <summary>Cuts connections of their own accord once so many bytes went to the target; 0 for never.</summary>
    public long CutAfter { get; set; }

    /// <summary>How many connections were made.</summary>
    public int Connections { get; private set; }

    /// <summary>Cuts what is open, and everything that comes until it is restored.</summary>
    public void Cut()
    {
        _isCut = true;
        CutOpen();
    }

    public void Restore() => _isCut = false;

    /// <summary>Cuts what is open; what comes next is passed on.</summary>
    public void CutOpen()
    {
        foreach (var client in _clients.Keys)
        {
            if (_clients.TryRemove(client, out _))
            {
                client.Client.Close(0);
            }
        }
    }

    /// <summary>Passes nothing on, and tells nobody.</summary>
    public void Freeze() => Interlocked.Exchange(ref _flow, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    public void Thaw() => _flow.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        Thaw();
        _listener.Stop();
        Cut();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    private static TaskCompletionSource Flowing()
    {
        var flow = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        flow.SetResult();
        return flow;
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var near = await _listener.AcceptTcpClientAsync(_end.Token);
            Connections++;
            _ = PassAsync(near);
        }
    }

    private async Task PassAsync(TcpClient near)
    {
        using var far = new TcpClient();
        try
        {
            if (_isCut)
            {
                near.Client.Close(0);
                return;
            }

            await far.ConnectAsync(IPAddress.Loopback, _target, _end.Token);
            near.NoDelay = far.NoDelay = true;
            _clients[near] = _clients[far] = true;
            await Task.WhenAny(CopyAsync(near.GetStream(), far.GetStream(), isForward: true), CopyAsync(far.GetStream(), near.GetStream(), isForward: false));
        }
        catch (Exception error) when (error is IOException or SocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // That is what it is for.
        }
        finally
        {
            _clients.TryRemove(near, out _);
            _clients.TryRemove(far, out _);
            near.Dispose();
        }
    }

    private async Task CopyAsync(NetworkStream from, NetworkStream to, bool isForward)
    {
        try
        {
            var buffer = new byte[16 * 1024];
            int read;
            while ((read = await from.ReadAsync(buffer, _end.Token)) > 0)
            {
                await _flow.Task.WaitAsync(_end.Token);
                await to.WriteAsync(buffer.AsMemory(0, read), _end.Token);
                if (isForward && Interlocked.Add(ref _forward, read) >= CutAfter && CutAfter > 0)
                {
                    CutAfter = 0;
                    CutOpen();
                    return;
                }
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Cut.
        }
    }
}
