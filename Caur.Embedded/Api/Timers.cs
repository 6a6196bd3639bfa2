using System.Diagnostics.CodeAnalysis;

namespace Orleans.Runtime;

/// <summary>A timer of an activation. Disposing it stops it; it ends with its activation.</summary>
public interface IGrainTimer : IDisposable
{
    /// <summary>Sets when the next tick comes and the time from the end of one tick to the next.</summary>
    void Change(TimeSpan dueTime, TimeSpan period);
}

/// <summary>How a timer ticks. <see cref="Timeout.InfiniteTimeSpan"/> for the due time does not start it, for the period ticks once.</summary>
public readonly struct GrainTimerCreationOptions
{
    /// <summary>The two times.</summary>
    [SetsRequiredMembers]
    public GrainTimerCreationOptions(TimeSpan dueTime, TimeSpan period)
    {
        DueTime = dueTime;
        Period = period;
    }

    /// <summary>From now to the first tick.</summary>
    public required TimeSpan DueTime { get; init; }

    /// <summary>From the end of one tick to the next.</summary>
    public required TimeSpan Period { get; init; }

    /// <summary>Whether ticks interleave with calls. Default: false.</summary>
    public bool Interleave { get; init; }

    /// <summary>Whether a tick counts as activity, which puts off idle collection. Default: false.</summary>
    public bool KeepAlive { get; init; }
}
