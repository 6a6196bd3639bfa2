using System.Globalization;
using System.Text.Json;
using Caur.Api.Hosting;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Microsoft.Extensions.Options;

namespace Caur.Api.Queue;

/// <summary>Makes <c>GET /api/queue/stats</c> of the queues. Dashboards ask for it again and again: it is made once per change, and of
/// what the queues tell without explaining anything.</summary>
public sealed class QueueStatsReader(QueueReader queues, IOptions<FarmOptions> farm)
{
    private static readonly object DefaultClass = 1;

    private Made? _last;

    /// <summary>The stats of now, as they are sent.</summary>
    internal async Task<TaggedJson> ReadAsync(JsonSerializerOptions json)
    {
        var overviews = await queues.ReadOverviewsAsync();
        if (_last is { } last && last.Of.SequenceEqual(overviews, ReferenceEqualityComparer.Instance))
        {
            return last.Json;
        }

        var made = TaggedJson.Of(QueueStatsJson.Write(Make(overviews), json));
        _last = new Made(overviews, made);
        return made;
    }

    /// <summary>The stats of now.</summary>
    public async Task<QueueStats> ReadAsync() => Make(await queues.ReadOverviewsAsync());

    /// <summary>How builds ended since the hub started.</summary>
    public async Task<QueueMetrics> ReadMetricsAsync()
    {
        var totals = (await queues.ReadOverviewsAsync()).Select(queue => queue.Totals).ToList();
        return new QueueMetrics(
            new QueueMetricsCounts(totals.Sum(total => total.Built), totals.Sum(total => total.NotBuilt)),
            new QueueMetricsCounts(totals.Sum(total => total.Published), totals.Sum(total => total.Refused)));
    }

    /// <summary>A class in JSON: a number when it is one; 1 when none is wanted.</summary>
    internal static object Class(string? text) =>
        text is null ? DefaultClass : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : text;

    private QueueStats Make(IReadOnlyList<QueueOverview> overviews)
    {
        var builders = overviews.SelectMany(queue => queue.Builders).ToList();
        var classes = builders
            .GroupBy(builder => builder.Profile.Builder)
            .ToDictionary(group => group.Key, group => Class(group.First().Profile.Class));
        return new QueueStats(
            QueueStats.Of(overviews.SelectMany(queue => queue.Active)
                .Where(item => item.Builder is not null)
                .Select(item => new ActivePackage(
                    item.Build.Package.ToString(), item.Builder!.Value.Name, classes.GetValueOrDefault(item.Builder.Value), LogUrl(item.Build)))),
            QueueStats.Of(overviews.SelectMany(queue => queue.Waiting.Sort())
                .Select(build => new WaitingPackage(build.Package, Class(build.BuilderClass)))),
            QueueStats.OfNodes(builders
                .Where(builder => builder.Busy < builder.Profile.Slots && !builder.Lost && builder.Profile.CanTake)
                .DistinctBy(builder => builder.Profile.Builder)
                .Select(builder => new IdleNode(builder.Profile.Builder.Name, Class(builder.Profile.Class)))));
    }

    private string? LogUrl(BuildId build) => farm.Value.LogsUrl is { Length: > 0 } url
        ? string.Create(CultureInfo.InvariantCulture, $"{url}?timestamp={build.Timestamp}&id={Uri.EscapeDataString(build.Pkgbase)}")
        : null;

    private sealed record Made(IReadOnlyList<QueueOverview> Of, TaggedJson Json);
}
