namespace Caur.Tests.Link;

/// <summary>The real time, and then some: what is decided by the clock comes at once, timers go on as they do.</summary>
internal sealed class ShiftedTime : TimeProvider
{
    private long _ahead;

    public void Forward(TimeSpan by) => Interlocked.Add(ref _ahead, by.Ticks);

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + TimeSpan.FromTicks(Interlocked.Read(ref _ahead));
}
