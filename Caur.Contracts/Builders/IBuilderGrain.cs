using System.Collections.Immutable;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Orleans;
using Orleans.Concurrency;

namespace Caur.Contracts.Builders;

/// <summary>One builder as the control plane sees it; its key is the <see cref="BuilderId"/>.</summary>
[Alias("caur.IBuilderGrain")]
public interface IBuilderGrain : IGrainWithStringKey
{
    /// <summary>A session speaks for the builder from now on. Another boot id means that what is not listed as running is lost.</summary>
    [Alias("Join")]
    Task<JoinReply> JoinAsync(BuilderJoin join, IBuilderSessionObserver session);

    /// <summary>Renews session and leases; every 10 s.</summary>
    [Alias("Renew")]
    Task<RenewResult> RenewAsync(Guid session, IBuilderSessionObserver observer, ImmutableArray<BuildAttempt> running);

    /// <summary>A session's agent was heard of, whatever it said; every few seconds while its link is open. It renews nothing: it keeps another
    /// agent from taking the place of one that is alive.</summary>
    [Alias("Alive")]
    [OneWay]
    Task AliveAsync(Guid session);

    /// <summary>Asks the queues of the builder's architectures for work.</summary>
    [Alias("Take")]
    Task<ImmutableArray<QueueOffer>> TakeAsync(Guid session, int slots);

    /// <summary>Takes an offer on, under a lease.</summary>
    [Alias("Accept")]
    Task<bool> AcceptAsync(Guid session, BuildAttempt attempt);

    /// <summary>Notes that an attempt uploads.</summary>
    [Alias("Uploading")]
    Task<bool> UploadingAsync(Guid session, BuildAttempt attempt);

    /// <summary>Ends an attempt and its lease.</summary>
    /// <returns>False when the attempt was not current.</returns>
    [Alias("Complete")]
    Task<bool> CompleteAsync(Guid session, AttemptReport report);

    /// <summary>Says goodbye: what was not completed is handed out again.</summary>
    [Alias("Leave")]
    Task LeaveAsync(Guid session);

    /// <summary>A session's link is lost: the builder gets nothing more and is shown as lost until somebody joins again. What it runs stays its
    /// own until its leases end. Of an older session nothing happens.</summary>
    [Alias("LinkLost")]
    Task LinkLostAsync(Guid session);

    /// <summary>How an attempt stands with this builder; for what comes beside the session, as uploads do.</summary>
    [Alias("Standing")]
    Task<AttemptStanding> StandingAsync(BuildAttempt attempt);

    /// <summary>Something may fit: the session tells its agent to take.</summary>
    [Alias("Poke")]
    [OneWay]
    Task PokeAsync();

    /// <summary>Ends an attempt that runs here.</summary>
    [Alias("Cancel")]
    [OneWay]
    Task CancelAsync(BuildAttempt attempt, string reason);

    /// <summary>Grants a full lease for attempts that the queue found running after a restart.</summary>
    [Alias("Watch")]
    [OneWay]
    Task WatchAsync(ImmutableArray<BuildAttempt> attempts);

    /// <summary>Takes no more orders, or takes them again.</summary>
    [Alias("Drain")]
    Task DrainAsync(bool draining);
}

/// <summary>The control plane's side of a builder session. The calls are never awaited in a turn and may be lost.</summary>
[Alias("caur.IBuilderSessionObserver")]
public interface IBuilderSessionObserver : IGrainObserver
{
    /// <summary>Something may fit this builder.</summary>
    [Alias("WorkAvailable")]
    [OneWay]
    Task WorkAvailableAsync();

    /// <summary>End an attempt.</summary>
    [Alias("Cancel")]
    [OneWay]
    Task CancelAsync(BuildAttempt attempt, string reason);

    /// <summary>Take no more orders.</summary>
    [Alias("Drain")]
    [OneWay]
    Task DrainAsync();

    /// <summary>Take orders again.</summary>
    [Alias("Resume")]
    [OneWay]
    Task ResumeAsync();
}

/// <summary>What a session says when it joins.</summary>
[GenerateSerializer, Alias("caur.BuilderJoin"), Immutable]
public sealed record BuilderJoin
{
    /// <summary>Made anew by each session; calls with an older one are refused.</summary>
    [Id(0)]
    public required Guid Session { get; init; }

    /// <summary>New at each start of the agent.</summary>
    [Id(1)]
    public required Guid BootId { get; init; }

    /// <summary>What the builder is.</summary>
    [Id(2)]
    public required BuilderProfile Profile { get; init; }

    /// <summary>What it says it runs.</summary>
    [Id(3)]
    public ImmutableArray<BuildAttempt> Running { get; init; } = [];
}

/// <summary>The answer to a join.</summary>
/// <param name="Accepted">False when another live agent has this instance.</param>
/// <param name="Reason">For people, when refused.</param>
/// <param name="Current">What of the running attempts is current: these go on, the others end.</param>
/// <param name="Lease">How long a lease lasts.</param>
[GenerateSerializer, Alias("caur.JoinReply"), Immutable]
public sealed record JoinReply(
    [property: Id(0)] bool Accepted,
    [property: Id(1)] string? Reason,
    [property: Id(2)] ImmutableArray<BuildAttempt> Current,
    [property: Id(3)] TimeSpan Lease)
{
    private static readonly TimeSpan RenewedWithin = TimeSpan.FromSeconds(10);

    /// <summary>How often leases of that length are renewed: three times in each, and every 10 s at least, since a renewal also says that the
    /// builder is there.</summary>
    public static TimeSpan RenewEvery(TimeSpan lease) => lease / 3 < RenewedWithin ? lease / 3 : RenewedWithin;
}

/// <summary>The answer to a renewal.</summary>
/// <param name="Known">False when the session is not the builder's: join again.</param>
/// <param name="Lost">Attempts that are not this builder's any more.</param>
/// <param name="Cancelled">Attempts that are to be ended.</param>
[GenerateSerializer, Alias("caur.RenewResult"), Immutable]
public sealed record RenewResult(
    [property: Id(0)] bool Known,
    [property: Id(1)] ImmutableArray<BuildAttempt> Lost,
    [property: Id(2)] ImmutableArray<BuildAttempt> Cancelled);

/// <summary>How an attempt stands with a builder.</summary>
[GenerateSerializer, Alias("caur.AttemptStanding")]
public enum AttemptStanding
{
    /// <summary>It is the builder's.</summary>
    Current,

    /// <summary>It is not, or not any more.</summary>
    Stale,

    /// <summary>The builder has no session now, so nobody can say: ask again when it has joined.</summary>
    Unknown,
}
