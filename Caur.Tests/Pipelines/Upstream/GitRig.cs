using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Caur.Pipelines.Polite;
using Caur.Pipelines.Upstream;
using Caur.Storage.Processes;
using Caur.Tests.Pacman;
using Caur.Tests.Sources;

namespace Caur.Tests.Pipelines.Upstream;

/// <summary>Git repositories of other people, in a folder of a test's own, and what reads them.</summary>
internal sealed class GitRig : IDisposable
{
    private readonly TempFolder _folder = new();

    public GitRig(UpstreamLimits? limits = null, GitUrlRules? rules = null, PoliteOptions? options = null, HostProxy? proxy = null)
    {
        Rules = rules ?? new GitUrlRules { AllowFiles = true };
        options ??= new PoliteOptions { BackOff = TimeSpan.Zero, GiveUpAfter = 1000 };
        var git = new GitCommand(new ProcessRunner(TimeProvider.System), options, Rules, proxy);
        Upstream = new GitUpstream(_folder["clones"], git, new HostPacer(options, TimeProvider.System), options, limits ?? new UpstreamLimits());
    }

    public GitUrlRules Rules { get; }

    public GitUpstream Upstream { get; }

    public string Root => _folder.Folder("repositories");

    public GitWorkTree Repository(string name) => new(Path.Combine(Root, name));

    public string Url(string name) => $"file://{Path.Combine(Root, name)}";

    public string this[string name] => _folder[name];

    public void Dispose() => _folder.Dispose();
}

/// <summary>A git daemon on a port of its own: for each connection git's own, as an internet super-server starts it.</summary>
internal sealed class GitDaemon : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _serving;
    private readonly string _root;
    private int _connections;

    public GitDaemon(string root)
    {
        _root = root;
        _listener.Start();
        _serving = ServeAsync();
    }

    public int Connections => Volatile.Read(ref _connections);

    public string Url(string name) => $"git://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/{name}";

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        _listener.Stop();
        await _serving;
        _ended.Dispose();
    }

    private async Task ServeAsync()
    {
        var serving = new List<Task>();
        try
        {
            while (true)
            {
                var client = await _listener.AcceptSocketAsync(_ended.Token);
                Interlocked.Increment(ref _connections);
                serving.Add(ServeOneAsync(client));
            }
        }
        catch (OperationCanceledException)
        {
        }

        await Task.WhenAll(serving);
    }

    private async Task ServeOneAsync(Socket client)
    {
        using var stream = new NetworkStream(client, ownsSocket: true);
        using var process = Process.Start(new ProcessStartInfo("git", ["daemon", "--inetd", "--export-all", $"--base-path={_root}", _root])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            Environment = { ["GIT_CONFIG_COUNT"] = "1", ["GIT_CONFIG_KEY_0"] = "safe.directory", ["GIT_CONFIG_VALUE_0"] = "*" },
        })!;
        var input = CopyAsync(stream, process.StandardInput.BaseStream);
        await CopyAsync(process.StandardOutput.BaseStream, stream);
        client.Shutdown(SocketShutdown.Both);
        await input;
        await process.WaitForExitAsync(CancellationToken.None);
    }

    private static async Task CopyAsync(Stream from, Stream to)
    {
        try
        {
            var buffer = new byte[32 * 1024];
            int read;
            while ((read = await from.ReadAsync(buffer)) > 0)
            {
                await to.WriteAsync(buffer.AsMemory(0, read));
                await to.FlushAsync();
            }
        }
        catch (IOException)
        {
        }
        finally
        {
            if (to is not NetworkStream)
            {
                await CloseAsync(to);
            }
        }
    }

    private static async Task CloseAsync(Stream pipe)
    {
        try
        {
            await pipe.DisposeAsync();
        }
        catch (IOException)
        {
            // It ended before it read everything.
        }
    }
}
