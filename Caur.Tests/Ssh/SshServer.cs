using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Caur.Silo.Ssh;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Ssh;

/// <summary>A real sshd on a free port of the loopback, with a host key and a user's key of its own. A process serves each connection, as
/// inetd would have it; <see cref="CutConnections"/> is what happens to connections on the way.</summary>
internal sealed class SshServer : IAsyncDisposable
{
    private const string Program = "/usr/sbin/sshd";

    private readonly TemporaryFolder _folder = new();
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentDictionary<Task, Socket> _connections = [];
    private TaskCompletionSource _frozen = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _accepting = Task.CompletedTask;

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The key that lets its holder in.</summary>
    public string UserKey => _folder["user"];

    /// <summary>A key that nobody accepts.</summary>
    public string StrangersKey => _folder["stranger"];

    /// <summary>A known_hosts file with the server's key.</summary>
    public string KnownHosts => _folder["known_hosts"];

    /// <summary>A known_hosts file with another key for the same server.</summary>
    public string WrongKnownHosts => _folder["wrong_hosts"];

    /// <summary>How many connections were made.</summary>
    public int Accepted { get; private set; }

    public static async Task<SshServer> StartAsync()
    {
        Requirement.Program("sshd");
        Requirement.Program("ssh");
        var server = new SshServer();
        foreach (var key in (string[])["host", "user", "stranger"])
        {
            var made = await Processes.RunAsync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", server._folder[key]]);
            made.ExitCode.ShouldBe(0, made.ToString());
        }

        if (Environment.IsPrivilegedProcess)
        {
            // What the system's own start of the service makes.
            Directory.CreateDirectory("/run/sshd");
        }

        server._listener.Start();
        await File.WriteAllTextAsync(server._folder["authorized"], await File.ReadAllTextAsync(server._folder["user.pub"]));
        await File.WriteAllTextAsync(server.KnownHosts, $"[127.0.0.1]:{server.Port} {await File.ReadAllTextAsync(server._folder["host.pub"])}");
        await File.WriteAllTextAsync(server.WrongKnownHosts, $"[127.0.0.1]:{server.Port} {await File.ReadAllTextAsync(server._folder["stranger.pub"])}");
        await File.WriteAllLinesAsync(
            server._folder["config"],
            [
                $"HostKey {server._folder["host"]}", $"AuthorizedKeysFile {server._folder["authorized"]}", "StrictModes no", "UsePAM no",
                "PasswordAuthentication no", "KbdInteractiveAuthentication no", "PermitRootLogin prohibit-password", "AllowTcpForwarding local",
                "PidFile none", "LogLevel ERROR",

                // As docs/builders.md has it: no more than uploads need.
                "Subsystem sftp internal-sftp -p realpath,stat,lstat,fstat,open,close,write,setstat,fsetstat,remove",
            ]);
        server._accepting = server.AcceptAsync();
        return server;
    }

    public SshTunnelOptions To(int port) => new()
    {
        Host = "127.0.0.1",
        Port = Port,
        User = Environment.UserName,
        KeyFile = UserKey,
        KnownHosts = KnownHosts,
        TargetPort = port,
    };

    /// <summary>The settings of somebody who brings archives to it.</summary>
    public SftpOptions Sftp() => new() { Host = "127.0.0.1", Port = Port, User = Environment.UserName, KeyFile = UserKey, KnownHosts = KnownHosts };

    /// <summary>The same as a builder's environment.</summary>
    public Dictionary<string, string> VariablesForSftp() => new()
    {
        ["DATABASE_HOST"] = "127.0.0.1",
        ["DATABASE_PORT"] = Port.ToString(CultureInfo.InvariantCulture),
        ["DATABASE_USER"] = Environment.UserName,
        ["CAUR_SSH_KEY"] = UserKey,
        ["CAUR_SSH_KNOWN_HOSTS"] = KnownHosts,
    };

    /// <summary>A known_hosts file with the server's key for another port.</summary>
    public string KnownHostsAt(int port)
    {
        var path = _folder[$"known_hosts_{port}"];
        File.WriteAllText(path, File.ReadAllText(KnownHosts).Replace($":{Port} ", $":{port} ", StringComparison.Ordinal));
        return path;
    }

    /// <summary>The environment of somebody who goes through it.</summary>
    public Dictionary<string, string> VariablesFor(string url) => new()
    {
        ["REDIS_SSH_HOST"] = "127.0.0.1",
        ["REDIS_SSH_PORT"] = Port.ToString(CultureInfo.InvariantCulture),
        ["REDIS_SSH_USER"] = Environment.UserName,
        ["CAUR_SSH_KEY"] = UserKey,
        ["CAUR_SSH_KNOWN_HOSTS"] = KnownHosts,
        ["CAUR_URL"] = url,
    };

    /// <summary>Lets users read who may come in; otherwise only this one can.</summary>
    public void LetOthersIn() => File.SetUnixFileMode(_folder.Path, (UnixFileMode)0b111_101_101);

    /// <summary>Breaks every connection there is.</summary>
    public void CutConnections()
    {
        foreach (var socket in _connections.Values)
        {
            socket.Close(0);
        }
    }

    /// <summary>Passes nothing more on over the connections there are, and tells nobody; those that come next work.</summary>
    public void FreezeConnections() =>
        Interlocked.Exchange(ref _frozen, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        CutConnections();
        await _accepting;
        await Task.WhenAll(_connections.Keys);
        _end.Dispose();
        _folder.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var socket = await _listener.AcceptSocketAsync(_end.Token);
                Accepted++;
                var serving = Task.Run(() => ServeAsync(socket));
                _connections[serving] = socket;
            }
        }
        catch (Exception end) when (end is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var process = Process.Start(new ProcessStartInfo(Program, ["-i", "-e", "-f", _folder["config"]])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        var said = process.StandardError.ReadToEndAsync();
        var frozen = Volatile.Read(ref _frozen).Task;
        await Task.WhenAny(PumpAsync(stream, process.StandardInput.BaseStream, frozen), PumpAsync(process.StandardOutput.BaseStream, stream, frozen));
        socket.Close(0);
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        await said;
    }

    private async Task PumpAsync(Stream from, Stream to, Task frozen)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            for (int read; (read = await from.ReadAsync(buffer)) > 0;)
            {
                if (frozen.IsCompleted)
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, _end.Token);
                }

                await to.WriteAsync(buffer.AsMemory(0, read));
                await to.FlushAsync();
            }
        }
        catch (Exception broken) when (broken is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // One side went.
        }
    }
}

/// <summary>Environments of processes.</summary>
internal static class ProcessVariables
{
    public static ProcessStartInfo With(this ProcessStartInfo start, IReadOnlyDictionary<string, string> variables)
    {
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        return start;
    }
}
