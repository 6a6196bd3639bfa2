using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Caur.Silo.Ssh;

/// <summary>One <c>ssh -N -L</c>: a socket in a folder of its own that only this user can reach, through which connections come out at
/// the SSH server's side. It ends when it is disposed of, and when this process dies, however it dies.</summary>
internal sealed class SshTunnel : IAsyncDisposable
{
    private const int LinesKept = 20;

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(3);

    /// <summary>How long a socket that is there already may refuse: ssh listens a moment after it has made it.</summary>
    private const int ConnectTries = 10;

    private readonly SshTunnelOptions _options;
    private readonly TimeProvider _time;
    private readonly SshFolder _folder;
    private readonly Process _process;
    private readonly Queue<string> _said = new();
    private readonly Lock _lock = new();
    private bool _disposed;

    private SshTunnel(SshTunnelOptions options, TimeProvider time, SshFolder folder, Process process)
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
    public string Folder => _folder.Path;

    /// <summary>ssh's.</summary>
    public int ProcessId { get; }

    /// <summary>Opens one and returns when connections can be made.</summary>
    /// <exception cref="SshTunnelException">There is no ssh, or it cannot open it.</exception>
    public static async Task<SshTunnel> OpenAsync(SshTunnelOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var folder = SshFolder.Create();
        SshTunnel tunnel;
        try
        {
            tunnel = new SshTunnel(options, time, folder, Start(options, folder.Socket));
        }
        catch
        {
            folder.Dispose();
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
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(_folder.Socket), cancellationToken);
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
        _folder.Dispose();
    }

    private static Process Start(SshTunnelOptions options, string socket)
    {
        var host = options.TargetHost.Contains(':', StringComparison.Ordinal) && !options.TargetHost.StartsWith('[')
            ? $"[{options.TargetHost}]"
            : options.TargetHost;
        return SshCommand.Start(
        [
            "ssh", "-N", "-T", "-L", string.Create(CultureInfo.InvariantCulture, $"{socket}:{host}:{options.TargetPort}"),
            "-p", options.Port.ToString(CultureInfo.InvariantCulture), "-l", options.User,
            "-o", "ExitOnForwardFailure=yes",
            "-o", "StreamLocalBindMask=0177",

            // Well within the lease of a builder whose link goes through it.
            .. SshCommand.Options(options.KeyFile, options.KnownHosts, aliveSeconds: 3, aliveCount: 2),
            "--", options.Host,
        ]);
    }

    private async Task WaitUntilOpenAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(_options.OpenLimit, _time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        while (!File.Exists(_folder.Socket))
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
        return SshWords.Explain(_options, _process.ExitCode == SshCommand.NotFound ? null : Said);
    }
}
