using System.Diagnostics;
using System.Net.Sockets;
using Caur.Tests.Support;
using StackExchange.Redis;

namespace Caur.Tests.Engine;

/// <summary>A Redis of this process's own, started when it is first asked for and gone with the process. Tests keep out of each other's way by
/// their service ids.</summary>
internal static class TestRedis
{
    private static readonly Lazy<Task<IConnectionMultiplexer>> Shared = new(StartAsync);

    /// <summary>The one connection of all.</summary>
    public static Task<IConnectionMultiplexer> ConnectAsync() => Shared.Value;

    private static async Task<IConnectionMultiplexer> StartAsync()
    {
        Requirement.Program("redis-server");
        var folder = Directory.CreateTempSubdirectory("caur-redis-");
        var socket = Path.Combine(folder.FullName, "redis.sock");

        // The shell waits for the end of this process, whichever that is, and takes Redis with it.
        var start = new ProcessStartInfo("bash", ["-c", """redis-server --port 0 --unixsocket "$1/redis.sock" --dir "$1" --save "" --appendonly no >"$1/log" & cat >/dev/null; kill $!; wait; rm -r "$1" """, "redis", folder.FullName])
        {
            RedirectStandardInput = true,
        };
        Process.Start(start)!.ShouldNotBeNull();
        var options = new ConfigurationOptions { AbortOnConnectFail = true, AllowAdmin = true, EndPoints = { new UnixDomainSocketEndPoint(socket) } };
        using var limit = new CancellationTokenSource(TestTimeouts.Longest, TimeProvider.System);
        while (true)
        {
            try
            {
                if (File.Exists(socket))
                {
                    return await ConnectionMultiplexer.ConnectAsync(options);
                }
            }
            catch (RedisConnectionException) when (!limit.IsCancellationRequested)
            {
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, limit.Token);
        }
    }
}
