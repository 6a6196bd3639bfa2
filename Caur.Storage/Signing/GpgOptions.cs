namespace Caur.Storage.Signing;

/// <summary>Which key signs.</summary>
public sealed record GpgOptions
{
    /// <summary>gpg's home folder. The manual's <c>GPG_PATH</c>.</summary>
    public required string Home { get; init; }

    /// <summary>The fingerprint of the signing key, with or without blanks; null: the only usable secret key. Default: null.</summary>
    public string? Fingerprint { get; init; }

    /// <summary>The program. Default: <c>gpg</c>.</summary>
    public string Program { get; init; } = "gpg";

    /// <summary>How long gpg may take for one call; the signature of a large file takes seconds. Default: 5 minutes.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How many files are signed or checked at the same time, 1 or more. Default: 4.</summary>
    public int Parallelism { get; init; } = 4;
}
