using System.Collections.Immutable;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;

namespace Caur.Grains.Repositories;

/// <summary>Carries out publications on the files of target repositories. Runs off the turn; everything in it can be repeated.</summary>
internal interface IRepositoryPublisher
{
    /// <summary>Checks what was built, signs it, and makes one generation of all that is right.</summary>
    /// <param name="target">Which repository.</param>
    /// <param name="publication">The publication's name; the same name makes the same generation.</param>
    /// <param name="orders">What to publish.</param>
    /// <param name="cancellationToken">Ends it between two steps; applying it again finishes it.</param>
    /// <returns>One piece of news per order, Published or Refused.</returns>
    /// <exception cref="PublicationBlockedException">Nothing can be published now, and nothing was.</exception>
    Task<ImmutableArray<PublicationNews>> PublishAsync(
        TargetId target, string publication, ImmutableArray<PublishOrder> orders, CancellationToken cancellationToken);

    /// <summary>Carries out a change, as one generation.</summary>
    /// <param name="target">Which repository.</param>
    /// <param name="publication">The publication's name; the same name makes the same generation.</param>
    /// <param name="change">What is wanted.</param>
    /// <param name="cancellationToken">Ends it between two steps; ordering it again finishes it.</param>
    /// <returns>How it ended: Done or Refused.</returns>
    /// <exception cref="PublicationBlockedException">Nothing can be changed now, and nothing was.</exception>
    Task<RepositoryChangeView> ChangeAsync(TargetId target, string publication, RepositoryChange change, CancellationToken cancellationToken);

    /// <summary>Whether the repository was set back: restored from an older copy, or gone. What is published upon it would leave out what
    /// was published since.</summary>
    /// <param name="target">Which repository.</param>
    /// <param name="published">The newest generation that is known to have been published; 0 when nothing is known.</param>
    /// <returns>What was found, what was expected, and how to mend it, for people; null when it was not.</returns>
    string? FindSetBack(TargetId target, int published);

    /// <summary>What a change would do now: Planned or Refused. Nothing is changed.</summary>
    Task<RepositoryChangeView> PlanChangeAsync(TargetId target, RepositoryChange change, CancellationToken cancellationToken);

    /// <summary>The generations that are kept, the newest first.</summary>
    ImmutableArray<GenerationView> GetGenerations(TargetId target);

    /// <summary>At most <paramref name="limit"/> packages of the current generation behind a pkgname, by pkgname.</summary>
    Task<PackagePage> GetPackagesAsync(TargetId target, string? after, int limit, CancellationToken cancellationToken);

    /// <summary>Reads every file of the current generation; what is wrong, also when it cannot be read at all.</summary>
    Task<VerificationView> VerifyAsync(TargetId target, CancellationToken cancellationToken);

    /// <summary>What the repository is now.</summary>
    Task<TargetView> GetAsync(TargetId target, CancellationToken cancellationToken);

    /// <summary>The file names of a pkgbase's archives in the current generation.</summary>
    Task<ImmutableArray<string>> GetFilesAsync(TargetId target, string pkgbase, CancellationToken cancellationToken);

    /// <summary>Removes what no client can be waiting for any more: old generations, and files that none of the kept ones names.</summary>
    Task CollectAsync(TargetId target, CancellationToken cancellationToken);

    /// <summary>Removes landed archives that nobody came back for: of attempts that do not wait here, and that brought nothing for longer
    /// than any upload pauses.</summary>
    /// <param name="target">Which repository.</param>
    /// <param name="waiting">All orders that are not settled: their archives stay, however old.</param>
    /// <param name="cancellationToken">Ends it between two attempts.</param>
    Task SweepLandedAsync(TargetId target, IReadOnlyCollection<PublishOrder> waiting, CancellationToken cancellationToken);

    /// <summary>Forgets archives of attempts that were published or refused.</summary>
    void Discard(PublishOrder order);
}

/// <summary>Nothing can be published now: no key, no room, a broken disk, a repository that was set back. The message says what to do.</summary>
internal sealed class PublicationBlockedException(string message, Exception? inner = null) : Exception(message, inner);
