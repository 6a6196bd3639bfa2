using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Caur.Contracts.Ids;
using Caur.Contracts.Tracing;
using Orleans;

namespace Caur.Contracts.Builds;

/// <summary>Why a build is wanted; the order of urgency.</summary>
[GenerateSerializer, Alias("caur.BuildPriority")]
[JsonConverter(typeof(WordJsonConverter<BuildPriority>))]
public enum BuildPriority
{
    /// <summary>A person asked for it.</summary>
    Manual,

    /// <summary>A commit changed it.</summary>
    Commit,

    /// <summary>The schedule found something new.</summary>
    Schedule,

    /// <summary>One of very many.</summary>
    MassRebuild,
}

/// <summary>What is to be built: everything that was decided before the build was queued.</summary>
[GenerateSerializer, Alias("caur.BuildRequest"), Immutable]
public sealed record BuildRequest
{
    /// <summary>What a build is expected to take of which nothing is known: 5 minutes.</summary>
    public static readonly TimeSpan UnknownDuration = TimeSpan.FromMinutes(5);

    /// <summary>What, and for which target repository.</summary>
    [Id(0)]
    public required PackageKey Package { get; init; }

    /// <summary>The source repository's id in the farm's configuration.</summary>
    [Id(1)]
    public required string SourceRepository { get; init; }

    /// <summary>The commit to build, in hexadecimal digits.</summary>
    [Id(2)]
    public required string Commit { get; init; }

    /// <summary>Why it is wanted.</summary>
    [Id(3)]
    public BuildPriority Priority { get; init; } = BuildPriority.Manual;

    /// <summary>The builder class wanted: a number (that or higher), a builder's name, or null for 1.</summary>
    [Id(4)]
    public string? BuilderClass { get; init; }

    /// <summary>The pkgbases of the same target repository whose builds come first when they are queued too.</summary>
    [Id(5)]
    public ImmutableArray<string> DependsOn { get; init; } = [];

    /// <summary>The pkgnames that the package folder says it makes; what arrives must be among them, and all of them must arrive.
    /// Empty when it does not say: then any of the pkgbase may.</summary>
    [Id(6)]
    public ImmutableArray<string> Pkgnames { get; init; } = [];

    /// <summary>Keep downloaded sources between builds (<c>BUILDER_CACHE_SOURCES</c>).</summary>
    [Id(7)]
    public bool CacheSources { get; init; }

    /// <summary>Multiplies the time limit (<c>BUILDER_EXTRA_TIMEOUT</c>); 1 and more.</summary>
    [Id(8)]
    public double TimeoutFactor { get; init; } = 1;

    /// <summary>How long it will probably take, by the builds before it; orders builds that are equally urgent.</summary>
    [Id(9)]
    public TimeSpan EstimatedDuration { get; init; } = UnknownDuration;

    /// <summary>Whether what depends on this build is held when it fails; the source repository's setting.</summary>
    [Id(10)]
    public bool HoldDependants { get; init; } = true;

    /// <summary>The labels that the builder must have, all of them (<c>BUILDER_LABELS</c>).</summary>
    [Id(11)]
    public ImmutableArray<string> Labels { get; init; } = [];

    /// <summary>The memory that the builder must have for one build, in MiB (<c>BUILDER_MEMORY</c>); 0 for no wish.</summary>
    [Id(12)]
    public int MemoryMiB { get; init; }

    /// <summary>The disk that the builder must have free, in MiB (<c>BUILDER_DISK</c>); 0 for no wish.</summary>
    [Id(13)]
    public int DiskMiB { get; init; }

    /// <summary>The version whose pkgrel is raised while the PKGBUILD has it, and by what: <c>VERSION/COUNT</c>
    /// (<c>CI_PACKAGE_BUMP</c>); null for none.</summary>
    [Id(14)]
    public string? PackageBump { get; init; }

    /// <summary>Let the packages keep their <c>replaces</c> and <c>groups</c> (<c>BUILDER_ALLOW_PROHIBITED</c>).</summary>
    [Id(15)]
    public bool AllowProhibited { get; init; }

    /// <summary>The id of the pipeline that asked for it, as it was given; null when none did. Notifications name it.</summary>
    [Id(16)]
    public string? Pipeline { get; init; }

    /// <summary>The span that everything this build causes belongs below; null when nobody traces it.</summary>
    [Id(20)]
    public TraceContext? Trace { get; init; }
}
