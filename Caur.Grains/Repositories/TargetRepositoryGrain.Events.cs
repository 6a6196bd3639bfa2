using System.Collections.Immutable;
using Caur.Contracts.Events;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Caur.Grains.Events;

namespace Caur.Grains.Repositories;

/// <summary>What the repository tells those who follow the farm.</summary>
internal sealed partial class TargetRepositoryGrain
{
    private EventSource Events => field ??= new EventSource(GrainFactory, $"repository {Id}");

    private async Task TellPublishedAsync(IReadOnlyCollection<PublicationNews> news)
    {
        // Mostly one generation; after a crash the outcome of an earlier one may be among them.
        foreach (var generation in news.Where(item => item is { State: PublicationState.Published, Generation: not null }).GroupBy(item => item.Generation!.Value))
        {
            await TellAsync(generation.Key, [.. generation.Select(item => item.Build).Take(PublicationChange.NamedAtMost)], "");
        }
    }

    private Task TellChangedAsync(RepositoryChangeView view) => view is { State: RepositoryChangeState.Done, Generation: { } generation }
        ? TellAsync(generation, [], view.Kind.ToString().ToLowerInvariant())
        : Task.CompletedTask;

    private Task TellAsync(long generation, ImmutableArray<BuildId> builds, string reason) => Events.TellAsync(new FarmEvent
    {
        Time = clock.GetUtcNow(),
        Kind = FarmEventKind.Publication,
        Reason = reason,
        Publication = new PublicationChange(Id, generation, builds),
    });
}
