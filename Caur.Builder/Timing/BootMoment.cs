namespace Caur.Builder.Timing;

/// <summary>A moment that other processes of this machine understand until it is started anew, however its clock is set meanwhile.</summary>
/// <param name="Boot">Names the machine's start (<c>/proc/sys/kernel/random/boot_id</c>, random(4)).</param>
/// <param name="Ticks">The time since then in ticks of 100 ns, of CLOCK_MONOTONIC: sleep does not count.</param>
internal sealed record BootMoment(string Boot, long Ticks)
{
    private const string BootFile = "/proc/sys/kernel/random/boot_id";

    /// <summary>Now.</summary>
    /// <exception cref="IOException">The machine does not tell which start this is.</exception>
    public static BootMoment Now(TimeProvider time) =>
        new(File.ReadAllText(BootFile).Trim(), time.GetElapsedTime(0, time.GetTimestamp()).Ticks);

    /// <summary>How long ago it was; null when the machine was started anew since.</summary>
    public TimeSpan? Since(TimeProvider time)
    {
        var now = Now(time);
        return now.Boot == Boot && now.Ticks >= Ticks ? TimeSpan.FromTicks(now.Ticks - Ticks) : null;
    }
}
