namespace Caur.Protocol.Builders;

/// <summary>A piece of an attempt's output.</summary>
public sealed record LogChunk
{
    /// <summary>The most bytes one chunk may carry.</summary>
    public const int MaxBytes = 64 * 1024;

    /// <summary>Whose output it is.</summary>
    public required AttemptRef Attempt { get; init; }

    /// <summary>Counts the attempt's chunks from 0.</summary>
    public required long Sequence { get; init; }

    /// <summary>Where the first byte stands in the attempt's output (not in the log file, which other lines share).</summary>
    public required long Offset { get; init; }

    /// <summary>The bytes as the container wrote them, at most <see cref="MaxBytes"/>.</summary>
    public required ReadOnlyMemory<byte> Bytes { get; init; }
}

/// <summary>The answer to a chunk.</summary>
/// <param name="Status">What became of it.</param>
/// <param name="NextOffset">The offset that is wanted next. After <see cref="LogStatus.Gap"/> the agent sends again from there.</param>
public sealed record LogReply(LogStatus Status, long NextOffset);

/// <summary>What became of a chunk.</summary>
public enum LogStatus
{
    /// <summary>It is in the log, all or what of it was new.</summary>
    Appended,

    /// <summary>Something before it is missing; nothing was written.</summary>
    Gap,

    /// <summary>The attempt is not the current one; the agent stops sending.</summary>
    Stale,
}
