using Caur.Api.Builds;
using Caur.Contracts.Ids;

namespace Caur.Api.Packages;

/// <summary>One of <c>GET /api/v1/packages</c>.</summary>
public sealed record PackageSummary
{
    /// <summary>The source repository; null when it is not known from a build.</summary>
    public string? Source { get; init; }

    /// <summary>The package folder.</summary>
    public required string Pkgbase { get; init; }

    /// <summary>What is published of it.</summary>
    public IReadOnlyList<PublishedVersion> Published { get; init; } = [];

    /// <summary>Its newest build; null when none is known.</summary>
    public BuildSummary? Latest { get; init; }
}

/// <summary>A package file in a repository.</summary>
/// <param name="Target">Which repository.</param>
/// <param name="Pkgname">The package.</param>
/// <param name="Version">Its version.</param>
/// <param name="FileName">Its file.</param>
public sealed record PublishedVersion(TargetId Target, string Pkgname, string Version, string FileName);

/// <summary><c>GET /api/v1/packages/{source}/{pkgbase}</c>.</summary>
public sealed record PackageReply
{
    /// <summary>The source repository.</summary>
    public required string Source { get; init; }

    /// <summary>The package folder.</summary>
    public required string Pkgbase { get; init; }

    /// <summary>What is published of it.</summary>
    public IReadOnlyList<PublishedVersion> Published { get; init; } = [];

    /// <summary>Its builds in the queues or with builders, the newest first.</summary>
    public IReadOnlyList<BuildSummary> Queued { get; init; } = [];

    /// <summary>What became of the newest 20 builds and why, also of those that no builder had, the newest first.</summary>
    public IReadOnlyList<BuildSummary> Decisions { get; init; } = [];

    /// <summary>The newest 20 builds that a builder had, the newest first.</summary>
    public IReadOnlyList<PackageAttempt> History { get; init; } = [];

    /// <summary>How long the next build will probably take, for each architecture of the farm.</summary>
    public IReadOnlyList<PackageEstimate> Estimates { get; init; } = [];
}

/// <summary>A build that ended, with the attempt that ended it.</summary>
/// <param name="Build">Which build.</param>
/// <param name="State">Its final state.</param>
/// <param name="End">How its last attempt ended.</param>
/// <param name="Builder">Who ran that.</param>
/// <param name="Started">When that began.</param>
/// <param name="Seconds">How long it took.</param>
public sealed record PackageAttempt(
    BuildId Build, Contracts.Builds.BuildState State, Contracts.Builds.AttemptEnd End, BuilderId Builder, DateTimeOffset Started, double Seconds);

/// <summary>How long a build will probably take.</summary>
/// <param name="Arch">For which architecture.</param>
/// <param name="Seconds">How long.</param>
/// <param name="Known">False when nothing was built yet to tell by.</param>
public sealed record PackageEstimate(string Arch, double Seconds, bool Known);
