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
    private readonly int[] _held = [0, 0];
    private TaskCompletionSource _flow = Flowing();
    private TaskCompletionSource _requests = Flowing();
    private TaskCompletionSource _answers = Flowing();
    private TaskCompletionSource _open = NeverFrozen();
    private int _corrupt;
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

    /// <summary>How late everything comes, in both directions. Default: not at all.</summary>
    public TimeSpan Late { get; set; }

    /// <summary>How many bytes were passed on to the target.</summary>
    public long Forwarded => Interlocked.Read(ref _forward);

    /// <summary>How many connections were made.</summary>
    public int Connections { get; private set; }

    /// <summary>Cuts what is open, and everything that comes until it is restored.</summary>
    public void Cut()
    {
        _isCut = true;
        CutOpen();
    }

    public void Restore() => _isCut = false;

    /// <summary>On how many connections something is held in each direction.</summary>
    public (int Requests, int Answers) Held => (Volatile.Read(ref _held[0]), Volatile.Read(ref _held[1]));

    /// <summary>Cuts what is open; what comes next is passed on.</summary>
    /// <returns>On how many connections something was held in each direction, which nobody gets any more.</returns>
    public (int Requests, int Answers) CutOpen()
    {
        var lost = Held;
        foreach (var client in _clients.Keys)
        {
            if (_clients.TryRemove(client, out _))
            {
                client.Client.Close(0);
            }
        }

        return lost;
    }

    /// <summary>Passes nothing on, and tells nobody.</summary>
    public void Freeze() => Interlocked.Exchange(ref _flow, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    public void Thaw()
    {
        _flow.TrySetResult();
        _requests.TrySetResult();
        _answers.TrySetResult();
    }

    /// <summary>Keeps what goes to the target, until <see cref="Thaw"/>; answers come.</summary>
    public void HoldRequests() => Interlocked.Exchange(ref _requests, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    /// <summary>Keeps what comes from the target, until <see cref="Thaw"/>: what was asked is done, and nobody hears of it.</summary>
    public void HoldAnswers() => Interlocked.Exchange(ref _answers, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    /// <summary>Passes nothing on over the connections that are open, for ever, and tells nobody; what comes next is passed on. As a router
    /// that forgot them.</summary>
    public void FreezeOpen() => Interlocked.Exchange(ref _open, NeverFrozen()).TrySetResult();

    /// <summary>Changes a bit in so many of the next large parts that go to the target.</summary>
    public void Corrupt(int times) => Volatile.Write(ref _corrupt, times);

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

    private static TaskCompletionSource NeverFrozen() => new(TaskCreationOptions.RunContinuationsAsynchronously);

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
        var frozen = Volatile.Read(ref _open).Task;
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
            await Task.WhenAny(CopyAsync(near.GetStream(), far.GetStream(), frozen, isForward: true), CopyAsync(far.GetStream(), near.GetStream(), frozen, isForward: false));
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

    private async Task HoldAsync(bool isForward)
    {
        var flow = Volatile.Read(ref isForward ? ref _requests : ref _answers).Task;
        if (flow.IsCompleted)
        {
            return;
        }

        Interlocked.Increment(ref _held[isForward ? 0 : 1]);
        try
        {
            await flow.WaitAsync(_end.Token);
        }
        finally
        {
            Interlocked.Decrement(ref _held[isForward ? 0 : 1]);
        }
    }

    private async Task CopyAsync(NetworkStream from, NetworkStream to, Task frozen, bool isForward)
    {
        try
        {
            var buffer = new byte[16 * 1024];
            int read;
            while ((read = await from.ReadAsync(buffer, _end.Token)) > 0)
            {
                if (Late > TimeSpan.Zero)
                {
                    await Task.Delay(Late, TimeProvider.System, _end.Token);
                }

                await _flow.Task.WaitAsync(_end.Token);
                await HoldAsync(isForward);
                if (frozen.IsCompleted)
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, _end.Token);
                }

                if (isForward && read == buffer.Length && Volatile.Read(ref _corrupt) > 0 && Interlocked.Decrement(ref _corrupt) >= 0)
                {
                    buffer[read / 2] ^= 1;
                }

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
