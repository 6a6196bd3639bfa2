using System.Collections.Immutable;
using Caur.Contracts.Ids;
using Orleans;

namespace Caur.Contracts.Builds;

/// <summary>A build as people see it.</summary>
[GenerateSerializer, Alias("caur.BuildView"), Immutable]
public sealed record BuildView
{
    /// <summary>Which build.</summary>
    [Id(0)]
    public required BuildId Build { get; init; }

    /// <summary>What was asked for.</summary>
    [Id(1)]
    public required BuildRequest Request { get; init; }

    /// <summary>Where it is.</summary>
    [Id(2)]
    public required BuildState State { get; init; }

    /// <summary>One line: why it is in this state.</summary>
    [Id(3)]
    public string Reason { get; init; } = "";

    /// <summary>Its attempts, the first first.</summary>
    [Id(4)]
    public ImmutableArray<AttemptView> Attempts { get; init; } = [];

    /// <summary>What came out: file names with hashes.</summary>
    [Id(5)]
    public ImmutableArray<LandedArchive> Archives { get; init; } = [];

    /// <summary>The generation of the target repository that has it, once published.</summary>
    [Id(6)]
    public long? Generation { get; init; }

    /// <summary>When it reached its final state.</summary>
    [Id(7)]
    public DateTimeOffset? Finished { get; init; }
}

/// <summary>One attempt as people see it.</summary>
[GenerateSerializer, Alias("caur.AttemptView"), Immutable]
public sealed record AttemptView
{
    /// <summary>From 1.</summary>
    [Id(0)]
    public required int Number { get; init; }

    /// <summary>Who runs or ran it.</summary>
    [Id(1)]
    public required BuilderId Builder { get; init; }

    /// <summary>When the builder accepted it.</summary>
    [Id(2)]
    public required DateTimeOffset Accepted { get; init; }

    /// <summary>How it ended; null while it runs.</summary>
    [Id(3)]
    public AttemptEnd? End { get; init; }

    /// <summary>One line for people.</summary>
    [Id(4)]
    public string Message { get; init; } = "";

    /// <summary>When it ended.</summary>
    [Id(5)]
    public DateTimeOffset? Ended { get; init; }

    /// <summary>The image it ran in.</summary>
    [Id(6)]
    public string? ImageDigest { get; init; }

    /// <summary>The container's exit code, if one ended.</summary>
    [Id(7)]
    public int? ExitCode { get; init; }
}
