namespace Caur.Pipelines.Polite;

/// <summary>
/// Keeps one run polite: per host, a bound on what is under way at the same time, a pause between starts, and time to recover for a host that
/// failed or asked for it. One instance for all that a run asks, whatever the protocol.
/// </summary>
internal sealed class HostPacer(PoliteOptions options, TimeProvider time) : IDisposable
{
    private readonly Dictionary<string, Host> _hosts = new(StringComparer.OrdinalIgnoreCase);
    private readonly Lock _gate = new();

    /// <summary>Longer than any run; a host may ask for years.</summary>
    private static readonly TimeSpan Eternity = TimeSpan.FromDays(1);

    /// <summary>Waits until the host may be asked. Dispose of the turn when the host has answered.</summary>
    /// <returns>Refused when the host wants to be left alone for longer than is waited, or has failed too often.</returns>
    public async Task<Answer<IDisposable>> EnterAsync(string host, CancellationToken cancellationToken)
    {
        var entry = Find(host);
        await entry.Slots.WaitAsync(cancellationToken);
        try
        {
            while (true)
            {
                var (wait, refusal) = Reserve(host, entry);
                if (refusal is not null)
                {
                    entry.Slots.Release();
                    return Answer<IDisposable>.Refused(refusal);
                }

                if (wait <= TimeSpan.Zero)
                {
                    return Answer<IDisposable>.Of(new Turn(entry));
                }

                await Task.Delay(wait, time, cancellationToken);
            }
        }
        catch
        {
            entry.Slots.Release();
            throw;
        }
    }

    /// <summary>The host failed, or asked to be left alone.</summary>
    /// <param name="host">The host.</param>
    /// <param name="asked">For how long it asked; null when it only failed.</param>
    public void Failed(string host, TimeSpan? asked = null)
    {
        lock (_gate)
        {
            var entry = FindLocked(host);
            var now = time.GetTimestamp();
            var resting = entry.RestsUntil > now;
            if (asked is { } wanted && wanted > TimeSpan.Zero)
            {
                entry.RestsUntil = Math.Max(entry.RestsUntil, now + Ticks(wanted < Eternity ? wanted : Eternity));
            }
            else if (!resting)
            {
                var doubled = options.BackOff * Math.Pow(2, Math.Min(entry.Failures, 10));
                entry.RestsUntil = now + Ticks(doubled < options.LongestWait ? doubled : options.LongestWait);
            }

            // Requests that were under way at the same time fail of one cause, which counts once.
            entry.Failures += resting ? 0 : 1;
        }
    }

    /// <summary>The host answered as it should.</summary>
    public void Succeeded(string host)
    {
        lock (_gate)
        {
            FindLocked(host).Failures = 0;
        }
    }

    public void Dispose()
    {
        foreach (var host in _hosts.Values)
        {
            host.Slots.Dispose();
        }
    }

    /// <summary>Takes the next start, or says how long until it is worth asking again.</summary>
    private (TimeSpan Wait, string? Refusal) Reserve(string host, Host entry)
    {
        lock (_gate)
        {
            var now = time.GetTimestamp();
            if (entry.Failures >= options.GiveUpAfter)
            {
                return (default, $"{host} failed {PoliteClient.Times(entry.Failures)} in a row and is not asked again in this run");
            }

            if (entry.RestsUntil > now)
            {
                var rest = time.GetElapsedTime(now, entry.RestsUntil);
                return (rest, rest <= options.LongestWait ? null : $"{host} asked to be left alone for longer than this run waits");
            }

            if (entry.NextStart > now)
            {
                return (time.GetElapsedTime(now, entry.NextStart), null);
            }

            entry.NextStart = now + Ticks(options.HostDelay);
            return (TimeSpan.Zero, null);
        }
    }

    private long Ticks(TimeSpan span) => (long)(span.TotalSeconds * time.TimestampFrequency);

    private Host Find(string host)
    {
        lock (_gate)
        {
            return FindLocked(host);
        }
    }

    private Host FindLocked(string host)
    {
        if (!_hosts.TryGetValue(host, out var entry))
        {
            _hosts[host] = entry = new Host(options.PerHost);
        }

        return entry;
    }

    private sealed class Host(int slots)
    {
        public SemaphoreSlim Slots { get; } = new(slots, slots);

        public long NextStart { get; set; } = long.MinValue;

        public long RestsUntil { get; set; } = long.MinValue;

        public int Failures { get; set; }
    }

    private sealed class Turn(Host host) : IDisposable
    {
        private int _over;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _over, 1) == 0)
            {
                host.Slots.Release();
            }
        }
    }
}
