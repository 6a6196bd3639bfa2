namespace Caur.Pacman;

/// <summary>How an archive is compressed.</summary>
public enum CompressionFormat
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>gzip (RFC 1952), repo-add's usual choice for databases.</summary>
    Gzip,

    /// <summary>Zstandard (RFC 8878), makepkg's usual choice for packages.</summary>
    Zstd,

    /// <summary>xz.</summary>
    Xz,
}
