namespace Caur.Grains.Builders;

/// <summary>Time as leases count it: what this process lived through. A wall clock that is set changes nothing, and while the process
/// stood still (stopped, suspended, starved) nobody could renew, so that counts for next to nothing: a lease that was good before is good
/// after it. It has to be read more often than <see cref="LongestStep"/> for time to pass at its full speed.</summary>
internal sealed class LivedTime(TimeProvider clock)
{
    /// <summary>What passes at most between two readings; leases are looked at every second.</summary>
    public static readonly TimeSpan LongestStep = TimeSpan.FromSeconds(3);

    private long _read = clock.GetTimestamp();
    private TimeSpan _lived;

    /// <summary>How long this was lived, up to now.</summary>
    public TimeSpan Now
    {
        get
        {
            var read = clock.GetTimestamp();
            var passed = clock.GetElapsedTime(_read, read);
            _read = read;
            _lived += passed < LongestStep ? passed : LongestStep;
            return _lived;
        }
    }
}
