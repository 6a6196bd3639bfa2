using System.Collections.Immutable;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Caur.Grains.Repositories;

namespace Caur.Tests.Grains;

/// <summary>Repositories in memory. As with the real ones, the newest publication makes one generation however often it is applied; one
/// that is applied again after others is another. They outlive the hub.</summary>
internal sealed class FakePublisher : IRepositoryPublisher
{
    private readonly Lock _lock = new();
    private readonly Dictionary<TargetId, (string Publication, object Outcome)> _newest = [];
    private long _generation;

    /// <summary>Every publication that made a generation: its builds.</summary>
    public List<IReadOnlyList<BuildId>> Generations { get; } = [];

    /// <summary>How often it was called.</summary>
    public int Calls { get; private set; }

    public List<BuildId> Discarded { get; } = [];

    /// <summary>Why nothing can be published; null when it can.</summary>
    public string? Problem { get; set; }

    /// <summary>Pkgbases whose archives are not what was ordered.</summary>
    public HashSet<string> Refuses { get; } = [];

    /// <summary>Called when a publication is to be carried out.</summary>
    public Action Called { get; set; } = static () => { };

    /// <summary>What a publication waits for before it does anything.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>Says nothing of these pkgbases, which is a fault of the publisher.</summary>
    public HashSet<string> Forgets { get; } = [];

    public IReadOnlyList<BuildId> Published
    {
        get
        {
            lock (_lock)
            {
                return [.. Generations.SelectMany(generation => generation)];
            }
        }
    }

    /// <summary>The orders that waited whenever landed archives were swept.</summary>
    public List<IReadOnlyCollection<PublishOrder>> Swept { get; } = [];

    public Task SweepLandedAsync(TargetId target, IReadOnlyCollection<PublishOrder> waiting, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Swept.Add(waiting);
        }

        return Task.CompletedTask;
    }

    public Task CollectAsync(TargetId target, CancellationToken cancellationToken) => Task.CompletedTask;

    public async Task<ImmutableArray<PublicationNews>> PublishAsync(
        TargetId target, string publication, ImmutableArray<PublishOrder> orders, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Calls++;
            Called();
        }

        await Gate.WaitAsync(cancellationToken);
        if (Problem is { } problem)
        {
            throw new PublicationBlockedException(problem);
        }

        lock (_lock)
        {
            if (_newest.TryGetValue(target, out var newest) && newest.Publication == publication)
            {
                return (ImmutableArray<PublicationNews>)newest.Outcome;
            }

            var taken = orders.Where(order => !Refuses.Contains(order.Build.Pkgbase)).ToList();
            if (taken.Count > 0)
            {
                _generation++;
                Generations.Add([.. taken.Select(order => order.Build)]);
            }

            ImmutableArray<PublicationNews> news =
            [
                .. orders.Where(order => !Forgets.Contains(order.Build.Pkgbase)).Select(order => new PublicationNews
                {
                    Build = order.Build,
                    Attempt = order.Attempt,
                    State = taken.Contains(order) ? PublicationState.Published : PublicationState.Refused,
                    Generation = taken.Contains(order) ? _generation : null,
                    Reason = taken.Contains(order) ? "" : "it is not what was ordered",
                }),
            ];
            _newest[target] = (publication, news);
            return news;
        }
    }

    /// <summary>The changes that were carried out, among the generations by number.</summary>
    public List<(long Generation, RepositoryChange Change)> Changes { get; } = [];

    /// <summary>Whatever is to be changed is too much.</summary>
    public bool RefusesChanges { get; set; }

    public async Task<RepositoryChangeView> ChangeAsync(
        TargetId target, string publication, RepositoryChange change, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            Calls++;
            Called();
        }

        await Gate.WaitAsync(cancellationToken);
        if (Problem is { } problem)
        {
            throw new PublicationBlockedException(problem);
        }

        lock (_lock)
        {
            if (_newest.TryGetValue(target, out var newest) && newest.Publication == publication)
            {
                return (RepositoryChangeView)newest.Outcome;
            }

            if (RefusesChanges)
            {
                return View(change, RepositoryChangeState.Refused) with { Refusal = RepositoryChangeRefusal.TooMuch, Reason = "too much would go" };
            }

            Changes.Add((++_generation, change));
            var view = View(change, RepositoryChangeState.Done) with { Generation = _generation };
            _newest[target] = (publication, view);
            return view;
        }
    }

    /// <summary>The newest generation that the files are set back to; null when they have them all.</summary>
    public int? SetBackTo { get; set; }

    public string? FindSetBack(TargetId target, int published) =>
        SetBackTo < published ? $"generation {SetBackTo} is there of {published}" : null;

    public Task<RepositoryChangeView> PlanChangeAsync(TargetId target, RepositoryChange change, CancellationToken cancellationToken) =>
        Task.FromResult(View(change, RepositoryChangeState.Planned));

    public ImmutableArray<GenerationView> GetGenerations(TargetId target) => [];

    public Task<PackagePage> GetPackagesAsync(TargetId target, string? after, int limit, CancellationToken cancellationToken) =>
        Task.FromResult(new PackagePage { Generation = (int)_generation, Total = 0, Bytes = 0, Packages = [] });

    public async Task<VerificationView> VerifyAsync(TargetId target, CancellationToken cancellationToken)
    {
        await Gate.WaitAsync(cancellationToken);
        return new VerificationView { Generation = (int)_generation, ProblemCount = 1, Problems = ["a is gone"] };
    }

    public Task<TargetView> GetAsync(TargetId target, CancellationToken cancellationToken) =>
        Task.FromResult(new TargetView { Target = target, Generation = _generation, Packages = Published.Count });

    public Task<ImmutableArray<string>> GetFilesAsync(TargetId target, string pkgbase, CancellationToken cancellationToken) =>
        Task.FromResult(ImmutableArray<string>.Empty);

    public void Discard(PublishOrder order)
    {
        lock (_lock)
        {
            Discarded.Add(order.Build);
        }
    }

    private static RepositoryChangeView View(RepositoryChange change, RepositoryChangeState state) =>
        new() { Operation = change.Operation, Kind = change.Kind, State = state };
}
