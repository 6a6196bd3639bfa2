namespace Caur.Storage.Provenance;

/// <summary>What the farm knows of how a build came about: what its provenance says beside what is in the archives themselves.</summary>
public sealed record BuildOrigin
{
    /// <summary>The build's id, <c>target/arch/pkgbase/timestamp</c>.</summary>
    public required string Build { get; init; }

    /// <summary>Which attempt made the archives, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>The source repository's id in the farm's configuration.</summary>
    public required string SourceRepository { get; init; }

    /// <summary>Where git fetched it from, without a user's name or password; null when it is not configured any more.</summary>
    public string? SourceUrl { get; init; }

    /// <summary>The commit, in hexadecimal digits.</summary>
    public required string Commit { get; init; }

    /// <summary>The image that was ordered.</summary>
    public string? Image { get; init; }

    /// <summary>The digest or id of the image that the container was made of.</summary>
    public string? ImageDigest { get; init; }

    /// <summary>The builder, <c>name/instance</c>.</summary>
    public required string Builder { get; init; }

    /// <summary>The farm's version.</summary>
    public required string FarmVersion { get; init; }

    /// <summary>When the builder accepted the attempt.</summary>
    public DateTimeOffset? Started { get; init; }

    /// <summary>When the attempt ended.</summary>
    public DateTimeOffset? Finished { get; init; }

    /// <summary>What the package's configuration asked for, such as a bump; the names are those of <c>.CI/config</c>.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>();
}
