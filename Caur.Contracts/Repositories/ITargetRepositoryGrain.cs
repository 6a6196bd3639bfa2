using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Tracing;
using Orleans;
using Orleans.Concurrency;

namespace Caur.Contracts.Repositories;

/// <summary>Every change to one target repository, one at a time; its key is the <see cref="TargetId"/>.</summary>
[Alias("caur.ITargetRepositoryGrain")]
public interface ITargetRepositoryGrain : IGrainWithStringKey
{
    /// <summary>Orders the publication of a finished build. The order is durable when this answers; the news comes to the build.</summary>
    [Alias("Publish")]
    Task<PublicationNews> PublishAsync(PublishOrder order);

    /// <summary>How the publication of a build stands.</summary>
    [Alias("GetPublication")]
    [ReadOnly]
    Task<PublicationNews> GetPublicationAsync(BuildId build, int attempt);

    /// <summary>The file names of some pkgbases' archives in the current generation.</summary>
    [Alias("GetPublishedFilesOf")]
    [ReadOnly]
    Task<PublishedFiles> GetPublishedFilesAsync(ImmutableArray<string> pkgbases);

    /// <summary>What the repository is now.</summary>
    [Alias("Get")]
    [ReadOnly]
    Task<TargetView> GetAsync();

    /// <summary>Orders a change. It is durable when this answers, and carried out after everything that was ordered before it.</summary>
    /// <returns>How it stands; how it ended when this operation was ordered before and is not forgotten.</returns>
    [Alias("Change")]
    Task<RepositoryChangeView> ChangeAsync(RepositoryChange change);

    /// <summary>What a change would do now. Nothing is changed.</summary>
    [Alias("PlanChange")]
    [ReadOnly]
    Task<RepositoryChangeView> PlanChangeAsync(RepositoryChange change);

    /// <summary>How a change stands; null when it is not known.</summary>
    [Alias("GetChange")]
    [ReadOnly]
    Task<RepositoryChangeView?> GetChangeAsync(Guid operation);

    /// <summary>The newest changes that ended, as far as they are remembered, the newest last; without their packages.</summary>
    [Alias("GetEndedChanges")]
    [ReadOnly]
    Task<ImmutableArray<RepositoryChangeView>> GetEndedChangesAsync();

    /// <summary>The generations that are kept, the newest first.</summary>
    [Alias("GetGenerations")]
    [ReadOnly]
    Task<ImmutableArray<GenerationView>> GetGenerationsAsync();

    /// <summary>Packages of the current generation, by name.</summary>
    /// <param name="after">The pkgname behind which the page begins; null for the first.</param>
    /// <param name="limit">How many at most, 1 or more.</param>
    [Alias("GetPackages")]
    [ReadOnly]
    Task<PackagePage> GetPackagesAsync(string? after, int limit);

    /// <summary>Begins to read every file of the current generation and to compare it with what the database says, unless that is under
    /// way.</summary>
    [Alias("Verify")]
    Task<VerificationView> VerifyAsync();

    /// <summary>How the newest verification stands.</summary>
    [Alias("GetVerification")]
    [ReadOnly]
    Task<VerificationView> GetVerificationAsync();
}

/// <summary>An order to publish what one build made.</summary>
[GenerateSerializer, Alias("caur.PublishOrder"), Immutable]
public sealed record PublishOrder
{
    /// <summary>Which build.</summary>
    [Id(0)]
    public required BuildId Build { get; init; }

    /// <summary>Which of its attempts made the archives.</summary>
    [Id(1)]
    public required int Attempt { get; init; }

    /// <summary>The pkgnames that were ordered.</summary>
    [Id(2)]
    public ImmutableArray<string> Pkgnames { get; init; } = [];

    /// <summary>What is in the landing zone.</summary>
    [Id(3)]
    public required ImmutableArray<LandedArchive> Archives { get; init; }

    /// <summary>Its place in the order in which everything is carried out; the repository gives it.</summary>
    [Id(4)]
    public long Sequence { get; init; }

    /// <summary>How the archives came about, for their provenance; null in orders that are older than this field.</summary>
    [Id(5)]
    public PublishOrigin? Origin { get; init; }

    /// <summary>The build's span; null when nobody traces it.</summary>
    [Id(20)]
    public TraceContext? Trace { get; init; }
}

/// <summary>How a build came about.</summary>
[GenerateSerializer, Alias("caur.PublishOrigin"), Immutable]
public sealed record PublishOrigin
{
    /// <summary>The source repository's id.</summary>
    [Id(0)]
    public required string SourceRepository { get; init; }

    /// <summary>The commit, in hexadecimal digits.</summary>
    [Id(1)]
    public required string Commit { get; init; }

    /// <summary>Who built it.</summary>
    [Id(2)]
    public required BuilderId Builder { get; init; }

    /// <summary>The digest or id of the image.</summary>
    [Id(3)]
    public string? ImageDigest { get; init; }

    /// <summary>When the builder accepted the attempt.</summary>
    [Id(4)]
    public DateTimeOffset? Started { get; init; }

    /// <summary>When the attempt ended.</summary>
    [Id(5)]
    public DateTimeOffset? Finished { get; init; }

    /// <summary>The bump that was applied, if the PKGBUILD had its version.</summary>
    [Id(6)]
    public string? PackageBump { get; init; }

    /// <summary>Whether <c>replaces</c> and <c>groups</c> were kept.</summary>
    [Id(7)]
    public bool AllowProhibited { get; init; }

    /// <summary>Whether downloaded sources were kept from build to build.</summary>
    [Id(8)]
    public bool CacheSources { get; init; }

    /// <summary>The builder class that was asked for; null for any.</summary>
    [Id(9)]
    public string? BuilderClass { get; init; }
}

/// <summary>How a publication stands.</summary>
[GenerateSerializer, Alias("caur.PublicationState")]
[JsonConverter(typeof(JsonStringEnumConverter<PublicationState>))]
public enum PublicationState
{
    /// <summary>The repository knows nothing of it.</summary>
    Unknown,

    /// <summary>Ordered, and not done yet.</summary>
    Pending,

    /// <summary>In the current or an earlier generation.</summary>
    Published,

    /// <summary>The archives are not what was ordered.</summary>
    Refused,
}

/// <summary>News of a publication.</summary>
[GenerateSerializer, Alias("caur.PublicationNews"), Immutable]
public sealed record PublicationNews
{
    /// <summary>Whose packages.</summary>
    [Id(0)]
    public required BuildId Build { get; init; }

    /// <summary>Of which attempt.</summary>
    [Id(1)]
    public required int Attempt { get; init; }

    /// <summary>How it stands.</summary>
    [Id(2)]
    public required PublicationState State { get; init; }

    /// <summary>The generation that has it, once published.</summary>
    [Id(3)]
    public long? Generation { get; init; }

    /// <summary>For people: why it was refused, or what it waits for.</summary>
    [Id(4)]
    public string Reason { get; init; } = "";
}

/// <summary>What of some pkgbases a target repository has.</summary>
/// <param name="Generation">The current generation's number; 0 before the first publication.</param>
/// <param name="Files">The file names of each pkgbase's archives, in the order in which they were asked for.</param>
[GenerateSerializer, Alias("caur.PublishedFiles"), Immutable]
public sealed record PublishedFiles(
    [property: Id(0)] long Generation, [property: Id(1)] ImmutableArray<ImmutableArray<string>> Files);

/// <summary>A target repository as people see it.</summary>
[GenerateSerializer, Alias("caur.TargetView"), Immutable]
public sealed record TargetView
{
    /// <summary>Which.</summary>
    [Id(0)]
    public required TargetId Target { get; init; }

    /// <summary>The current generation's number; 0 before the first publication.</summary>
    [Id(1)]
    public long Generation { get; init; }

    /// <summary>How many packages it has.</summary>
    [Id(2)]
    public int Packages { get; init; }

    /// <summary>How many orders wait.</summary>
    [Id(3)]
    public int Pending { get; init; }

    /// <summary>What keeps it from publishing, for people; empty when nothing does.</summary>
    [Id(4)]
    public string Problem { get; init; } = "";
}
