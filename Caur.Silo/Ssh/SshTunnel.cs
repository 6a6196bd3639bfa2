using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Caur.Silo.Ssh;

/// <summary>One <c>ssh -N -L</c>: a socket in a folder of its own that only this user can reach, through which connections come out at
/// the SSH server's side. It ends when it is disposed of, and when this process dies, however it dies.</summary>
internal sealed class SshTunnel : IAsyncDisposable
{
    /// <summary>Becomes ssh, and leaves behind a watcher that ends it when the standard input closes: that is when the process that
    /// started it closes it, or is no more. Ctrl-C at the terminal is for that process alone; it may still need the way to end in order.
    /// The parent is looked at before it is killed, since the number of an ssh that has ended may be somebody else's.</summary>
    private const string Script =
        """
        exec 3<&0
        { read -r _ <&3; read -r _ _ _ parent _ </proc/self/stat; [ "$parent" != $$ ] || kill $$; } >/dev/null 2>&1 &
        trap '' INT HUP
        exec "$@" 3<&- </dev/null
        """;

    /// <summary>What a shell says of a program that is not there.</summary>
    private const int NotFound = 127;

    private const int LinesKept = 20;

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(3);

    /// <summary>How long a socket that is there already may refuse: ssh listens a moment after it has made it.</summary>
    private const int ConnectTries = 10;

    private readonly SshTunnelOptions _options;
    private readonly TimeProvider _time;
    private readonly DirectoryInfo _folder;
    private readonly Process _process;
    private readonly Queue<string> _said = new();
    private readonly Lock _lock = new();
    private bool _disposed;

    private SshTunnel(SshTunnelOptions options, TimeProvider time, DirectoryInfo folder, Process process)
    {
        (_options, _time, _folder, _process) = (options, time, folder, process);
        ProcessId = process.Id;
        Ended = WatchAsync();
    }

    /// <summary>Completes when ssh has ended, whoever ended it, with its last words for people.</summary>
    public Task<string> Ended { get; }

    /// <summary>What ssh said most recently, the oldest first.</summary>
    public IReadOnlyList<string> Said
    {
        get
        {
            lock (_lock)
            {
                return [.. _said];
            }
        }
    }

    /// <summary>Where its socket is.</summary>
    public string Folder => _folder.FullName;

    /// <summary>ssh's.</summary>
    public int ProcessId { get; }

    private string SocketPath => Path.Combine(_folder.FullName, "socket");

    /// <summary>Opens one and returns when connections can be made.</summary>
    /// <exception cref="SshTunnelException">There is no ssh, or it cannot open it.</exception>
    public static async Task<SshTunnel> OpenAsync(SshTunnelOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var folder = CreateFolder();
        SshTunnel tunnel;
        try
        {
            tunnel = new SshTunnel(options, time, folder, Start(options, Path.Combine(folder.FullName, "socket")));
        }
        catch
        {
            folder.Delete(recursive: true);
            throw;
        }

        try
        {
            await tunnel.WaitUntilOpenAsync(cancellationToken);
            return tunnel;
        }
        catch
        {
            await tunnel.DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes one connection to the target.</summary>
    /// <exception cref="SshTunnelException">ssh has ended.</exception>
    public async Task<Stream> ConnectAsync(CancellationToken cancellationToken)
    {
        for (var tries = 1; ; tries++)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException error)
            {
                socket.Dispose();
                if (Ended.IsCompleted)
                {
                    throw new SshTunnelException(await Ended, error);
                }

                if (tries == ConnectTries)
                {
                    throw new SshTunnelException($"the tunnel through {_options.Server} takes no connections: {error.Message}", error);
                }
            }
            catch
            {
                socket.Dispose();
                throw;
            }

            await Task.Delay(LookEvery, _time, cancellationToken);
        }
    }

    /// <summary>Closes it and waits for ssh's end.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        _process.StandardInput.Close();
        using (var limit = new CancellationTokenSource(EndLimit, _time))
        {
            try
            {
                await Ended.WaitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
                await Ended;
            }
        }

        _process.Dispose();
        try
        {
            _folder.Delete(recursive: true);
        }
        catch (IOException)
        {
            // Somebody cleans the folder of temporary files too.
        }
    }

    private static Process Start(SshTunnelOptions options, string socket)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-c", Script, "caur-tunnel", "ssh", .. Arguments(options, socket)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // Messages are looked at.
        start.Environment["LC_ALL"] = "C";
        try
        {
            return Process.Start(start) ?? throw new InvalidOperationException("no process was started");
        }
        catch (Win32Exception error)
        {
            throw new SshTunnelException($"ssh cannot be started: {error.Message}", error);
        }
    }

    private static IEnumerable<string> Arguments(SshTunnelOptions options, string socket)
    {
        var host = options.TargetHost.Contains(':', StringComparison.Ordinal) && !options.TargetHost.StartsWith('[')
            ? $"[{options.TargetHost}]"
            : options.TargetHost;
        string[] arguments =
        [
            "-N", "-T", "-L", string.Create(CultureInfo.InvariantCulture, $"{socket}:{host}:{options.TargetPort}"),
            "-p", options.Port.ToString(CultureInfo.InvariantCulture), "-l", options.User,

            // Nobody is there to answer a question.
            "-o", "BatchMode=yes",
            "-o", "ExitOnForwardFailure=yes",
            "-o", "ConnectTimeout=10",
            "-o", "ServerAliveInterval=15",
            "-o", "ServerAliveCountMax=3",
            "-o", "StreamLocalBindMask=0177",

            // A connection shared with other sessions would neither end with this one nor be ours alone.
            "-o", "ControlMaster=no",
            "-o", "ControlPath=none",
            "-o", "ForwardAgent=no",
            "-o", "ForwardX11=no",
            "-o", "PermitLocalCommand=no",
        ];
        return
        [
            .. arguments,
            .. options.KnownHosts is { } known
                ? (string[])["-o", "StrictHostKeyChecking=yes", "-o", $"UserKnownHostsFile=\"{known}\"", "-o", "GlobalKnownHostsFile=none"]
                : ["-o", "StrictHostKeyChecking=accept-new"],
            .. options.KeyFile is { } key ? (string[])["-i", key, "-o", "IdentitiesOnly=yes"] : [],
            "--", options.Host,
        ];
    }

    /// <summary>A folder that nobody else may enter. A socket's path has room for a hundred characters, and none that ssh would read as
    /// something else.</summary>
    private static DirectoryInfo CreateFolder()
    {
        var parent = Path.GetTempPath();
        if (parent.Length > 50 || parent.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('/' or '.' or '_' or '-')))
        {
            parent = "/tmp";
        }

        return Directory.CreateDirectory(
            Path.Combine(parent, $"caur-ssh-{Guid.NewGuid():N}"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private async Task WaitUntilOpenAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_options.OpenLimit, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        while (!File.Exists(SocketPath))
        {
            if (Ended.IsCompleted)
            {
                throw new SshTunnelException(await Ended);
            }

            try
            {
                await Task.Delay(LookEvery, _time, linked.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new SshTunnelException(
                    $"{_options.Server} did not open a tunnel within {_options.OpenLimit.TotalSeconds:0} s{(Said is [.., var last] ? $": {last}" : "")}");
            }
        }
    }

    private async Task<string> WatchAsync()
    {
        var output = _process.StandardOutput.ReadToEndAsync();
        while (await _process.StandardError.ReadLineAsync() is { } line)
        {
            if (line.Trim() is { Length: > 0 } said)
            {
                lock (_lock)
                {
                    _said.Enqueue(said);
                    if (_said.Count > LinesKept)
                    {
                        _said.Dequeue();
                    }
                }
            }
        }

        await output;
        await _process.WaitForExitAsync();
        return SshWords.Explain(_options, _process.ExitCode == NotFound ? null : Said);
    }
}
