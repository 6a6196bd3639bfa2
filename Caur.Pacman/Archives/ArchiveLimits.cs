namespace Caur.Pacman;

/// <summary>
/// What a reader of archives bears before it refuses one. The memory of a reader is bounded by these and by the window of the
/// compression (zstd 128 MiB, xz 128 MiB), never by what an archive claims.
/// </summary>
public sealed record ArchiveLimits
{
    /// <summary>For package archives that a farm builds.</summary>
    public static ArchiveLimits Package { get; } = new();

    /// <summary>For repository databases.</summary>
    public static ArchiveLimits Database { get; } = new() { MaxUnpackedBytes = 8L << 30, MaxMembers = 1_000_000 };

    /// <summary>The bytes that an archive may unpack to. Default: 64 GiB.</summary>
    public long MaxUnpackedBytes { get; init; } = 64L << 30;

    /// <summary>The members that an archive may have. Default: 4,000,000.</summary>
    public int MaxMembers { get; init; } = 4_000_000;

    /// <summary>The members that may stand before .PKGINFO when only that is wanted. Default: 1,000 (makepkg writes it third).</summary>
    public int MaxMembersBeforeInfo { get; init; } = 1_000;

    /// <summary>The bytes that may be unpacked before .PKGINFO when only that is wanted. Default: 256 MiB.</summary>
    public long MaxBytesBeforeInfo { get; init; } = 256L << 20;

    /// <summary>The size of .PKGINFO. Default: 1 MiB.</summary>
    public int MaxInfoBytes { get; init; } = 1 << 20;

    /// <summary>The size of .BUILDINFO, which lists everything that was installed. Default: 4 MiB.</summary>
    public int MaxBuildInfoBytes { get; init; } = 4 << 20;

    /// <summary>The size of one extended header (long names, attributes). Default: 1 MiB.</summary>
    public int MaxExtendedHeaderBytes { get; init; } = 1 << 20;

    /// <summary>The size of a package's list of files. Default: 128 MiB.</summary>
    public int MaxFileListBytes { get; init; } = 128 << 20;

    /// <summary>The size of one desc in a repository database. Default: 1 MiB.</summary>
    public int MaxDescBytes { get; init; } = 1 << 20;

    /// <summary>The size of all descs of a repository database, which are kept in memory. Default: 256 MiB, 100,000 packages and more.</summary>
    public long MaxDescBytesInAll { get; init; } = 256L << 20;
}
