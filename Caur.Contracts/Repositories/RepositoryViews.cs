using System.Collections.Immutable;
using Orleans;

namespace Caur.Contracts.Repositories;

/// <summary>A generation that is kept.</summary>
[GenerateSerializer, Alias("caur.GenerationView"), Immutable]
public sealed record GenerationView
{
    /// <summary>Its number.</summary>
    [Id(0)]
    public required int Number { get; init; }

    /// <summary>When it was made.</summary>
    [Id(1)]
    public required DateTimeOffset Time { get; init; }

    /// <summary>The publication that made it; <c>remove-</c>, <c>keep-</c> or <c>rollback-</c> and the operation's id for a change.</summary>
    [Id(2)]
    public required string Publication { get; init; }

    /// <summary>How many packages it has.</summary>
    [Id(3)]
    public required int Packages { get; init; }

    /// <summary>How many came or changed.</summary>
    [Id(4)]
    public required int Added { get; init; }

    /// <summary>How many went.</summary>
    [Id(5)]
    public required int Removed { get; init; }

    /// <summary>How many builds were published with it.</summary>
    [Id(6)]
    public required int Builds { get; init; }

    /// <summary>The generation that came back with it; null for none.</summary>
    [Id(7)]
    public int? Restored { get; init; }

    /// <summary>Why its record cannot be read, and so all else but number and time is unknown; empty for a sound one.</summary>
    [Id(8)]
    public string Damage { get; init; } = "";
}

/// <summary>A package in the current generation.</summary>
[GenerateSerializer, Alias("caur.PublishedPackage"), Immutable]
public sealed record PublishedPackage
{
    /// <summary>Its pkgname.</summary>
    [Id(0)]
    public required string Pkgname { get; init; }

    /// <summary>Its pkgbase.</summary>
    [Id(1)]
    public required string Pkgbase { get; init; }

    /// <summary>Its version.</summary>
    [Id(2)]
    public required string Version { get; init; }

    /// <summary>Its file.</summary>
    [Id(3)]
    public required string FileName { get; init; }

    /// <summary>The file's bytes.</summary>
    [Id(4)]
    public required long Size { get; init; }
}

/// <summary>Some of a repository's packages, by name.</summary>
[GenerateSerializer, Alias("caur.PackagePage"), Immutable]
public sealed record PackagePage
{
    /// <summary>The generation they are of.</summary>
    [Id(0)]
    public required int Generation { get; init; }

    /// <summary>How many packages it has in all.</summary>
    [Id(1)]
    public required int Total { get; init; }

    /// <summary>Bytes of all its files.</summary>
    [Id(2)]
    public required long Bytes { get; init; }

    /// <summary>The packages of this page.</summary>
    [Id(3)]
    public required ImmutableArray<PublishedPackage> Packages { get; init; }

    /// <summary>What to ask for next; null at the end.</summary>
    [Id(4)]
    public string? Next { get; init; }
}

/// <summary>How the newest verification of a repository stands. It is kept in memory only.</summary>
[GenerateSerializer, Alias("caur.VerificationView"), Immutable]
public sealed record VerificationView
{
    /// <summary>So many problems are named.</summary>
    public const int NamedAtMost = 1000;

    /// <summary>Which verification; null when there was none since the hub started.</summary>
    [Id(0)]
    public Guid? Id { get; init; }

    /// <summary>It reads still.</summary>
    [Id(1)]
    public bool Running { get; init; }

    /// <summary>The generation that was looked at.</summary>
    [Id(2)]
    public int Generation { get; init; }

    /// <summary>How many packages it names.</summary>
    [Id(3)]
    public int Packages { get; init; }

    /// <summary>How many things are wrong.</summary>
    [Id(4)]
    public int ProblemCount { get; init; }

    /// <summary>The first of them, for people, by file name.</summary>
    [Id(5)]
    public ImmutableArray<string> Problems { get; init; } = [];

    /// <summary>Why it could not be done, for people; empty when it could.</summary>
    [Id(6)]
    public string Failure { get; init; } = "";

    /// <summary>When it ended.</summary>
    [Id(7)]
    public DateTimeOffset? Ended { get; init; }

    /// <summary>How many packages have no provenance: they were not built by this farm, or before it wrote any. That is not wrong.</summary>
    [Id(8)]
    public int WithoutProvenance { get; init; }
}
