namespace Caur.Grains.Queue;

/// <summary>The wall clock, and by how much it was set. What waits until a moment of it waits until another one then: for as long as was
/// meant.</summary>
internal sealed class SetClock(TimeProvider clock)
{
    /// <summary>A difference of less than this between two readings is drift.</summary>
    public static readonly TimeSpan LeastStep = TimeSpan.FromSeconds(1);

    /// <summary>Two readings further apart than this are not of one moment.</summary>
    private static readonly TimeSpan MostApart = TimeSpan.FromMilliseconds(100);

    private DateTimeOffset _wall = clock.GetUtcNow();
    private long _read = clock.GetTimestamp();

    /// <summary>Reads the clock.</summary>
    /// <returns>The time, and by how much the clock was set since the last reading; zero when it was not.</returns>
    public (DateTimeOffset Now, TimeSpan Step) Read()
    {
        var read = clock.GetTimestamp();
        var wall = clock.GetUtcNow();
        if (clock.GetElapsedTime(read) > MostApart)
        {
            // This thread stood still in between: the next reading tells.
            return (wall, TimeSpan.Zero);
        }

        var step = wall - _wall - clock.GetElapsedTime(_read, read);
        (_wall, _read) = (wall, read);
        return (wall, step.Duration() < LeastStep ? TimeSpan.Zero : step);
    }
}
