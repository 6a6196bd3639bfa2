using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Caur.Tests.Support;
using StackExchange.Redis;

namespace Caur.Tests.Engine;

/// <summary>A Redis of this process's own, started when it is first asked for and gone with the process. Tests keep out of each other's way by
/// their service ids.</summary>
internal static class TestRedis
{
    private static readonly Lazy<(Process Server, string Address)> Server = new(Start);

    private static readonly Lazy<Task<IConnectionMultiplexer>> Shared = new(ConnectNowAsync);

    /// <summary>Where it is, or will be in a moment.</summary>
    public static string Address => Server.Value.Address;

    /// <summary>The one connection of all, once there was a wait for it.</summary>
    public static IConnectionMultiplexer? Connection { get; private set; }

    /// <summary>The one connection of all.</summary>
    public static Task<IConnectionMultiplexer> ConnectAsync() => Shared.Value;

    /// <summary>A port that nobody listened at just now.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static (Process Server, string Address) Start()
    {
        Requirement.Program("redis-server");
        var folder = Directory.CreateTempSubdirectory("caur-redis-").FullName;
        var port = FreePort().ToString(CultureInfo.InvariantCulture);

        // The shell waits for the end of this process, whichever that is, and takes Redis with it.
        const string Run = """
            redis-server --bind 127.0.0.1 --port "$2" --dir "$1" --save "" --appendonly yes --appendfsync no >"$1/log" &
            cat >/dev/null
            kill $!
            wait
            rm -r "$1"
            """;
        var server = Process.Start(new ProcessStartInfo("bash", ["-c", Run, "redis", folder, port]) { RedirectStandardInput = true })!;
        return (server, $"127.0.0.1:{port}");
    }

    private static async Task<IConnectionMultiplexer> ConnectNowAsync()
    {
        using var limit = new CancellationTokenSource(TestTimeouts.Longest, TimeProvider.System);
        while (true)
        {
            try
            {
                return Connection = await ConnectionMultiplexer.ConnectAsync($"{Address},allowAdmin=true");
            }
            catch (RedisConnectionException) when (!limit.IsCancellationRequested)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, limit.Token);
            }
        }
    }
}
