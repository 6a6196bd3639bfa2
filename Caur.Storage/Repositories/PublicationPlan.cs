using Caur.Storage.Provenance;

namespace Caur.Storage.Repositories;

/// <summary>One publication, decided: what <see cref="RepositoryStore.ApplyAsync"/> does, and does again after a crash. It can be stored;
/// nothing of it depends on the process that made it.</summary>
public sealed record PublicationPlan
{
    /// <summary>The publication's id.</summary>
    public required string Id { get; init; }

    /// <summary>The generation that it was decided upon; 0 for none. Applied to any other it would be another change.</summary>
    public required int BaseGeneration { get; init; }

    /// <summary>The number of the generation that it makes, upon a repository that was set back: above every other. Null for the one
    /// after <see cref="BaseGeneration"/>.</summary>
    public int? Number { get; init; }

    /// <summary>Packages that come, or replace those of the same pkgname.</summary>
    public IReadOnlyList<PlannedPackage> Add { get; init; } = [];

    /// <summary>Packages that go.</summary>
    public IReadOnlyList<PlannedRemoval> Remove { get; init; } = [];

    /// <summary>The generation whose packages come back, instead of any other change; null for none.</summary>
    public int? Restore { get; init; }

    /// <summary>The builds that are published.</summary>
    public IReadOnlyList<string> Builds { get; init; } = [];

    /// <summary>How they came about, of those of which that is known.</summary>
    public IReadOnlyList<BuildOrigin> Origins { get; init; } = [];
}

/// <summary>A package that comes.</summary>
/// <param name="Pkgname">Its name.</param>
/// <param name="Pkgbase">Its pkgbase.</param>
/// <param name="Version">Its version.</param>
/// <param name="FileName">Its file.</param>
/// <param name="Source">Where the file is until it is published.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">Its hash, in lower-case hexadecimal.</param>
/// <param name="Build">The build that made it.</param>
/// <param name="Replaces">The version that was published before; null for none.</param>
public sealed record PlannedPackage(
    string Pkgname, string Pkgbase, string Version, string FileName, string Source, long Size, string Sha256, string Build, string? Replaces);

/// <summary>A package that goes.</summary>
/// <param name="Pkgname">Its name.</param>
/// <param name="Pkgbase">Its pkgbase.</param>
/// <param name="Version">Its version.</param>
public sealed record PlannedRemoval(string Pkgname, string Pkgbase, string Version);

/// <summary>What became of a request.</summary>
public sealed record PublicationProposal
{
    /// <summary>What to apply; null when nothing would change.</summary>
    public PublicationPlan? Plan { get; init; }

    /// <summary>Builds that are not in the plan, each with every reason.</summary>
    public IReadOnlyList<RefusedBuild> Refused { get; init; } = [];

    /// <summary>Builds whose very archives are published already.</summary>
    public IReadOnlyList<string> UpToDate { get; init; } = [];

    /// <summary>Why a rollback is refused; empty otherwise.</summary>
    public IReadOnlyList<string> Problems { get; init; } = [];
}

/// <summary>A build that cannot be published as it is.</summary>
/// <param name="Build">Its id.</param>
/// <param name="Reasons">Every reason, for people.</param>
public sealed record RefusedBuild(string Build, IReadOnlyList<string> Reasons);

/// <summary>The end of a publication.</summary>
/// <param name="Status">What became of it.</param>
/// <param name="Generation">The generation it made; otherwise the current one, 0 for none.</param>
/// <param name="Problems">What is missing, for people.</param>
public sealed record PublicationResult(PublicationStatus Status, int Generation, IReadOnlyList<string> Problems);

/// <summary>What became of a publication.</summary>
public enum PublicationStatus
{
    /// <summary>It is published: by this call, or completed by it.</summary>
    Published,

    /// <summary>It was published before; nothing was done.</summary>
    AlreadyPublished,

    /// <summary>The repository has changed since it was planned: plan again. Nothing was done.</summary>
    Stale,

    /// <summary>Files that it needs are gone or changed; the repository is as it was.</summary>
    FilesGone,
}

/// <summary>The steps of a publication, each named after what is true when it is done.</summary>
public enum PublicationStep
{
    /// <summary>Whoever orders it has written down that it shall be; nothing of it was looked at.</summary>
    Ordered,

    /// <summary>The archives were inspected and the plan is made; it is in memory alone.</summary>
    Decided,

    /// <summary>The plan is written beside the repositories.</summary>
    DecisionWritten,

    /// <summary>It will be done; nothing has changed.</summary>
    Begun,

    /// <summary>One package file has its name in the repository's folder, which is not synced. Once for each package.</summary>
    PackageNamed,

    /// <summary>All package files are in the repository's folder, synced; no database names them.</summary>
    PackagesPlaced,

    /// <summary>One signature has its name beside its package; the folder is not synced. Once for each package, several at a time.</summary>
    SignatureNamed,

    /// <summary>All signatures are beside them, synced.</summary>
    SignaturesPlaced,

    /// <summary>One build's provenance has its name, signed. Several at once.</summary>
    StatementNamed,

    /// <summary>All provenance is there.</summary>
    StatementsPlaced,

    /// <summary>The new databases and their signatures are written in a hidden folder.</summary>
    GenerationWritten,

    /// <summary>The hidden folder is synced and has its number, which is not durable.</summary>
    GenerationNamed,

    /// <summary>The number is durable; nothing points to it.</summary>
    GenerationSynced,

    /// <summary>The names that pacman asks for are links through <c>current</c>.</summary>
    LinksPlaced,

    /// <summary>The new generation is current: the one step that clients see. A power cut may undo it.</summary>
    CurrentSwitched,

    /// <summary>The switch is durable.</summary>
    CurrentSynced,

    /// <summary>The landed files are removed; nothing is left to do.</summary>
    Confirmed,
}

/// <summary>The steps of a collection, each named after what is true when it is done.</summary>
public enum CollectionStep
{
    /// <summary>What is kept and what goes is decided; nothing has changed.</summary>
    Decided,

    /// <summary>A generation that is over has lost its number; its files are there, hidden.</summary>
    GenerationHidden,

    /// <summary>A package file or signature that is over is in the archive too.</summary>
    FileArchived,

    /// <summary>A package file or signature that is over is gone from the repository's folder.</summary>
    FileRemoved,

    /// <summary>Everything that is over is gone.</summary>
    Collected,
}

/// <summary>Is told of every step of publications and collections. What it throws stops them there, as a crash would.</summary>
public interface IPublicationProbe
{
    /// <summary>A step of a publication is done. Called several times at once for the steps that say so.</summary>
    ValueTask AtAsync(PublicationStep step, CancellationToken cancellationToken);

    /// <summary>A step of a collection is done.</summary>
    ValueTask AtAsync(CollectionStep step, CancellationToken cancellationToken) => ValueTask.CompletedTask;
}
