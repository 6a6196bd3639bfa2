using Caur.Api.Builders;
using Caur.Api.Paging;
using Caur.Api.Queue;
using Caur.Contracts.Events;
using Caur.Contracts.Queue;

namespace Caur.Silo.Cli;

/// <summary>Reads the queues to their end.</summary>
internal static class QueuePages
{
    /// <summary>All queues with all builders: what builders have first, then what waits in the order of its turn.</summary>
    /// <param name="queue">Gets a page of the queues.</param>
    /// <param name="builders">Gets a page of the builders.</param>
    public static async Task<IReadOnlyList<QueueSnapshot>> ReadAsync(Func<string, Task<QueuePage>> queue, Func<string, Task<Page<BuilderBody>>> builders)
    {
        var (items, counts) = (new List<QueuedBuildBody>(), (IReadOnlyList<QueueCounts>)[]);
        string? after = null;
        do
        {
            var page = await queue($"api/v1/queue?limit=1000{After(after)}");
            items.AddRange(page.Items);
            (counts, after) = (page.Queues, page.Next);
        }
        while (after is not null);

        var known = new List<BuilderBody>();
        do
        {
            var page = await builders($"api/v1/builders?limit=1000{After(after)}");
            known.AddRange(page.Items);
            after = page.Next;
        }
        while (after is not null);

        var byArch = items.ToLookup(item => item.Build.Arch);
        return
        [
            .. counts.Select(count => new QueueSnapshot
            {
                Arch = count.Arch,
                Paused = count.Paused,
                Items = [.. byArch[count.Arch].OrderBy(item => item.Position ?? 0).Select(ItemOf)],
                Builders = [.. known.Where(builder => BuildsFor(builder, count.Arch)).Select(BuilderOf)],
            }),
        ];
    }

    private static bool BuildsFor(BuilderBody builder, string arch) =>
        builder.Architectures.Count == 0 || builder.Architectures.Contains(arch, StringComparer.Ordinal);

    private static string After(string? cursor) => cursor is null ? "" : $"&after={Uri.EscapeDataString(cursor)}";

    private static QueueItem ItemOf(QueuedBuildBody body) => new()
    {
        Build = body.Build,
        Request = body.Request,
        State = body.State,
        Wait = body.Wait,
        Explanation = body.Explanation,
        Builder = body.Builder,
        Attempts = body.Attempts,
    };

    private static QueueBuilder BuilderOf(BuilderBody body) => new(
        new BuilderProfile
        {
            Builder = body.Builder,
            Class = body.Class,
            Slots = body.Slots,
            Labels = [.. body.Labels],
            Architectures = [.. body.Architectures],
            Draining = body.Draining,
            MemoryMiB = body.MemoryMib,
            DiskMiB = body.DiskMib,
            Problem = body.Problem,
        },
        body.Busy,
        body.State == BuilderPresence.Lost);
}
