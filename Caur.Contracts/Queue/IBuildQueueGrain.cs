using System.Collections.Immutable;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Orleans;
using Orleans.Concurrency;

namespace Caur.Contracts.Queue;

/// <summary>Which builds of one architecture wait, their order, and which builder gets which. Its key is the architecture.</summary>
[Alias("caur.IBuildQueueGrain")]
public interface IBuildQueueGrain : IGrainWithStringKey
{
    /// <summary>Queues builds. A waiting build of the same package is replaced and keeps its place; a running one is cancelled and
    /// replaced; one that uploads already finishes first.</summary>
    /// <returns>One reply per package, in the order of the request.</returns>
    [Alias("Enqueue")]
    Task<ImmutableArray<QueuedReply>> EnqueueAsync(EnqueueRequest request);

    /// <summary>Offers a builder what fits it. An offer that is not accepted within 5 s is withdrawn.</summary>
    [Alias("Take")]
    Task<ImmutableArray<QueueOffer>> TakeAsync(BuilderProfile builder, int slots);

    /// <summary>Makes an offer the builder's.</summary>
    /// <returns>False when it was withdrawn.</returns>
    [Alias("Accept")]
    Task<bool> AcceptAsync(BuildAttempt attempt);

    /// <summary>Notes that an attempt uploads.</summary>
    /// <returns>False when the attempt is not the current one.</returns>
    [Alias("Uploading")]
    Task<bool> UploadingAsync(BuildAttempt attempt);

    /// <summary>Ends an attempt: the build is finished, published or tried again.</summary>
    /// <returns>False when the attempt was not the current one: its result counts for nothing.</returns>
    [Alias("Complete")]
    Task<bool> CompleteAsync(AttemptReport report);

    /// <summary>News from a build: it reached a final state.</summary>
    [Alias("Finished")]
    [OneWay]
    Task FinishedAsync(BuildId build, FinalVerdict verdict);

    /// <summary>Tells what a builder is and that it is there. Repeated every 10 s.</summary>
    /// <param name="builder">What it is.</param>
    /// <param name="running">What it says it runs.</param>
    /// <returns>Those of <paramref name="running"/> that are not its current attempts any more.</returns>
    [Alias("Register")]
    Task<ImmutableArray<BuildAttempt>> RegisterAsync(BuilderProfile builder, ImmutableArray<BuildAttempt> running);

    /// <summary>A builder said goodbye, or its lease ended.</summary>
    [Alias("Unregister")]
    Task UnregisterAsync(BuilderId builder);

    /// <summary>Cancels a waiting or running build.</summary>
    /// <returns>What can be said of it: unknown builds and those past cancelling are named as such.</returns>
    [Alias("Cancel")]
    Task<CancelReply> CancelAsync(BuildId build, string reason);

    /// <summary>Puts a waiting build, and the waiting builds that it waits for, before everything that came in the last 24 hours.
    /// Repeating it changes nothing.</summary>
    [Alias("Promote")]
    Task<PromoteReply> PromoteAsync(BuildId build);

    /// <summary>Stops or resumes handing out builds; a restart changes nothing in that.</summary>
    [Alias("Pause")]
    Task PauseAsync(bool paused);

    /// <summary>Cancels everything that waits; what builders have goes on. What was queued meanwhile may stay.</summary>
    [Alias("Reset")]
    [ResponseTimeout("00:10:00")]
    Task<ResetReply> ResetAsync(string reason);

    /// <summary>Counts and lists without explanations: what is asked for again and again.</summary>
    [Alias("Overview")]
    [ReadOnly]
    Task<QueueOverview> GetOverviewAsync();

    /// <summary>When what waits will probably start, by how long builds took before, the free slots and the order.</summary>
    [Alias("Starts")]
    Task<ImmutableArray<StartEstimate>> GetStartsAsync();

    /// <summary>Everything in the queue, and its builders.</summary>
    [Alias("Get")]
    [ReadOnly]
    Task<QueueSnapshot> GetAsync();

    /// <summary>One build in the queue; null when it is not there.</summary>
    [Alias("Find")]
    [ReadOnly]
    Task<QueueItem?> FindAsync(BuildId build);

    /// <summary>A build of a pkgbase in the queue, whatever its target repository: the one of that timestamp, or the newest.</summary>
    [Alias("FindPackage")]
    [ReadOnly]
    Task<QueueItem?> FindPackageAsync(string pkgbase, long? timestamp);
}

/// <summary>What became of a wish to cancel.</summary>
/// <param name="Done">True when the build is cancelled, or will be as soon as its builder has ended it.</param>
/// <param name="Explanation">For people.</param>
[GenerateSerializer, Alias("caur.CancelReply"), Immutable]
public sealed record CancelReply([property: Id(0)] bool Done, [property: Id(1)] string Explanation);

/// <summary>What became of a wish to promote.</summary>
/// <param name="Done">False when the build does not wait.</param>
/// <param name="Explanation">For people.</param>
/// <param name="Promoted">What stands before the others now: the build and what it waits for.</param>
[GenerateSerializer, Alias("caur.PromoteReply"), Immutable]
public sealed record PromoteReply(
    [property: Id(0)] bool Done, [property: Id(1)] string Explanation, [property: Id(2)] ImmutableArray<BuildId> Promoted);
