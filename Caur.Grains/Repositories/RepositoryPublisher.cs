using System.Collections.Concurrent;
using System.Collections.Immutable;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Caur.Storage.Files;
using Caur.Storage.Landing;
using Caur.Storage.Repositories;
using Caur.Storage.Signing;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Caur.Grains.Repositories;

/// <summary>Publishes on the files of this host. What was decided is written beside the repositories before anything changes, under the
/// publication's name: however often it is interrupted, the same publication is carried out once.</summary>
internal sealed partial class RepositoryPublisher(
    DataFolders folders,
    LandingZone landing,
    GpgSigner signer,
    TimeProvider clock,
    IPublicationProbe? probe = null,
    RepositoryStoreOptions? options = null,
    IOptions<FarmOptions>? farm = null,
    ILogger<RepositoryPublisher>? logger = null)
    : IRepositoryPublisher, IDisposable
{
    /// <summary>So long an attempt that uploads may bring nothing: a builder that has not ended its upload for want of room or of the hub
    /// tries it every few seconds. What was ordered stays until it is published, however long that waits.</summary>
    private static readonly TimeSpan KeepLanded = TimeSpan.FromDays(14);

    /// <summary>So often a publication is decided anew when its archives change under it.</summary>
    private const int MostLooks = 3;

    private readonly ConcurrentDictionary<TargetId, RepositoryStore> _stores = new();
    private readonly PublicationJournal _journal = new(Path.Combine(folders.Root, "publications"), clock);
    private readonly ILogger _logger = logger ?? NullLogger<RepositoryPublisher>.Instance;

    public async Task<ImmutableArray<PublicationNews>> PublishAsync(
        TargetId target, string publication, ImmutableArray<PublishOrder> orders, CancellationToken cancellationToken)
    {
        try
        {
            await AtAsync(PublicationStep.Ordered, cancellationToken);
            return await Store(target).ExclusivelyAsync(
                () => PublishAloneAsync(target, publication, orders, cancellationToken), cancellationToken);
        }
        catch (Exception exception) when (Blocked(target, exception) is { } blocked)
        {
            throw blocked;
        }
    }

    public async Task<RepositoryChangeView> ChangeAsync(
        TargetId target, string publication, RepositoryChange change, CancellationToken cancellationToken)
    {
        try
        {
            return await Store(target).ExclusivelyAsync(
                () => ChangeAloneAsync(target, publication, change, cancellationToken), cancellationToken);
        }
        catch (RepositoryDamagedException damaged) when (
            change.Kind == RepositoryChangeKind.Rollback && damaged.Generation == change.Generation && damaged.Generation != Store(target).CurrentGeneration)
        {
            // It was there when the rollback was planned. Nothing brings it back, and what waits behind must not wait for that.
            return new ChangePlanner(Store(target)).NotKept(change, 0);
        }
        catch (Exception exception) when (Blocked(target, exception) is { } blocked)
        {
            throw blocked;
        }
    }

    public string? FindSetBack(TargetId target, int published) => Store(target).FindSetBack(published);

    public async Task<RepositoryChangeView> PlanChangeAsync(TargetId target, RepositoryChange change, CancellationToken cancellationToken) =>
        (await new ChangePlanner(Store(target), isDryRun: true).PlanAsync("dry-run", change, cancellationToken)).View;

    public ImmutableArray<GenerationView> GetGenerations(TargetId target)
    {
        var store = Store(target);
        var sound = store.ListGenerations().Select(info => new GenerationView
        {
            Number = info.Number,
            Time = info.Time,
            Publication = info.Publication,
            Packages = info.Packages,
            Added = info.Added.Count,
            Removed = info.Removed.Count,
            Builds = info.Builds.Count,
            Restored = info.Restored,
        });
        var damaged = store.ListDamagedGenerations().Select(generation => new GenerationView
        {
            Number = generation.Number,
            Time = generation.Time,
            Publication = "",
            Packages = 0,
            Added = 0,
            Removed = 0,
            Builds = 0,
            Damage = generation.Damage,
        });
        return [.. sound.Concat(damaged).OrderByDescending(generation => generation.Number)];
    }

    public async Task<PackagePage> GetPackagesAsync(TargetId target, string? after, int limit, CancellationToken cancellationToken)
    {
        var store = Store(target);
        var (generation, database) = (store.CurrentGeneration, await store.ReadAsync(cancellationToken));
        while (generation != store.CurrentGeneration)
        {
            (generation, database) = (store.CurrentGeneration, await store.ReadAsync(cancellationToken));
        }

        var packages = database
            .Select(entry => new PublishedPackage
            {
                Pkgname = entry.Name.ToString(),
                Pkgbase = entry.PkgBase.ToString(),
                Version = entry.Version.ToString(),
                FileName = entry.FileName,
                Size = entry.ReadDescription().CompressedSize,
            })
            .OrderBy(package => package.Pkgname, StringComparer.Ordinal)
            .ToList();
        var page = packages.Where(package => after is null || string.CompareOrdinal(package.Pkgname, after) > 0).Take(limit).ToImmutableArray();
        return new PackagePage
        {
            Generation = generation,
            Total = packages.Count,
            Bytes = packages.Sum(package => package.Size),
            Packages = page,
            Next = page.Length > 0 && page[^1] != packages[^1] ? page[^1].Pkgname : null,
        };
    }

    public async Task<VerificationView> VerifyAsync(TargetId target, CancellationToken cancellationToken)
    {
        try
        {
            var found = await Store(target).VerifyAsync(cancellationToken);
            return new VerificationView
            {
                Generation = found.Generation,
                Packages = found.Packages,
                ProblemCount = found.Problems.Count,
                WithoutProvenance = found.WithoutProvenance,
                Problems = [.. found.Problems.Take(VerificationView.NamedAtMost)],
            };
        }
        catch (Exception exception) when (Blocked(target, exception) is { } blocked)
        {
            return new VerificationView { Generation = Store(target).CurrentGeneration, Failure = blocked.Message };
        }
    }

    public async Task<TargetView> GetAsync(TargetId target, CancellationToken cancellationToken)
    {
        var store = Store(target);
        return new TargetView
        {
            Target = target,
            Generation = store.CurrentGeneration,
            Packages = (await store.ReadAsync(cancellationToken)).Count,
        };
    }

    public async Task<ImmutableArray<string>> GetFilesAsync(TargetId target, string pkgbase, CancellationToken cancellationToken) =>
        [.. await Store(target).PublishedFilesAsync(pkgbase, cancellationToken)];

    public Task CollectAsync(TargetId target, CancellationToken cancellationToken) =>
        Store(target).CollectAsync(clock.GetUtcNow(), cancellationToken);

    public Task SweepLandedAsync(TargetId target, IReadOnlyCollection<PublishOrder> waiting, CancellationToken cancellationToken)
    {
        var known = waiting.Select(order => (order.Build.ToString(), order.Attempt)).ToHashSet();
        return landing.SweepAsync(
            attempt => ValueTask.FromResult(
                !attempt.BuildId.StartsWith($"{target}/", StringComparison.Ordinal) || known.Contains((attempt.BuildId, attempt.Attempt))),
            clock.GetUtcNow() - KeepLanded,
            cancellationToken);
    }

    public void Discard(PublishOrder order) => landing.Remove(order.Build.ToString(), order.Attempt);

    public void Dispose()
    {
        foreach (var store in _stores.Values)
        {
            store.Dispose();
        }
    }

    private async Task<ImmutableArray<PublicationNews>> PublishAloneAsync(
        TargetId target, string publication, ImmutableArray<PublishOrder> orders, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            var store = Store(target);
            var proposal = await _journal.ReadAsync(target, publication, cancellationToken);
            if (proposal is null)
            {
                proposal = await store.PlanAsync(Request(publication, orders), cancellationToken);
                await AtAsync(PublicationStep.Decided, cancellationToken);
                await _journal.WriteAsync(target, publication, proposal, cancellationToken);
                await AtAsync(PublicationStep.DecisionWritten, cancellationToken);
            }

            if (proposal.Plan is null)
            {
                return News(orders, proposal, store.CurrentGeneration, null);
            }

            var result = await store.ApplyAsync(proposal.Plan, cancellationToken);
            // An archive that changed or went since it was inspected is found by another look, which lets the other builds through.
            if (result.Status != PublicationStatus.Stale && (result.Status != PublicationStatus.FilesGone || attempt == MostLooks))
            {
                return News(orders, proposal, result.Generation, result);
            }

            await _journal.RemoveAsync(target, publication, cancellationToken);
        }
    }

    private async Task<RepositoryChangeView> ChangeAloneAsync(
        TargetId target, string publication, RepositoryChange change, CancellationToken cancellationToken)
    {
        while (true)
        {
            var store = Store(target);
            if (await _journal.ReadChangeAsync(target, publication, cancellationToken) is not var (plan, view))
            {
                (plan, view) = await new ChangePlanner(store).PlanAsync(publication, change, cancellationToken);
                await _journal.WriteChangeAsync(target, publication, plan, view, cancellationToken);
                view = view.Shortened();
            }

            if (view.State == RepositoryChangeState.Refused)
            {
                return view;
            }

            if (plan is null)
            {
                return view with { State = RepositoryChangeState.Done, Generation = store.CurrentGeneration };
            }

            var result = await store.ApplyAsync(plan, cancellationToken);
            switch (result.Status)
            {
                case PublicationStatus.Stale:
                    await _journal.RemoveAsync(target, publication, cancellationToken);
                    continue;
                case PublicationStatus.FilesGone:
                    return ChangePlanner.FilesGone(view, result.Problems);
                default:
                    return view with { State = RepositoryChangeState.Done, Generation = result.Generation };
            }
        }
    }

    /// <summary>What keeps anything from being published, in words for people; null for what is no such thing.</summary>
    private static PublicationBlockedException? Blocked(TargetId target, Exception exception) => exception switch
    {
        GpgException or RepositoryDamagedException => new PublicationBlockedException(exception.Message, exception),
        IOException when DiskSpace.IsFull(exception) =>
            new PublicationBlockedException($"the disk of {target} is full: make room ({exception.Message})", exception),
        IOException or UnauthorizedAccessException => new PublicationBlockedException($"the disk of {target} fails: {exception.Message}", exception),
        _ => null,
    };

    private RepositoryStore Store(TargetId target) => _stores.GetOrAdd(
        target, id => new RepositoryStore(folders.Repositories, id.Name, id.Arch, signer, clock, OptionsOf(id), probe, () => LogWaits(_logger, id)));

    /// <summary>Two repositories may have files of one name: each has an archive of its own.</summary>
    private RepositoryStoreOptions OptionsOf(TargetId target) => (options ?? new RepositoryStoreOptions()) with
    {
        ArchiveFolder = Path.Combine(folders.Archive, target.Name, target.Arch),
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "{Target} is being changed by another process: waiting for it")]
    private static partial void LogWaits(ILogger logger, TargetId target);

    private ValueTask AtAsync(PublicationStep step, CancellationToken cancellationToken) =>
        probe?.AtAsync(step, cancellationToken) ?? ValueTask.CompletedTask;

    private PublicationRequest Request(string publication, ImmutableArray<PublishOrder> orders) => new()
    {
        Id = publication,
        Builds =
        [
            .. orders.Select(order =>
            {
                var landed = landing.List(order.Build.ToString(), order.Attempt).ToDictionary(file => file.FileName, file => file.Path);
                return new BuildToPublish
                {
                    Build = order.Build.ToString(),
                    Pkgbase = order.Build.Pkgbase,
                    Origin = farm is null ? null : Origins.Of(order, farm.Value),
                    Pkgnames = order.Pkgnames.IsDefaultOrEmpty ? null : [.. order.Pkgnames.Append(order.Build.Pkgbase).SelectMany(WithDebug)],
                    Required = order.Pkgnames.IsDefaultOrEmpty ? [] : order.Pkgnames,
                    Archives =
                    [
                        .. order.Archives.Select(archive => new OfferedArchive(
                            landed.GetValueOrDefault(archive.FileName, Path.Combine(folders.Landing, ".missing", Path.GetFileName(archive.FileName))), archive.Size, archive.Sha256)),
                    ],
                };
            }),
        ],
    };

    /// <summary>makepkg makes a <c>-debug</c> package beside the ones that .SRCINFO names when its options say so.</summary>
    private static IEnumerable<string> WithDebug(string pkgname) => [pkgname, $"{pkgname}-debug"];

    private static ImmutableArray<PublicationNews> News(
        ImmutableArray<PublishOrder> orders, PublicationProposal proposal, int generation, PublicationResult? result)
    {
        var refused = proposal.Refused.ToDictionary(build => build.Build, build => string.Join("; ", build.Reasons));
        if (result is { Status: PublicationStatus.FilesGone })
        {
            foreach (var build in proposal.Plan!.Builds)
            {
                refused[build] = string.Join("; ", result.Problems);
            }
        }

        return
        [
            .. orders.Select(order => refused.TryGetValue(order.Build.ToString(), out var reason)
                ? new PublicationNews { Build = order.Build, Attempt = order.Attempt, State = PublicationState.Refused, Reason = reason }
                : new PublicationNews { Build = order.Build, Attempt = order.Attempt, State = PublicationState.Published, Generation = generation }),
        ];
    }
}
