namespace Caur.Silo.Ssh;

/// <summary>Connections through a tunnel that is opened with the first of them and again when it broke. Give <see cref="ConnectAsync"/> to
/// whatever makes connections; address, host header and TLS stay those of the target.</summary>
internal sealed class SshRoute(SshTunnelOptions options, TimeProvider time) : IAsyncDisposable
{
    private static readonly TimeSpan WordsLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);

    private readonly SemaphoreSlim _gate = new(1, 1);
    private volatile SshTunnel? _tunnel;
    private volatile object? _dead;

    /// <summary>Where it goes.</summary>
    public SshTunnelOptions Options { get; } = options;

    /// <summary>Why connections that were taken did not come out at the other end, as far as ssh says; null when they did.</summary>
    public string? TargetProblem => _tunnel is { } tunnel ? SshWords.TargetProblem(Options, tunnel.Said) : null;

    /// <summary>The same, of a connection that broke just now: ssh says why before it closes one, and its words may come behind that.</summary>
    public async Task<string?> FindTargetProblemAsync()
    {
        var started = time.GetTimestamp();
        while (TargetProblem is null && _tunnel is not null && time.GetElapsedTime(started) < WordsLimit)
        {
            await Task.Delay(LookEvery, time, CancellationToken.None);
        }

        return TargetProblem;
    }

    /// <summary>Nothing comes through it any more, though ssh may not have noticed: the next connection goes through another tunnel, and
    /// what goes through this one breaks.</summary>
    public void GiveUp() => _dead = _tunnel;

    /// <summary>Makes one connection to the target.</summary>
    /// <exception cref="SshTunnelException">The tunnel cannot be opened.</exception>
    public async ValueTask<Stream> ConnectAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            if (_tunnel is { Ended.IsCompleted: false } open && open != _dead)
            {
                try
                {
                    return await open.ConnectAsync(cancellationToken);
                }
                catch (SshTunnelException) when (open.Ended.IsCompleted)
                {
                    // It broke just now: another one.
                }
            }

            if (_tunnel is { } broken)
            {
                _tunnel = null;
                await broken.DisposeAsync();
            }

            _tunnel = await SshTunnel.OpenAsync(Options, time, cancellationToken);
            return await _tunnel.ConnectAsync(cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _gate.WaitAsync();
        try
        {
            if (_tunnel is { } tunnel)
            {
                _tunnel = null;
                await tunnel.DisposeAsync();
            }
        }
        finally
        {
            _gate.Release();
        }
    }
}
