namespace Caur.Embedded.Storage;

/// <summary>How SQLite treats the file. The defaults are what a farm runs with; tests change them to see what then breaks.</summary>
internal sealed record SqliteSettings
{
    /// <summary>
    /// PRAGMA synchronous. FULL syncs the log at every commit; with NORMAL, a commit that was answered could be lost with the power.
    /// </summary>
    public string Synchronous { get; init; } = "FULL";

    /// <summary>PRAGMA wal_autocheckpoint: from so many pages on the log is written back to the file.</summary>
    public int CheckpointPages { get; init; } = 4000;
}
