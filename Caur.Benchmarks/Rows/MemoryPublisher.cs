using System.Collections.Concurrent;
using System.Collections.Immutable;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Caur.Grains.Repositories;

namespace Caur.Benchmarks.Rows;

/// <summary>Repositories in memory: a build of zero length has no archive that could be signed and placed. Orders, intents, history and
/// news around it are the farm's own, with all that they write; only the files are not there. It remembers when what was published.</summary>
internal sealed class MemoryPublisher : IRepositoryPublisher
{
    private readonly ConcurrentDictionary<TargetId, (string Publication, ImmutableArray<PublicationNews> News)> _newest = new();
    private long _generation;
    private long _step;
    private volatile Expectation? _expected;

    /// <summary>At which step each pkgbase was published.</summary>
    public ConcurrentDictionary<string, long> PublishedAt { get; } = new(StringComparer.Ordinal);

    public long Generations => _generation;

    /// <summary>Completes when all of these have been published from now on.</summary>
    public Task ExpectAsync(IEnumerable<string> pkgbases)
    {
        var expected = new Expectation(pkgbases.ToHashSet(StringComparer.Ordinal), new(TaskCreationOptions.RunContinuationsAsynchronously));
        _expected = expected;
        return expected.Met.Task;
    }

    /// <summary>The next step of the time that orders are compared by.</summary>
    public long NextStep() => Interlocked.Increment(ref _step);

    public Task<ImmutableArray<PublicationNews>> PublishAsync(
        TargetId target, string publication, ImmutableArray<PublishOrder> orders, CancellationToken cancellationToken)
    {
        if (_newest.TryGetValue(target, out var newest) && newest.Publication == publication)
        {
            return Task.FromResult(newest.News);
        }

        var generation = Interlocked.Increment(ref _generation);
        var step = NextStep();
        ImmutableArray<PublicationNews> news = [.. orders.Select(order => new PublicationNews
        {
            Build = order.Build,
            Attempt = order.Attempt,
            State = PublicationState.Published,
            Generation = generation,
        })];
        foreach (var order in orders)
        {
            PublishedAt[order.Build.Pkgbase] = step;

            // One repository: publications follow each other.
            if (_expected is { } expected && expected.Left.Remove(order.Build.Pkgbase) && expected.Left.Count == 0)
            {
                expected.Met.TrySetResult();
            }
        }

        _newest[target] = (publication, news);
        return Task.FromResult(news);
    }

    public string? FindSetBack(TargetId target, int published) => null;

    public Task<TargetView> GetAsync(TargetId target, CancellationToken cancellationToken) =>
        Task.FromResult(new TargetView { Target = target, Generation = _generation, Packages = PublishedAt.Count });

    public Task<ImmutableArray<string>> GetFilesAsync(TargetId target, string pkgbase, CancellationToken cancellationToken) =>
        Task.FromResult(ImmutableArray<string>.Empty);

    public void Discard(PublishOrder order)
    {
    }

    public Task CollectAsync(TargetId target, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task SweepLandedAsync(TargetId target, IReadOnlyCollection<PublishOrder> waiting, CancellationToken cancellationToken) =>
        Task.CompletedTask;

    public Task<RepositoryChangeView> ChangeAsync(
        TargetId target, string publication, RepositoryChange change, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<RepositoryChangeView> PlanChangeAsync(TargetId target, RepositoryChange change, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public ImmutableArray<GenerationView> GetGenerations(TargetId target) => [];

    public Task<PackagePage> GetPackagesAsync(TargetId target, string? after, int limit, CancellationToken cancellationToken) =>
        throw new NotSupportedException();

    public Task<VerificationView> VerifyAsync(TargetId target, CancellationToken cancellationToken) => throw new NotSupportedException();

    private sealed record Expectation(HashSet<string> Left, TaskCompletionSource Met);
}
