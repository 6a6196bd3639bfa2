using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Orleans;

namespace Caur.Contracts.Repositories;

/// <summary>What somebody wants to change in a repository, other than to publish builds.</summary>
[GenerateSerializer, Alias("caur.RepositoryChangeKind")]
[JsonConverter(typeof(JsonStringEnumConverter<RepositoryChangeKind>))]
public enum RepositoryChangeKind
{
    /// <summary>The named pkgbases go, or the named packages.</summary>
    Remove,

    /// <summary>Everything goes but the named pkgbases.</summary>
    Keep,

    /// <summary>The packages of an older generation come back, and no others stay.</summary>
    Rollback,

    /// <summary>A repository that was set back goes on from what is there. It comes before everything that waits for that.</summary>
    Accept,
}

/// <summary>An order to change a repository.</summary>
[GenerateSerializer, Alias("caur.RepositoryChange"), Immutable]
public sealed record RepositoryChange
{
    /// <summary>So many names at most are taken in one order.</summary>
    public const int MaxNames = 100_000;

    /// <summary>Names this order: repeated with the same id it is carried out once.</summary>
    [Id(0)]
    public required Guid Operation { get; init; }

    /// <summary>What is wanted.</summary>
    [Id(1)]
    public required RepositoryChangeKind Kind { get; init; }

    /// <summary>The pkgbases that go, or stay; pkgnames with <see cref="SinglePackages"/>. A name given twice counts once.</summary>
    [Id(2)]
    public ImmutableArray<string> Names { get; init; } = [];

    /// <summary>With <see cref="RepositoryChangeKind.Remove"/>: the names are pkgnames, and others of their pkgbase may stay.</summary>
    [Id(3)]
    public bool SinglePackages { get; init; }

    /// <summary>With <see cref="RepositoryChangeKind.Keep"/>: also when more than a fifth of the packages goes.</summary>
    [Id(4)]
    public bool Force { get; init; }

    /// <summary>With <see cref="RepositoryChangeKind.Rollback"/>: which generation comes back, 1 or more. With
    /// <see cref="RepositoryChangeKind.Accept"/>: the newest that was published, as the repository's record says, which gives it.</summary>
    [Id(5)]
    public int? Generation { get; init; }

    /// <summary>Its place in the order in which everything is carried out; the repository gives it.</summary>
    [Id(6)]
    public long Sequence { get; init; }
}

/// <summary>How a change stands.</summary>
[GenerateSerializer, Alias("caur.RepositoryChangeState")]
[JsonConverter(typeof(JsonStringEnumConverter<RepositoryChangeState>))]
public enum RepositoryChangeState
{
    /// <summary>The repository knows nothing of it, or has forgotten it.</summary>
    Unknown,

    /// <summary>Only looked at: this is what it would do.</summary>
    Planned,

    /// <summary>Ordered, and not done yet.</summary>
    Pending,

    /// <summary>In effect, also when there was nothing to do.</summary>
    Done,

    /// <summary>Refused; nothing was changed.</summary>
    Refused,
}

/// <summary>Why a change is refused. The names are part of the gateway's interface.</summary>
[GenerateSerializer, Alias("caur.RepositoryChangeRefusal")]
[JsonConverter(typeof(JsonStringEnumConverter<RepositoryChangeRefusal>))]
public enum RepositoryChangeRefusal
{
    /// <summary>It is not.</summary>
    None,

    /// <summary>No names: everything would go, which nobody means.</summary>
    EmptyList,

    /// <summary>More names than an order may have.</summary>
    TooManyNames,

    /// <summary>A name that no package can have.</summary>
    InvalidName,

    /// <summary>A name that is to go and is not there.</summary>
    UnknownName,

    /// <summary>A name of a single package where a pkgbase is wanted.</summary>
    PartOfPkgbase,

    /// <summary>More than a fifth of the packages would go.</summary>
    TooMuch,

    /// <summary>The generation is not kept, or never was.</summary>
    UnknownGeneration,

    /// <summary>The generation is there, and files of its packages are not.</summary>
    FilesGone,

    /// <summary>The operation's id is another order's; <see cref="RepositoryChangeView.Kind"/> is that one's.</summary>
    OperationReused,
}

/// <summary>What becomes of one package.</summary>
[GenerateSerializer, Alias("caur.PackageChange"), Immutable]
public sealed record PackageChange
{
    /// <summary>Its pkgname.</summary>
    [Id(0)]
    public required string Pkgname { get; init; }

    /// <summary>Its pkgbase.</summary>
    [Id(1)]
    public required string Pkgbase { get; init; }

    /// <summary>The version that is published; null when it is not.</summary>
    [Id(2)]
    public string? From { get; init; }

    /// <summary>The version that comes back; null when the package goes.</summary>
    [Id(3)]
    public string? To { get; init; }

    /// <summary>The file that leaves the database, or that comes back when none leaves.</summary>
    [Id(4)]
    public required string FileName { get; init; }

    /// <summary>The file's bytes.</summary>
    [Id(5)]
    public required long Size { get; init; }
}

/// <summary>A change: what it would do, how it stands, or how it ended.</summary>
[GenerateSerializer, Alias("caur.RepositoryChangeView"), Immutable]
public sealed record RepositoryChangeView
{
    /// <summary>So many packages are named in a view that is kept.</summary>
    public const int NamedAtMost = 100;

    /// <summary>Which order.</summary>
    [Id(0)]
    public required Guid Operation { get; init; }

    /// <summary>What was wanted.</summary>
    [Id(1)]
    public required RepositoryChangeKind Kind { get; init; }

    /// <summary>How it stands.</summary>
    [Id(2)]
    public required RepositoryChangeState State { get; init; }

    /// <summary>Why it is refused.</summary>
    [Id(3)]
    public RepositoryChangeRefusal Refusal { get; init; }

    /// <summary>For people: why it is refused, what it waits for, or what was accepted.</summary>
    [Id(4)]
    public string Reason { get; init; } = "";

    /// <summary>The generation that has it, once it is done.</summary>
    [Id(5)]
    public long? Generation { get; init; }

    /// <summary>How many packages the repository has before it.</summary>
    [Id(6)]
    public int Packages { get; init; }

    /// <summary>How many of them go.</summary>
    [Id(7)]
    public int Removed { get; init; }

    /// <summary>How many packages come back.</summary>
    [Id(8)]
    public int Added { get; init; }

    /// <summary>How many packages change their version.</summary>
    [Id(9)]
    public int Changed { get; init; }

    /// <summary>Bytes of the files that leave the database.</summary>
    [Id(10)]
    public long Bytes { get; init; }

    /// <summary>How many different names were given that no package has.</summary>
    [Id(11)]
    public int UnknownNames { get; init; }

    /// <summary>The packages, by name: all of them when it was only looked at, the first <see cref="NamedAtMost"/> otherwise.</summary>
    [Id(12)]
    public ImmutableArray<PackageChange> Changes { get; init; } = [];

    /// <summary>The same, with so many packages named as are kept.</summary>
    public RepositoryChangeView Shortened() => Changes.Length > NamedAtMost ? this with { Changes = Changes[..NamedAtMost] } : this;
}
