using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using Caur.Tests.Farm;
using Caur.Tests.Support;

namespace Caur.Tests.Engine.Cluster;

/// <summary>A Redis of a test's own that can be killed and comes back with what it kept.</summary>
internal sealed class RedisProcess(string folder) : IAsyncDisposable
{
    private Process? _process;

    public int Port { get; } = FarmSetup.FindPort();

    public string Address => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <summary>Starts it, with an append-only file that is synced before each answer unless told otherwise.</summary>
    public async Task StartAsync(params string[] more)
    {
        Requirement.Program("redis-server");
        Directory.CreateDirectory(folder);
        string[] arguments =
        [
            "--bind", "127.0.0.1", "--port", Port.ToString(CultureInfo.InvariantCulture), "--dir", folder, "--save", "", "--logfile", Path.Combine(folder, "log"),
            "--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction", .. more,
        ];
        _process = Process.Start("redis-server", arguments);
        using var limit = new CancellationTokenSource(TestTimeouts.Longest, TimeProvider.System);
        while (true)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync("127.0.0.1", Port, limit.Token);
                return;
            }
            catch (SocketException) when (!limit.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, limit.Token);
            }
        }
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        if (_process is { } process)
        {
            _process = null;
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }

    public async ValueTask DisposeAsync() => await KillAsync();
}
