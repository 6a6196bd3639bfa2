namespace Caur.Api.Health;

/// <summary>What the probes answer from memory: no probe does I/O or calls a grain.</summary>
public sealed class FarmHealth
{
    private volatile bool _started;
    private volatile bool _stopping;

    /// <summary>Everything is up.</summary>
    public bool IsStarted => _started;

    /// <summary>Requests are welcome.</summary>
    public bool IsReady => _started && !_stopping;

    /// <summary>The farm took in its state and serves.</summary>
    public void Started() => _started = true;

    /// <summary>The farm ends.</summary>
    public void Stopping() => _stopping = true;
}
