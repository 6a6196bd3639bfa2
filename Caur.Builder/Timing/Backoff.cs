namespace Caur.Builder.Timing;

/// <summary>Waits between tries: doubling from <see cref="First"/> to the most, each shortened by up to a half at random, so
/// that many builders which lost the same hub do not come back in step.</summary>
internal sealed class Backoff(TimeProvider time, TimeSpan? most = null)
{
    public static readonly TimeSpan First = TimeSpan.FromMilliseconds(200);
    public static readonly TimeSpan Most = TimeSpan.FromSeconds(10);

    private readonly TimeSpan _most = most ?? Most;

    /// <summary>How many waits there were since the last <see cref="Reset"/>.</summary>
    public int Tries { get; private set; }

    public void Reset() => Tries = 0;

    public Task WaitAsync(CancellationToken cancellationToken)
    {
        var full = First * Math.Pow(2, Math.Min(Tries, 16));
        Tries++;
        return Task.Delay(Jitter(full < _most ? full : _most), time, cancellationToken);
    }

    /// <summary>Between a half and the whole of <paramref name="whole"/>.</summary>
    public static TimeSpan Jitter(TimeSpan whole) => whole * (0.5 + (Random.Shared.NextDouble() / 2));
}
