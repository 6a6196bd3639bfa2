namespace Caur.Storage.Logs;

/// <summary>How logs are written.</summary>
public sealed record BuildLogOptions
{
    /// <summary>Sync a log whenever this many bytes were added, 1 or more; null: only when it is finished. Default: null.</summary>
    /// <remarks>A kill -9 of this process loses nothing either way. A power cut may lose what was not synced, and the agent sends again
    /// from the file's length.</remarks>
    public long? SyncEveryBytes { get; init; }
}
