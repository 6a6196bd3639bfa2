using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Caur.Contracts.Ids;
using Orleans;

namespace Caur.Contracts.Builds;

/// <summary>One numbered attempt at a build by one builder. Every call about it carries all three.</summary>
[GenerateSerializer, Alias("caur.BuildAttempt"), Immutable]
public readonly record struct BuildAttempt(
    [property: Id(0)] BuildId Build, [property: Id(1)] int Number, [property: Id(2)] BuilderId Builder)
{
    /// <summary>Build and number, for people.</summary>
    public override string ToString() => $"{Build}#{Number}";
}

/// <summary>One archive in the landing zone.</summary>
[GenerateSerializer, Alias("caur.LandedArchive"), Immutable]
public sealed record LandedArchive
{
    /// <summary>The file's name without a folder.</summary>
    [Id(0)]
    public required string FileName { get; init; }

    /// <summary>Bytes.</summary>
    [Id(1)]
    public required long Size { get; init; }

    /// <summary>64 lower-case hexadecimal digits.</summary>
    [Id(2)]
    public required string Sha256 { get; init; }
}

/// <summary>How an attempt ended, as its builder reports it.</summary>
[GenerateSerializer, Alias("caur.AttemptReport"), Immutable]
public sealed record AttemptReport
{
    /// <summary>Which attempt.</summary>
    [Id(0)]
    public required BuildAttempt Attempt { get; init; }

    /// <summary>How it ended.</summary>
    [Id(1)]
    public required AttemptEnd End { get; init; }

    /// <summary>One line for people; may be empty.</summary>
    [Id(2)]
    public string Message { get; init; } = "";

    /// <summary>The container's exit code, if one ended.</summary>
    [Id(3)]
    public int? ExitCode { get; init; }

    /// <summary>What is in the landing zone.</summary>
    [Id(4)]
    public ImmutableArray<LandedArchive> Archives { get; init; } = [];

    /// <summary>The image the container was made of.</summary>
    [Id(5)]
    public string? ImageDigest { get; init; }

    /// <summary>When the container started, if one did.</summary>
    [Id(6)]
    public DateTimeOffset? Started { get; init; }

    /// <summary>When it ended, by the builder's clock.</summary>
    [Id(7)]
    public DateTimeOffset Finished { get; init; }
}

/// <summary>How an attempt ended.</summary>
[GenerateSerializer, Alias("caur.AttemptEnd")]
[JsonConverter(typeof(JsonStringEnumConverter<AttemptEnd>))]
public enum AttemptEnd
{
    /// <summary>Archives are in the landing zone.</summary>
    Built,

    /// <summary>The version is in the target repository already.</summary>
    AlreadyBuilt,

    /// <summary>The package's own files decided against a build.</summary>
    Skipped,

    /// <summary>The package does not build.</summary>
    Failed,

    /// <summary>The wall time ran out.</summary>
    TimedOut,

    /// <summary>Nothing was said for too long.</summary>
    Stalled,

    /// <summary>The memory limit was met.</summary>
    OutOfMemory,

    /// <summary>Ended on request.</summary>
    Cancelled,

    /// <summary>Builder, engine, image or network failed.</summary>
    SystemError,

    /// <summary>The agent gave it back because it ends.</summary>
    HandedBack,

    /// <summary>The builder is gone, or was started anew without it.</summary>
    BuilderLost,
}
