using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Caur.Contracts.Packages;
using Orleans;

namespace Caur.Contracts.Sources;

/// <summary>A run that is wanted. Ordered again while one like it waits, it is that one.</summary>
[GenerateSerializer, Alias("caur.RunOrder"), Immutable]
public sealed record RunOrder
{
    /// <summary>Which pipeline: <c>on-commit</c>.</summary>
    [Id(0)]
    public required string Pipeline { get; init; }

    /// <summary>Only say what would be done.</summary>
    [Id(1)]
    public bool DryRun { get; init; }

    /// <summary>The trigger whose packages alone are scheduled (<c>CI_ON_TRIGGER</c>); null for an ordinary run. Only the on-schedule pipeline
    /// has triggers.</summary>
    [Id(2)]
    public string? Trigger { get; init; }

    /// <summary>The packages, for the pipelines that somebody starts for some: <c>schedule</c>, <c>add</c>, <c>drop</c> and <c>bump</c>. At most
    /// <see cref="MostPackages"/>.</summary>
    [Id(3)]
    public ImmutableArray<string> Packages { get; init; } = [];

    /// <summary>So many packages can be named at once.</summary>
    public const int MostPackages = 1000;
}

/// <summary>What became of an order.</summary>
[GenerateSerializer, Alias("caur.RunReply"), Immutable]
public sealed record RunReply
{
    /// <summary>Why there is no run; null when there is.</summary>
    [Id(0)]
    public string? Error { get; init; }

    /// <summary>The run.</summary>
    [Id(1)]
    public RunSummary? Run { get; init; }
}

/// <summary>Somebody who knows the secret says that a branch stands elsewhere.</summary>
[GenerateSerializer, Alias("caur.PushNews"), Immutable]
public sealed record PushNews
{
    /// <summary>The branch, without <c>refs/heads/</c>.</summary>
    [Id(0)]
    public required string Branch { get; init; }

    /// <summary>Where it stands now.</summary>
    [Id(1)]
    public required string Commit { get; init; }

    /// <summary>Its newest commit's message asks for no CI, as the farm's own commits do.</summary>
    [Id(2)]
    public bool SkipsCi { get; init; }
}

/// <summary>What a webhook came to. The names are labels of a metric.</summary>
[GenerateSerializer, Alias("caur.PushVerdict")]
[JsonConverter(typeof(JsonStringEnumConverter<PushVerdict>))]
public enum PushVerdict
{
    /// <summary>The repository is looked at.</summary>
    Taken,

    /// <summary>The commit is known: it was told before, or found by looking.</summary>
    Known,

    /// <summary>The push is the farm's own, or asks for no CI.</summary>
    Own,

    /// <summary>It is genuine, and tells of nothing that matters.</summary>
    Ignored,

    /// <summary>It is not taken: the secret is wrong or missing, or the body is none.</summary>
    Refused,
}

/// <summary>What a push came to.</summary>
/// <param name="Verdict">What.</param>
/// <param name="Reason">For the sender's log.</param>
[GenerateSerializer, Alias("caur.PushReply"), Immutable]
public sealed record PushReply([property: Id(0)] PushVerdict Verdict, [property: Id(1)] string Reason);

/// <summary>A source repository as the farm follows it.</summary>
[GenerateSerializer, Alias("caur.SourceView"), Immutable]
public sealed record SourceView
{
    /// <summary>Its id.</summary>
    [Id(0)]
    public required string Id { get; init; }

    /// <summary>Where git fetches it from, without name and password; null for a folder of the hub's machine.</summary>
    [Id(1)]
    public string? Url { get; init; }

    /// <summary>Whether the farm looks by itself whether there is something new.</summary>
    [Id(2)]
    public bool Following { get; init; }

    /// <summary>Whether a webhook may tell of pushes: there is a secret.</summary>
    [Id(3)]
    public bool Webhook { get; init; }

    /// <summary>The newest commit that runs were begun for; null before the first.</summary>
    [Id(4)]
    public string? Commit { get; init; }

    /// <summary>When it was last looked at, since the hub started; null when it was not.</summary>
    [Id(5)]
    public DateTimeOffset? CheckedAt { get; init; }

    /// <summary>Why it cannot be looked at; null when it can.</summary>
    [Id(6)]
    public string? Problem { get; init; }

    /// <summary>The run that is under way; null when none is.</summary>
    [Id(7)]
    public RunSummary? Running { get; init; }

    /// <summary>What is run after it.</summary>
    [Id(8)]
    public ImmutableArray<RunSummary> Waiting { get; init; } = [];

    /// <summary>The run that ended last; null when none is remembered.</summary>
    [Id(9)]
    public RunSummary? Last { get; init; }
}

/// <summary>What the farm knows of a package folder before anything of it is built: what is followed, what was decided, and why.</summary>
[GenerateSerializer, Alias("caur.PackageWhy"), Immutable]
public sealed record PackageWhy
{
    /// <summary>The source repository.</summary>
    [Id(0)]
    public required string Source { get; init; }

    /// <summary>The package folder.</summary>
    [Id(1)]
    public required string Pkgbase { get; init; }

    /// <summary>In sentences, what matters most first.</summary>
    [Id(2)]
    public ImmutableArray<string> Summary { get; init; } = [];

    /// <summary>The commit that the folder was read at; null when the repository was not read since the hub started.</summary>
    [Id(3)]
    public string? Commit { get; init; }

    /// <summary>What its folder says is followed; null when there is none at that commit.</summary>
    [Id(4)]
    public TrackedPackage? Tracked { get; init; }

    /// <summary>When a run last looked at the repository; null when none is remembered.</summary>
    [Id(5)]
    public DateTimeOffset? CheckedAt { get; init; }

    /// <summary>That run's number; null when none is remembered.</summary>
    [Id(6)]
    public long? CheckedBy { get; init; }

    /// <summary>The last decisions, the newest first.</summary>
    [Id(7)]
    public ImmutableArray<DecidedPackage> Decisions { get; init; } = [];
}

/// <summary>What a package folder says is followed.</summary>
[GenerateSerializer, Alias("caur.TrackedPackage"), Immutable]
public sealed record TrackedPackage
{
    /// <summary>The version in its .SRCINFO; null when that cannot be read.</summary>
    [Id(0)]
    public string? Version { get; init; }

    /// <summary>Why it cannot be built; null when it can.</summary>
    [Id(1)]
    public string? Problem { get; init; }

    /// <summary>Where its PKGBUILD comes from (<c>CI_PKGBUILD_SOURCE</c>); null when the folder says nothing.</summary>
    [Id(2)]
    public string? Upstream { get; init; }

    /// <summary>The upstream commit that was built last (<c>CI_GIT_COMMIT</c>); null when none is tracked.</summary>
    [Id(3)]
    public string? UpstreamCommit { get; init; }

    /// <summary>The triggers that it is looked at for (<c>CI_ON_TRIGGER</c>); null for every run.</summary>
    [Id(4)]
    public string? Triggers { get; init; }

    /// <summary>The packages whose new versions have it built again (<c>CI_REBUILD_TRIGGERS</c>); null for none.</summary>
    [Id(5)]
    public string? RebuildTriggers { get; init; }

    /// <summary>What the farm adds to its release (<c>CI_PACKAGE_BUMP</c>); null for nothing.</summary>
    [Id(6)]
    public string? Bump { get; init; }

    /// <summary>The builder class (<c>BUILDER_CLASS</c>); null for any.</summary>
    [Id(7)]
    public string? BuilderClass { get; init; }
}
