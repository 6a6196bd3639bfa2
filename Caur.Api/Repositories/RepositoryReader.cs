using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Caur.Storage.Repositories;
using Microsoft.Extensions.Options;
using Orleans;

namespace Caur.Api.Repositories;

/// <summary>The repositories that the configuration names.</summary>
internal sealed class RepositoryReader(IGrainFactory grains, IOptions<FarmOptions> farm)
{
    /// <summary>Which, sorted.</summary>
    public IReadOnlyList<TargetId> Targets { get; } =
    [
        .. farm.Value.TargetRepositories
            .SelectMany(target => target.Value.Architectures.Distinct(StringComparer.Ordinal).Select(arch => new TargetId(target.Key, arch)))
            .OrderBy(target => target.ToString(), StringComparer.Ordinal),
    ];

    public ITargetRepositoryGrain Repository(TargetId target) => grains.GetGrain<ITargetRepositoryGrain>(target.ToString());

    /// <summary>The repository of that name; null when the farm has none, which makes no grain of it either.</summary>
    public TargetId? Find(string name, string arch) =>
        TargetId.TryParse($"{name}/{arch}", null, out var target) && Targets.Contains(target) ? target : null;

    public async Task<RepositoryReply> ReadAsync(TargetId target)
    {
        try
        {
            var repository = Repository(target);
            var view = await repository.GetAsync();
            return new RepositoryReply
            {
                Target = target,
                Generation = view.Generation,
                Packages = view.Packages,
                Pending = view.Pending,
                Problem = view.Problem,
                Generations = view.Generation == 0 ? [] : await repository.GetGenerationsAsync(),
            };
        }
        catch (RepositoryDamagedException damaged)
        {
            // The others are shown all the same.
            return new RepositoryReply { Target = target, Generation = damaged.Generation, Problem = damaged.Message };
        }
    }
}
