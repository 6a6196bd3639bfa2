using System.Text.Json.Serialization;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Orleans;
using Orleans.Concurrency;

namespace Caur.Contracts.Logs;

/// <summary>The sole appender of one build's log; its key is the <see cref="BuildId"/>. The bytes are in a file, not in grain state.</summary>
[Alias("caur.IBuildLogGrain")]
public interface IBuildLogGrain : IGrainWithStringKey
{
    /// <summary>From now on only this attempt's output is taken. Repeating it changes nothing.</summary>
    [Alias("Begin")]
    Task BeginAsync(BuildAttempt attempt);

    /// <summary>Appends output of the current attempt.</summary>
    [Alias("Append")]
    Task<LogAppended> AppendAsync(LogPiece piece);

    /// <summary>Ends the current attempt's output with a line of the farm's own, and the log with it if that is said.</summary>
    /// <param name="attempt">The attempt that ended; 0 before any began. An older one than the current is ignored.</param>
    /// <param name="line">Without line end.</param>
    /// <param name="final">Nothing comes after it.</param>
    [Alias("End")]
    Task EndAsync(int attempt, string line, bool final);

    /// <summary>Keeps what namcap says of the attempt's result beside the log. Not of an attempt that is not the current one.</summary>
    /// <param name="attempt">Whose result.</param>
    /// <param name="text">UTF-8, at most 1 MiB.</param>
    [Alias("AttachNamcap")]
    Task AttachNamcapAsync(BuildAttempt attempt, ReadOnlyMemory<byte> text);

    /// <summary>Makes sure that there is a log to follow, also of a build that still waits.</summary>
    [Alias("Open")]
    Task<LogPosition> OpenAsync();

    /// <summary>Tells a gateway's follower of news from now on; to be repeated every minute.</summary>
    /// <returns>How long the log is now, and whether it is finished.</returns>
    [Alias("Follow")]
    Task<LogPosition> FollowAsync(IBuildLogFollower follower);

    /// <summary>No more news for this follower.</summary>
    [Alias("Unfollow")]
    Task UnfollowAsync(IBuildLogFollower follower);
}

/// <summary>What a gateway is told of a log's growth.</summary>
[Alias("caur.IBuildLogFollower")]
public interface IBuildLogFollower : IGrainObserver
{
    /// <summary>The log is longer, or finished.</summary>
    [Alias("Grown")]
    [OneWay]
    Task GrownAsync(BuildId build, LogPosition position);
}

/// <summary>A piece of an attempt's output.</summary>
[GenerateSerializer, Alias("caur.LogPiece"), Immutable]
public sealed record LogPiece
{
    /// <summary>Whose output.</summary>
    [Id(0)]
    public required BuildAttempt Attempt { get; init; }

    /// <summary>Where it stands in the attempt's output.</summary>
    [Id(1)]
    public required long Offset { get; init; }

    /// <summary>At most 64 KiB.</summary>
    [Id(2)]
    public required ReadOnlyMemory<byte> Bytes { get; init; }
}

/// <summary>How far a log is.</summary>
/// <param name="Length">Bytes in the file.</param>
/// <param name="Finished">Nothing comes after them.</param>
[GenerateSerializer, Alias("caur.LogPosition"), Immutable]
public readonly record struct LogPosition([property: Id(0)] long Length, [property: Id(1)] bool Finished);

/// <summary>The answer to a piece.</summary>
/// <param name="Verdict">What became of it.</param>
/// <param name="NextOffset">The offset in the attempt's output that is wanted next.</param>
[GenerateSerializer, Alias("caur.LogAppended"), Immutable]
public sealed record LogAppended([property: Id(0)] LogVerdict Verdict, [property: Id(1)] long NextOffset);

/// <summary>What became of a piece of output.</summary>
[GenerateSerializer, Alias("caur.LogVerdict")]
[JsonConverter(typeof(JsonStringEnumConverter<LogVerdict>))]
public enum LogVerdict
{
    /// <summary>In the log, all or what of it was new.</summary>
    Appended,

    /// <summary>Something before it is missing.</summary>
    Gap,

    /// <summary>Not the current attempt.</summary>
    Stale,
}
