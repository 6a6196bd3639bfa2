using Caur.Pacman;

namespace Caur.Storage.Repositories;

/// <summary>How long a repository keeps what is not current any more.</summary>
public sealed record RepositoryStoreOptions
{
    /// <summary>How many generations are kept at least, the current one included; 1 or more. Default: 10.</summary>
    public int KeepGenerations { get; init; } = 10;

    /// <summary>How long a generation is kept at least after another took its place, up to <see cref="MostGenerations"/>: for clients that
    /// were sent to it, and so that it can come back. Up to <see cref="FileGrace"/> it costs its databases and no package file.
    /// Default: 1 day.</summary>
    public TimeSpan GenerationGrace { get; init; } = TimeSpan.FromDays(1);

    /// <summary>How many generations are kept at most, however often something is published; no less than <see cref="KeepGenerations"/>
    /// counts. Each costs its two databases, some megabytes for thousands of packages. Default: 1000, for a day one in 86 s.</summary>
    public int MostGenerations { get; init; } = 1000;

    /// <summary>How long a package file stays after it left the database, for mirrors and clients caught in between. It stays longer
    /// while a kept generation names it. Default: 1 day.</summary>
    public TimeSpan FileGrace { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Where package files go after that; null: they are deleted. Default: null.</summary>
    public string? ArchiveFolder { get; init; }

    /// <summary>How long they stay there. Default: 7 days.</summary>
    public TimeSpan ArchiveFor { get; init; } = TimeSpan.FromDays(7);

    /// <summary>What is borne of an archive before it is refused. Default: <see cref="ArchiveLimits.Package"/>.</summary>
    public ArchiveLimits Limits { get; init; } = ArchiveLimits.Package;

    /// <summary>How many archives are inspected or read at the same time, 1 or more. Default: 2.</summary>
    public int Parallelism { get; init; } = 2;

    /// <summary>How many files are placed or signed at the same time, 1 or more: each waits for the disk or for gpg's agent more than for a
    /// processor. Default: 4.</summary>
    public int WritesAtOnce { get; init; } = 4;
}
