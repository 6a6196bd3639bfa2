using System.Collections.Concurrent;
using System.Collections.Immutable;
using Caur.Api.Builds;
using Caur.Api.Paging;
using Caur.Api.Queue;
using Caur.Api.Repositories;
using Caur.Contracts.Builds;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Packages;
using Caur.Contracts.Repositories;
using Caur.Storage.Repositories;
using Caur.Storage.State;
using Microsoft.Extensions.Options;
using Orleans;

namespace Caur.Api.Packages;

/// <summary>What is known of packages: by their builds, and by what the repositories have.</summary>
internal sealed class PackageReader(
    IGrainFactory grains, BuildCatalog builds, QueueReader queues, RepositoryReader repositories, IOptions<FarmOptions> farm)
{
    private const int Newest = 20;
    private const int PageSize = 1000;

    /// <summary>What each repository had when it was read last: it changes with the generation alone.</summary>
    private readonly ConcurrentDictionary<TargetId, (long Generation, List<(string Pkgbase, PublishedVersion Version)> Packages)> _published = new();

    /// <summary>A page of all packages that ever were built, are queued, or are published, by name.</summary>
    /// <param name="name">A part of the name; null for all.</param>
    /// <param name="after">The name before the first.</param>
    /// <param name="limit">So many at most.</param>
    public async Task<Page<PackageSummary>> ListAsync(string? name, string? after, int limit)
    {
        var published = await PublishedAsync();
        var names = (await builds.PkgbasesAsync()).Union(published.Select(package => package.Key))
            .Where(pkgbase => name is not { Length: > 0 } || pkgbase.Contains(name, StringComparison.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal);
        var (items, next) = Pager.Cut(
            names, pkgbase => after is not { Length: > 0 } || string.CompareOrdinal(pkgbase, after) > 0, limit, pkgbase => pkgbase);
        var latest = await builds.LatestAsync([.. items]);
        return new Page<PackageSummary>
        {
            Items =
            [
                .. items.Select(pkgbase => new PackageSummary
                {
                    Source = latest.GetValueOrDefault(pkgbase)?.Source is { Length: > 0 } source ? source : null,
                    Pkgbase = pkgbase,
                    Published = [.. published[pkgbase]],
                    Latest = latest.GetValueOrDefault(pkgbase),
                }),
            ],
            Next = next,
        };
    }

    /// <summary>One package; null when the farm knows nothing of it.</summary>
    public async Task<PackageReply?> FindAsync(string source, string pkgbase)
    {
        var known = (await builds.ListAsync(new BuildListQuery { Package = pkgbase, Limit = PageQuery.Most })).Items;
        var all = known.Where(build => build.Source == source || build.Source.Length == 0).ToList();
        var published = (await PublishedAsync())[pkgbase].ToList();

        // Also of one whose logs were all removed: what was built long ago is known all the same.
        var history = await HistoryAsync(source, pkgbase);

        // What is published and was built from nowhere that is known may be of any source repository.
        return all.Count == 0 && history.IsEmpty && published.Count == 0 ? null : new PackageReply
        {
            Source = source,
            Pkgbase = pkgbase,
            Published = published,
            Queued = [.. all.Where(build => !build.Final)],
            Decisions = [.. all.Where(build => build.Final).Take(Newest)],
            History =
            [
                .. history.Select(build => new PackageAttempt(
                    build.Build, build.State, build.End, build.Builder, build.Started, Math.Round(build.Duration.TotalSeconds, 3))),
            ],
            Estimates = await EstimatesAsync(source, pkgbase, history),
        };
    }

    /// <summary>The names of package folders that somebody who asked for this one may have meant.</summary>
    public async Task<IReadOnlyList<string>> NearestAsync(string pkgbase) =>
        NearestNames.Of(pkgbase, (await builds.PkgbasesAsync()).Union((await PublishedAsync()).Select(package => package.Key)));

    /// <summary>True for a source repository of the configuration.</summary>
    public bool IsSource(string source) => farm.Value.SourceRepositories.ContainsKey(source);

    /// <summary>The source repositories, sorted.</summary>
    public IEnumerable<string> Sources => farm.Value.SourceRepositories.Keys.Order(StringComparer.Ordinal);

    private IPackageGrain Package(string source, string pkgbase) => grains.GetGrain<IPackageGrain>(new SourcePackage(source, pkgbase).ToString());

    private async Task<PackageEstimate[]> EstimatesAsync(string source, string pkgbase, ImmutableArray<FinishedBuild> history)
    {
        try
        {
            return await Task.WhenAll(queues.Architectures.Select(async arch => new PackageEstimate(
                arch,
                Math.Round((await Package(source, pkgbase).EstimateAsync(arch)).TotalSeconds, 3),
                history.Any(build => build.Build.Arch == arch && build.End == AttemptEnd.Built))));
        }
        catch (Exception exception) when (StateDamage.IsIn(exception))
        {
            return [];
        }
    }

    /// <summary>A history that cannot be read must not hide what is known without it.</summary>
    private async Task<ImmutableArray<FinishedBuild>> HistoryAsync(string source, string pkgbase)
    {
        try
        {
            return await Package(source, pkgbase).GetHistoryAsync();
        }
        catch (Exception exception) when (StateDamage.IsIn(exception))
        {
            return [];
        }
    }

    private async Task<ILookup<string, PublishedVersion>> PublishedAsync() =>
        (await Task.WhenAll(repositories.Targets.Select(PublishedAsync))).SelectMany(packages => packages).ToLookup(package => package.Pkgbase, package => package.Version);

    private async Task<List<(string Pkgbase, PublishedVersion Version)>> PublishedAsync(TargetId target)
    {
        var found = new List<(string, PublishedVersion)>();
        try
        {
            var generation = (await repositories.Repository(target).GetAsync()).Generation;
            if (_published.TryGetValue(target, out var known) && known.Generation == generation)
            {
                return known.Packages;
            }

            PackagePage? page = null;
            do
            {
                page = await repositories.Repository(target).GetPackagesAsync(page?.Next, PageSize);
                found.AddRange(page.Packages.Select(package => (
                    package.Pkgbase, new PublishedVersion(target, package.Pkgname, package.Version, package.FileName))));
            }
            while (page.Next is not null);
            if (page.Generation == generation)
            {
                _published[target] = (generation, found);
            }
        }
        catch (RepositoryDamagedException)
        {
            // What the others have is shown all the same; the repository itself says what is wrong.
        }

        return found;
    }
}
