namespace Caur.Protocol.Builders;

/// <summary>How an attempt ended on the builder.</summary>
public enum AttemptOutcome
{
    /// <summary>Archives were made and uploaded.</summary>
    Built,

    /// <summary>The version is in the target repository already (exit code 13).</summary>
    AlreadyBuilt,

    /// <summary>The package's own files decided against a build (<c>CI_CODE_SKIP</c>, 123).</summary>
    Skipped,

    /// <summary>The package does not build.</summary>
    Failed,

    /// <summary>The wall time ran out (124).</summary>
    TimedOut,

    /// <summary>The container said nothing for too long.</summary>
    Stalled,

    /// <summary>The kernel ended a process of the build for want of memory.</summary>
    OutOfMemory,

    /// <summary>Ended because the control plane asked for it.</summary>
    Cancelled,

    /// <summary>Builder, engine, image or network failed; the package did nothing wrong.</summary>
    SystemError,

    /// <summary>Given back untried or unfinished, because the agent ends.</summary>
    HandedBack,
}

/// <summary>One finished package archive.</summary>
/// <param name="FileName">The file's name without a folder.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">64 lower-case hexadecimal digits.</param>
public sealed record ArchiveInfo(string FileName, long Size, string Sha256);

/// <summary>The final word of an agent on an attempt. It may be sent again until it is answered.</summary>
public sealed record AttemptResult
{
    /// <summary>Which attempt ended.</summary>
    public required AttemptRef Attempt { get; init; }

    /// <summary>How it ended.</summary>
    public required AttemptOutcome Outcome { get; init; }

    /// <summary>One line for people: why it ended so. Empty when the outcome says it all.</summary>
    public string Message { get; init; } = "";

    /// <summary>The container's exit code; null when none ran to its end.</summary>
    public int? ExitCode { get; init; }

    /// <summary>What was uploaded; only with <see cref="AttemptOutcome.Built"/>.</summary>
    public IReadOnlyList<ArchiveInfo> Archives { get; init; } = [];

    /// <summary>What namcap says of the PKGBUILD and the packages, at most 262,144 characters; null where the image has no namcap.</summary>
    public string? Namcap { get; init; }

    /// <summary>The digest or id of the image that the container was made of.</summary>
    public string? ImageDigest { get; init; }

    /// <summary>When the container started, if one did.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>When the attempt ended.</summary>
    public DateTimeOffset Finished { get; init; }
}
