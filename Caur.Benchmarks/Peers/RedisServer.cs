using System.Diagnostics;
using System.Net.Sockets;
using Caur.Benchmarks.Running;

namespace Caur.Benchmarks.Peers;

/// <summary>A Redis of our own, with an append-only file and no port.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private readonly Process _process;

    private RedisServer(Process process, string socket) => (_process, Socket) = (process, socket);

    public string Socket { get; }

    public int Id => _process.Id;

    /// <param name="folder">Its data.</param>
    /// <param name="sync">appendfsync: always or everysec.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<RedisServer> StartAsync(string folder, string sync, CancellationToken cancellationToken)
    {
        // A socket's name is short, whatever the folder's is.
        var socket = Path.Combine(Path.GetTempPath(), $"caur-bench-{Guid.NewGuid():n}.sock");
        var process = Process.Start(new ProcessStartInfo(
            "redis-server",
            ["--port", "0", "--unixsocket", socket, "--dir", folder, "--save", "", "--appendonly", "yes", "--appendfsync", sync, "--logfile", Path.Combine(folder, "log")]))!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        while (true)
        {
            try
            {
                using var client = new System.Net.Sockets.Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await client.ConnectAsync(new UnixDomainSocketEndPoint(socket), limit.Token);
                return new RedisServer(process, socket);
            }
            catch (SocketException) when (!process.HasExited)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, limit.Token);
            }
            catch (SocketException)
            {
                throw new BenchmarkFailedException($"redis-server ended at its start with {process.ExitCode}");
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        File.Delete(Socket);
    }
}
