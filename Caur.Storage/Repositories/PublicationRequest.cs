using Caur.Storage.Provenance;

namespace Caur.Storage.Repositories;

/// <summary>What someone wants to change in a repository, as one publication.</summary>
public sealed record PublicationRequest
{
    /// <summary>The publication's id, chosen by the caller: one id is published at most once.</summary>
    public required string Id { get; init; }

    /// <summary>Finished builds, in the order in which they came.</summary>
    public IReadOnlyList<BuildToPublish> Builds { get; init; } = [];

    /// <summary>Pkgbases whose packages go. Those that are not there are passed over.</summary>
    public IReadOnlyList<string> RemovePkgbases { get; init; } = [];

    /// <summary>Single packages that go. Those that are not there are passed over.</summary>
    public IReadOnlyList<string> RemovePkgnames { get; init; } = [];
}

/// <summary>A finished build with what it was ordered to make and what it brought.</summary>
public sealed record BuildToPublish
{
    /// <summary>The build's id, for records.</summary>
    public required string Build { get; init; }

    /// <summary>The pkgbase that was ordered.</summary>
    public required string Pkgbase { get; init; }

    /// <summary>The pkgnames that it may make; null: any. Default: null.</summary>
    public IReadOnlyList<string>? Pkgnames { get; init; }

    /// <summary>The pkgnames that it has to make, all of them: a pkgbase is published whole. Default: none.</summary>
    public IReadOnlyList<string> Required { get; init; } = [];

    /// <summary>How it came about; null when that is not known, and then it has no provenance. Default: null.</summary>
    public BuildOrigin? Origin { get; init; }

    /// <summary>All its archives.</summary>
    public required IReadOnlyList<OfferedArchive> Archives { get; init; }

    /// <summary>Publish also versions lower than the published ones. Default: false.</summary>
    public bool AllowDowngrade { get; init; }

    /// <summary>Publish also a pkgname that another pkgbase has published. Default: false.</summary>
    public bool AllowTakeOver { get; init; }
}

/// <summary>An archive in the landing zone.</summary>
/// <param name="Path">Its full path; its name is the name it will be published under. The file must not change any more.</param>
/// <param name="Size">Bytes, as the builder said.</param>
/// <param name="Sha256">Its hash in hexadecimal, as the builder said.</param>
public sealed record OfferedArchive(string Path, long Size, string Sha256)
{
    /// <summary>The file's name.</summary>
    public string FileName => System.IO.Path.GetFileName(Path);
}
