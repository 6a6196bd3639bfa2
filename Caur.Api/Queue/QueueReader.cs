using Caur.Contracts.Farm;
using Caur.Contracts.Queue;
using Microsoft.Extensions.Options;
using Orleans;

namespace Caur.Api.Queue;

/// <summary>The queues of all architectures that the configuration names.</summary>
public sealed class QueueReader(IGrainFactory grains, IOptions<FarmOptions> farm)
{
    /// <summary>The architectures, sorted.</summary>
    public IReadOnlyList<string> Architectures { get; } =
    [
        .. farm.Value.TargetRepositories.Values.SelectMany(target => target.Architectures)
            .Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal),
    ];

    /// <summary>One queue.</summary>
    public IBuildQueueGrain Queue(string arch) => grains.GetGrain<IBuildQueueGrain>(arch);

    /// <summary>All queues without explanations.</summary>
    public async Task<IReadOnlyList<QueueOverview>> ReadOverviewsAsync() =>
        await Task.WhenAll(Architectures.Select(arch => Queue(arch).GetOverviewAsync()));

    /// <summary>Everything in all queues.</summary>
    public async Task<IReadOnlyList<QueueSnapshot>> ReadAsync() => await Task.WhenAll(Architectures.Select(arch => Queue(arch).GetAsync()));
}
