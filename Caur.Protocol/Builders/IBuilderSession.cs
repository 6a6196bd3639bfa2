namespace Caur.Protocol.Builders;

/// <summary>What an agent can say to the control plane. In the hub the session stands beside the agent; on another host it is the near
/// end of a link. A call that throws or times out has an unknown outcome, and every one of them may be repeated.</summary>
public interface IBuilderSession
{
    /// <summary>Joins, or joins again. Nothing else may be called before it was accepted.</summary>
    Task<HelloReply> HelloAsync(BuilderHello hello, IBuilderAgent agent, CancellationToken cancellationToken);

    /// <summary>Asks for work.</summary>
    /// <param name="freeSlots">The most orders wanted; 1 or more.</param>
    /// <param name="cancellationToken">Ends the wait, not the orders.</param>
    /// <returns>Up to <paramref name="freeSlots"/> orders; each is withdrawn unless it is accepted within 5 s.</returns>
    Task<IReadOnlyList<BuildOrder>> TakeAsync(int freeSlots, CancellationToken cancellationToken);

    /// <summary>Takes an order on: from here on the attempt is this builder's, under a lease.</summary>
    /// <returns>False when the order was withdrawn meanwhile; the agent drops it.</returns>
    Task<bool> AcceptAsync(AttemptRef attempt, CancellationToken cancellationToken);

    /// <summary>Renews the leases of all that runs here. Once before a container starts, and then every
    /// <see cref="HelloReply.RenewEvery"/>, also with nothing running.</summary>
    Task<RenewReply> RenewAsync(IReadOnlyList<AttemptRef> running, CancellationToken cancellationToken);

    /// <summary>Tells that an attempt reached another step.</summary>
    /// <returns>False when the attempt is stale: the agent ends it.</returns>
    Task<bool> ProgressAsync(AttemptRef attempt, AttemptStep step, CancellationToken cancellationToken);

    /// <summary>Appends to the attempt's log; one call at a time per attempt.</summary>
    Task<LogReply> AppendLogAsync(LogChunk chunk, CancellationToken cancellationToken);

    /// <summary>Brings one finished archive to the landing zone. Repeating it with the same content is no error.</summary>
    /// <param name="attempt">Whose archive it is.</param>
    /// <param name="archive">Name, size and hash, which the far side checks.</param>
    /// <param name="open">Opens the content; called again for each try.</param>
    /// <param name="cancellationToken">Ends the upload.</param>
    Task<UploadReply> UploadAsync(
        AttemptRef attempt, ArchiveInfo archive, Func<CancellationToken, ValueTask<Stream>> open, CancellationToken cancellationToken);

    /// <summary>Reports the end of an attempt and ends its lease.</summary>
    /// <returns>False when the attempt was stale: its result counts for nothing.</returns>
    Task<bool> CompleteAsync(AttemptResult result, CancellationToken cancellationToken);

    /// <summary>Says goodbye: what was not completed is handed out again at once.</summary>
    Task GoodbyeAsync(CancellationToken cancellationToken);
}

/// <summary>What the control plane can say to an agent. The calls return at once and may be lost or repeated.</summary>
public interface IBuilderAgent
{
    /// <summary>What runs here now; asked when a lost link is back, before anything else is said.</summary>
    IReadOnlyList<AttemptRef> Running => [];

    /// <summary>Something may fit this builder: take.</summary>
    void WorkAvailable();

    /// <summary>Ends an attempt; its result is then <see cref="AttemptOutcome.Cancelled"/>.</summary>
    /// <param name="attempt">Which one; one that does not run here is ignored.</param>
    /// <param name="reason">For the log.</param>
    void Cancel(AttemptRef attempt, string reason);

    /// <summary>Takes no more orders; what runs goes on to its end.</summary>
    void Drain();

    /// <summary>The control plane does not know this session any more: say hello again.</summary>
    void Rejoin();
}

/// <summary>The steps an agent tells of.</summary>
public enum AttemptStep
{
    /// <summary>The container runs.</summary>
    Running,

    /// <summary>The container is done, archives are on their way to the landing zone. From here on nothing is cancelled.</summary>
    Uploading,
}

/// <summary>The answer to a renewal.</summary>
/// <param name="Known">False when the control plane does not know the session: say hello again, end nothing.</param>
/// <param name="Lost">Attempts that are not this builder's any more; the agent ends them and reports nothing.</param>
/// <param name="Cancelled">Attempts to be ended with outcome <see cref="AttemptOutcome.Cancelled"/>.</param>
public sealed record RenewReply(bool Known, IReadOnlyList<AttemptRef> Lost, IReadOnlyList<AttemptRef> Cancelled);

/// <summary>The answer to an upload.</summary>
public sealed record UploadReply
{
    /// <summary>The archive is in the landing zone and its hash was right.</summary>
    public required bool Stored { get; init; }

    /// <summary>The attempt is stale: nothing was kept, and the agent ends it.</summary>
    public bool Stale { get; init; }

    /// <summary>There is no room for it now: the agent keeps it and asks again until there is. The attempt does not suffer for it.</summary>
    public bool NoRoom { get; init; }

    /// <summary>Why it was not stored; for people.</summary>
    public string? Reason { get; init; }
}
