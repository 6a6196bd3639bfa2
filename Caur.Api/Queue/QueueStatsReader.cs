using System.Globalization;
using Caur.Contracts.Builds;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Microsoft.Extensions.Options;

namespace Caur.Api.Queue;

/// <summary>Makes <c>GET /api/queue/stats</c> of the queues. Dashboards ask for it again and again: it is made once per change.</summary>
public sealed class QueueStatsReader(QueueReader queues, IOptions<FarmOptions> farm)
{
    private Made? _last;

    /// <summary>The stats of now.</summary>
    public async Task<QueueStats> ReadAsync()
    {
        var snapshots = await queues.ReadAsync();
        if (_last is { } last && last.Of.SequenceEqual(snapshots, ReferenceEqualityComparer.Instance))
        {
            return last.Stats;
        }

        var stats = Make(snapshots);
        _last = new Made(snapshots, stats);
        return stats;
    }

    /// <summary>A class in JSON: a number when it is one.</summary>
    internal static object Class(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : text;

    private QueueStats Make(IReadOnlyList<QueueSnapshot> snapshots)
    {
        var builders = snapshots.SelectMany(queue => queue.Builders).ToList();
        var classes = builders
            .GroupBy(builder => builder.Profile.Builder)
            .ToDictionary(group => group.Key, group => Class(group.First().Profile.Class));
        var active = new List<ActivePackage>();
        var waiting = new List<WaitingPackage>();
        foreach (var item in snapshots.SelectMany(queue => queue.Items))
        {
            if (item.State is BuildState.Waiting)
            {
                waiting.Add(new WaitingPackage(item.Build.Package.ToString(), Class(item.Request.BuilderClass ?? "1")));
            }
            else if (item.Builder is { } builder)
            {
                active.Add(new ActivePackage(item.Build.Package.ToString(), builder.Name, classes.GetValueOrDefault(builder), LogUrl(item.Build)));
            }
        }

        return new QueueStats(
            QueueStats.Of(active),
            QueueStats.Of(waiting),
            QueueStats.OfNodes(builders
                .Where(builder => builder.Busy < builder.Profile.Slots && !builder.Lost && builder.Profile.CanTake)
                .DistinctBy(builder => builder.Profile.Builder)
                .Select(builder => new IdleNode(builder.Profile.Builder.Name, Class(builder.Profile.Class)))));
    }

    private string? LogUrl(BuildId build) => farm.Value.LogsUrl is { Length: > 0 } url
        ? string.Create(CultureInfo.InvariantCulture, $"{url}?timestamp={build.Timestamp}&id={Uri.EscapeDataString(build.Pkgbase)}")
        : null;

    private sealed record Made(IReadOnlyList<QueueSnapshot> Of, QueueStats Stats);
}
