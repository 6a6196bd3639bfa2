namespace Caur.Api.Events;

/// <summary>How server-sent events are sent.</summary>
public sealed class EventStreamOptions
{
    /// <summary>How often a quiet stream says that it is there. Default: 15 s.</summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a client may take for what was sent before it is cut off. Default: 10 s.</summary>
    public TimeSpan SlowestWrite { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How many clients follow the events, or the hub's log, at most. Default: 1000.</summary>
    public int MostStreams { get; set; } = 1000;

    /// <summary>So many of the farm's events a gateway keeps. Default: 16,384.</summary>
    public int Kept { get; set; } = 16_384;
}
