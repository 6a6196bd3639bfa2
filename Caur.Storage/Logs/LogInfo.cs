namespace Caur.Storage.Logs;

/// <summary>A log that exists.</summary>
/// <param name="Key">Whose it is.</param>
/// <param name="Length">Bytes when it was looked at.</param>
/// <param name="Finished">True when nothing will be added.</param>
/// <param name="LastWrite">When the last byte was added.</param>
public sealed record LogInfo(LogKey Key, long Length, bool Finished, DateTimeOffset LastWrite);

/// <summary>The answer to an append.</summary>
/// <param name="Status">What became of the bytes.</param>
/// <param name="Length">The log's length now: the offset that is wanted next.</param>
public readonly record struct LogAppendResult(LogAppendStatus Status, long Length);

/// <summary>What became of appended bytes.</summary>
public enum LogAppendStatus
{
    /// <summary>They are in the file: all, or what of them was new.</summary>
    Appended,

    /// <summary>All of them were there already; nothing was written.</summary>
    AlreadyThere,

    /// <summary>They begin behind the end of the file; nothing was written.</summary>
    Gap,

    /// <summary>The log is finished; nothing was written.</summary>
    Finished,

    /// <summary>A newer writer was opened for this log; this one can write no more.</summary>
    Superseded,
}

/// <summary>How long finished logs are kept. A log that is not finished is kept, and so is the newest finished one of each package (pkgbase,
/// target repository and architecture), however old it is.</summary>
public sealed record LogRetention
{
    /// <summary>How long after its last byte a log is kept. Default: 90 days.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromDays(90);

    /// <summary>How many finished logs of one pkgbase are kept, the newest first; 1 or more. Default: 50.</summary>
    public int MaxPerPkgbase { get; init; } = 50;
}
