using System.Collections.Immutable;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Caur.Grains.State;

namespace Caur.Grains.Repositories;

/// <summary>A publication that was begun: written before anything is changed, so that whatever interrupts it, it is finished.</summary>
public sealed record PublicationIntent
{
    /// <summary>Names the publication; the repository's store makes one generation of it however often it is applied. Null when none
    /// is under way.</summary>
    public string? Publication { get; init; }

    /// <summary>The builds whose orders it carries out.</summary>
    public ImmutableArray<PublishOrder> Orders { get; init; } = [];

    /// <summary>The change that it carries out instead; null for none.</summary>
    public RepositoryChange? Change { get; init; }
}

/// <summary>How the newest publications ended, for whoever asks again. Bounded.</summary>
public sealed record PublicationHistory
{
    /// <summary>So many are remembered.</summary>
    public const int Kept = 256;

    /// <summary>The newest last.</summary>
    public ImmutableArray<PublicationNews> Newest { get; init; } = [];

    /// <summary>The newest generation that any of them ever made, also of those that are forgotten; 0 for none.</summary>
    public long Generation { get; init; }

    /// <summary>The same; records of before have it in <see cref="Newest"/> alone.</summary>
    public long FindGeneration() => Newest.Aggregate(Generation, (newest, news) => Math.Max(newest, news.Generation ?? 0));

    /// <summary>Remembers news.</summary>
    public PublicationHistory With(IReadOnlyCollection<PublicationNews> news)
    {
        var all = this with { Newest = Newest.AddRange(news) };
        return new PublicationHistory { Newest = [.. all.Newest.TakeLast(Kept)], Generation = all.FindGeneration() };
    }

    /// <summary>What is known of one attempt.</summary>
    public PublicationNews? Find(BuildId build, int attempt) =>
        Newest.LastOrDefault(news => news.Build == build && news.Attempt == attempt);
}

/// <summary>How the newest changes ended, for whoever asks again. Bounded.</summary>
public sealed record ChangeHistory
{
    /// <summary>So many are remembered.</summary>
    public const int Kept = 64;

    /// <summary>The newest last, each with a bounded number of packages.</summary>
    public ImmutableArray<RepositoryChangeView> Newest { get; init; } = [];

    /// <summary>What they were ordered as, the newest last. Of those from records of before it is not known.</summary>
    public ImmutableArray<ChangeOrder> Orders { get; init; } = [];

    /// <summary>The newest generation that any of them ever made or found, also of those that are forgotten; 0 for none.</summary>
    public long Generation { get; init; }

    /// <summary>The same; records of before have it in <see cref="Newest"/> alone.</summary>
    public long FindGeneration() => Newest.Aggregate(Generation, (newest, view) => Math.Max(newest, view.Generation ?? 0));

    /// <summary>Remembers how a change ended.</summary>
    /// <param name="view">How.</param>
    /// <param name="order">The order's <see cref="OrderHash"/>.</param>
    public ChangeHistory With(RepositoryChangeView view, string order)
    {
        var all = this with { Newest = Newest.RemoveAll(known => known.Operation == view.Operation).Add(view.Shortened()) };
        return new ChangeHistory
        {
            Newest = [.. all.Newest.TakeLast(Kept)],
            Orders = [.. Orders.RemoveAll(known => known.Operation == view.Operation).Add(new ChangeOrder(view.Operation, order)).TakeLast(Kept)],
            Generation = all.FindGeneration(),
        };
    }

    /// <summary>The <see cref="OrderHash"/> of what one was ordered as; null when that is not known.</summary>
    public string? FindOrder(Guid operation) => Orders.LastOrDefault(known => known.Operation == operation)?.Hash;

    /// <summary>What is known of one.</summary>
    public RepositoryChangeView? Find(Guid operation) => Newest.LastOrDefault(view => view.Operation == operation);
}

/// <summary>What a change was ordered as.</summary>
/// <param name="Operation">The order's id.</param>
/// <param name="Hash">Its <see cref="OrderHash"/>.</param>
public sealed record ChangeOrder(Guid Operation, string Hash);
