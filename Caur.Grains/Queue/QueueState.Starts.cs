using System.Collections.Immutable;

namespace Caur.Grains.Queue;

internal sealed partial class QueueState
{
    /// <summary>What an estimate of all starts needs to know.</summary>
    public StartPlan PlanStarts(DateTimeOffset now)
    {
        var places = new Dictionary<QueueEntry, int>(_byBuild.Count);
        foreach (var entry in _byBuild.Values)
        {
            places[entry] = places.Count;
        }

        var builds = ImmutableArray.CreateBuilder<PlannedBuild>(places.Count);
        foreach (var entry in _byBuild.Values)
        {
            var first = entry.WaitsFor.Select(before => places[before]);
            builds.Add(new PlannedBuild(
                Copy(entry),
                [.. entry.Predecessor is { } predecessor && places.TryGetValue(predecessor, out var place) ? first.Append(place) : first]));
        }

        return new StartPlan(now, Paused, builds.MoveToImmutable(), ViewBuilders(now));
    }

    private static QueueEntry Copy(QueueEntry entry) => new(entry.SlotNumber, entry.Durable)
    {
        Offered = entry.Offered,
        OfferedTo = entry.OfferedTo,
        NotBefore = entry.NotBefore,
        Started = entry.Started,
        Chain = entry.Chain,
    };
}
