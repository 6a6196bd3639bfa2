using Caur.Api.Queue;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;

namespace Caur.Api.Builders;

/// <summary>The builders that the queues know: who registered, and did not say goodbye.</summary>
internal sealed class BuilderReader(QueueReader queues)
{
    /// <summary>All, by name.</summary>
    public async Task<IReadOnlyList<BuilderBody>> ReadAsync()
    {
        var overviews = await queues.ReadOverviewsAsync();
        var running = overviews.SelectMany(queue => queue.Active)
            .Where(item => item.State is BuildState.Assigned or BuildState.Running or BuildState.Uploading && item.Builder is not null)
            .ToLookup(item => item.Builder!.Value);
        return
        [
            .. overviews.SelectMany(queue => queue.Builders)
                .GroupBy(builder => builder.Profile.Builder)
                .OrderBy(group => group.Key.ToString(), StringComparer.Ordinal)
                .Select(group => BuilderBody.Of(group.First(), group.Sum(builder => builder.Busy), running[group.Key])),
        ];
    }

    /// <summary>One; null when it is not known.</summary>
    public async Task<BuilderBody?> FindAsync(BuilderId id) => (await ReadAsync()).FirstOrDefault(builder => builder.Builder == id);
}
