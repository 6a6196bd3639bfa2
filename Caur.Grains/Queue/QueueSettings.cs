namespace Caur.Grains.Queue;

/// <summary>What people decided about a queue as a whole.</summary>
internal sealed record QueueSettings
{
    /// <summary>No build is handed out.</summary>
    public bool Paused { get; init; }
}
