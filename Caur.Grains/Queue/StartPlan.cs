using System.Collections.Immutable;
using Caur.Contracts.Queue;

namespace Caur.Grains.Queue;

/// <summary>A queue at one moment, as far as it decides when builds start. A copy: the queue goes on meanwhile.</summary>
/// <param name="Now">The moment.</param>
/// <param name="Paused">No build is handed out.</param>
/// <param name="Builds">What is queued or with a builder.</param>
/// <param name="Builders">The builders that are here.</param>
internal sealed record StartPlan(
    DateTimeOffset Now, bool Paused, ImmutableArray<PlannedBuild> Builds, ImmutableArray<QueueBuilder> Builders);

/// <summary>One build of a plan.</summary>
/// <param name="Entry">A copy of its entry without edges; its state, rank, chain and demand are those of the moment.</param>
/// <param name="WaitsFor">The places in the plan of the builds that come first.</param>
internal sealed record PlannedBuild(QueueEntry Entry, ImmutableArray<int> WaitsFor);
