namespace Caur.Api.Health;

/// <summary>What the probes answer from memory: no probe does I/O or calls a grain.</summary>
public sealed class FarmHealth
{
    private volatile bool _started;
    private volatile bool _stopping;
    private volatile string _degraded = "";

    /// <summary>Everything is up.</summary>
    public bool IsStarted => _started;

    /// <summary>Requests are welcome.</summary>
    public bool IsReady => _started && !_stopping;

    /// <summary>What the farm cannot do for now, for people; empty when it can do everything. It is ready all the same.</summary>
    public string Degraded
    {
        get => _degraded;
        set => _degraded = value;
    }

    /// <summary>The farm took in its state and serves.</summary>
    public void Started() => _started = true;

    /// <summary>The farm ends.</summary>
    public void Stopping() => _stopping = true;
}
