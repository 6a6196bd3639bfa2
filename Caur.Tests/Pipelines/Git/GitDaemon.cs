using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Caur.Tests.Pipelines.Git;

/// <summary>Repositories of a folder by git's own protocol: <c>git daemon</c>, started for each connection.</summary>
internal sealed class GitDaemon : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ends = new();
    private readonly string _root;
    private readonly Task _running;

    public GitDaemon(string root)
    {
        _root = root;
        _listener.Start();
        _running = AcceptAsync();
    }

    public string Url => string.Create(CultureInfo.InvariantCulture, $"git://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public async ValueTask DisposeAsync()
    {
        await _ends.CancelAsync();
        _listener.Stop();
        await _running;
        _ends.Dispose();
    }

    private async Task AcceptAsync()
    {
        var calls = new List<Task>();
        try
        {
            while (true)
            {
                calls.Add(AnswerAsync(await _listener.AcceptTcpClientAsync(_ends.Token)));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException)
        {
            await Task.WhenAll(calls);
        }
    }

    private async Task AnswerAsync(TcpClient client)
    {
        var start = new ProcessStartInfo("git", ["-c", "safe.directory=*", "daemon", "--inetd", "--export-all", $"--base-path={_root}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using (client)
        using (var daemon = Process.Start(start)!)
        await using (var stream = client.GetStream())
        {
            var inward = AskAsync(stream, daemon.StandardInput);
            await CopyAsync(daemon.StandardOutput.BaseStream, stream);
            await daemon.WaitForExitAsync();
            client.Close();
            await inward;
        }
    }

    /// <summary>It ends when the other side asks for nothing more.</summary>
    private static async Task AskAsync(Stream from, StreamWriter to)
    {
        await CopyAsync(from, to.BaseStream);
        to.Close();
    }

    private static async Task CopyAsync(Stream from, Stream to)
    {
        try
        {
            await from.CopyToAsync(to);
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException)
        {
            // The other end has all that it wants.
        }
    }
}
