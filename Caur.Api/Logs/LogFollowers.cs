using System.Diagnostics.Metrics;

namespace Caur.Api.Logs;

/// <summary>Counts the connections that read a log now.</summary>
public sealed class LogFollowers
{
    private int _count;

    /// <summary>Begins to count.</summary>
    public LogFollowers(IMeterFactory meters)
    {
        ArgumentNullException.ThrowIfNull(meters);
        meters.Create("Caur.Gateway").CreateObservableGauge("caur.logs.followers", () => Count, "{connection}", "Connections that read a build log");
    }

    /// <summary>How many there are.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>One more, until what is returned is disposed of.</summary>
    internal IDisposable Enter()
    {
        Interlocked.Increment(ref _count);
        return new Reader(this);
    }

    private sealed class Reader(LogFollowers followers) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref followers._count);
    }
}
