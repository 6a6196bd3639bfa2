using System.Net.Sockets;

namespace Caur.Tests.Builder.Engines;

/// <summary>The real engine behind a socket that lets removals of containers hang for as long as a test wants.</summary>
internal sealed class HoldingEngine : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly string _target;
    private readonly Socket _listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly CancellationTokenSource _end = new();
    private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _accepting;

    public HoldingEngine(string target)
    {
        _target = target;
        _listener.Bind(new UnixDomainSocketEndPoint(Address));
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    /// <summary>Where it listens.</summary>
    public string Address => _folder["engine.sock"];

    /// <summary>Completes when the first removal hangs.</summary>
    public Task Held => _held.Task;

    /// <summary>Lets removals go on.</summary>
    public void Release() => _release.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        Release();
        await _end.CancelAsync();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
        _end.Dispose();
        _folder.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            _ = PassAsync(await _listener.AcceptAsync(_end.Token));
        }
    }

    private async Task PassAsync(Socket near)
    {
        using var far = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await far.ConnectAsync(new UnixDomainSocketEndPoint(_target), _end.Token);
            await Task.WhenAny(CopyAsync(near, far, isRequest: true), CopyAsync(far, near, isRequest: false));
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            // The test is over.
        }
        finally
        {
            near.Dispose();
        }
    }

    private async Task CopyAsync(Socket from, Socket to, bool isRequest)
    {
        try
        {
            var buffer = new byte[64 * 1024];
            for (int read; (read = await from.ReceiveAsync(buffer, _end.Token)) > 0;)
            {
                // The client writes a request's head at once.
                if (isRequest && buffer.AsSpan(0, read).StartsWith("DELETE "u8))
                {
                    _held.TrySetResult();
                    await _release.Task.WaitAsync(_end.Token);
                }

                await to.SendAsync(buffer.AsMemory(0, read), _end.Token);
            }
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // One side went.
        }
    }
}
