using System.Text.Json.Serialization;
using Caur.Protocol.Builders;

namespace Caur.Protocol.Link;

/// <summary>A JSON message of the link; the set is closed.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type", UnknownDerivedTypeHandling = JsonUnknownDerivedTypeHandling.FailSerialization)]
[JsonDerivedType(typeof(HelloRequest), "hello")]
[JsonDerivedType(typeof(TakeRequest), "take")]
[JsonDerivedType(typeof(AcceptRequest), "accept")]
[JsonDerivedType(typeof(RenewRequest), "renew")]
[JsonDerivedType(typeof(ProgressRequest), "progress")]
[JsonDerivedType(typeof(CompleteRequest), "complete")]
[JsonDerivedType(typeof(GoodbyeRequest), "goodbye")]
[JsonDerivedType(typeof(WelcomeReply), "welcome")]
[JsonDerivedType(typeof(OrdersReply), "orders")]
[JsonDerivedType(typeof(AnswerReply), "answer")]
[JsonDerivedType(typeof(RenewedReply), "renewed")]
[JsonDerivedType(typeof(LogStoredReply), "log_reply")]
[JsonDerivedType(typeof(FailedReply), "failed")]
[JsonDerivedType(typeof(WorkAvailableNotice), "work_available")]
[JsonDerivedType(typeof(CancelNotice), "cancel")]
[JsonDerivedType(typeof(DrainNotice), "drain")]
[JsonDerivedType(typeof(RejoinNotice), "rejoin")]
[JsonDerivedType(typeof(PingNotice), "ping")]
public abstract record LinkMessage;

/// <summary>What an agent asks; every request gets one reply with its id.</summary>
public abstract record LinkRequest : LinkMessage
{
    /// <summary>Chosen by the agent, 1 or more, used once per link.</summary>
    [JsonPropertyOrder(-1)]
    public required long Id { get; init; }
}

/// <summary>What a gateway replies.</summary>
public abstract record LinkReply : LinkMessage
{
    /// <summary>The request's.</summary>
    [JsonPropertyOrder(-1)]
    public required long Id { get; init; }
}

/// <summary>What is said without an answer.</summary>
public abstract record LinkNotice : LinkMessage;

/// <summary>Joins, or joins again: the first message of a link. Answered with <see cref="WelcomeReply"/>.</summary>
/// <param name="Hello">Who and what.</param>
public sealed record HelloRequest(BuilderHello Hello) : LinkRequest;

/// <summary>Asks for work. Answered with <see cref="OrdersReply"/>.</summary>
/// <param name="Free">The most orders wanted, 1 or more.</param>
public sealed record TakeRequest(int Free) : LinkRequest;

/// <summary>Takes an order on. Answered with <see cref="AnswerReply"/>.</summary>
/// <param name="Attempt">The order's.</param>
public sealed record AcceptRequest(AttemptRef Attempt) : LinkRequest;

/// <summary>Renews the leases. Answered with <see cref="RenewedReply"/>.</summary>
/// <param name="Running">All that runs.</param>
public sealed record RenewRequest(IReadOnlyList<AttemptRef> Running) : LinkRequest;

/// <summary>An attempt reached another step. Answered with <see cref="AnswerReply"/>.</summary>
/// <param name="Attempt">Which.</param>
/// <param name="Step">The step.</param>
public sealed record ProgressRequest(AttemptRef Attempt, AttemptStep Step) : LinkRequest;

/// <summary>An attempt ended. Answered with <see cref="AnswerReply"/>.</summary>
/// <param name="Result">How.</param>
public sealed record CompleteRequest(AttemptResult Result) : LinkRequest;

/// <summary>The agent leaves. Answered with <see cref="AnswerReply"/>, after which the gateway closes the link.</summary>
public sealed record GoodbyeRequest : LinkRequest;

/// <summary>The answer to a hello.</summary>
/// <param name="Reply">Whether it may join, and on which terms.</param>
public sealed record WelcomeReply(HelloReply Reply) : LinkReply
{
    /// <summary>How orders name this gateway where nobody configured how build containers reach it: seen from the gateway's own machine. The
    /// agent puts the address in its place by which it came itself. Null when orders have an address that holds everywhere.</summary>
    public string? OwnAddress { get; init; }

    /// <summary>Where archives go by SFTP instead of through the gateway; null when the farm names no such server. An agent may know another
    /// way there, and goes through the gateway where none leads there.</summary>
    public SftpServer? Sftp { get; init; }
}

/// <summary>The SFTP server of the machine that has the landing zone.</summary>
/// <param name="Host">Its name or address.</param>
public sealed record SftpServer(string Host)
{
    /// <summary>Its port, 1 to 65535; null for 22.</summary>
    public int? Port { get; init; }

    /// <summary>As whom; null leaves it to who asks.</summary>
    public string? User { get; init; }
}

/// <summary>The answer to a take.</summary>
/// <param name="Orders">At most <see cref="LinkProtocol.MaxOrders"/>; each is withdrawn unless it is accepted within 5 s.</param>
public sealed record OrdersReply(IReadOnlyList<BuildOrder> Orders) : LinkReply;

/// <summary>Yes or no.</summary>
/// <param name="Yes">No means that the attempt is not this builder's, or not any more.</param>
public sealed record AnswerReply(bool Yes) : LinkReply;

/// <summary>The answer to a renewal.</summary>
/// <param name="Reply">What became of the leases.</param>
public sealed record RenewedReply(RenewReply Reply) : LinkReply;

/// <summary>The answer to a piece of a log.</summary>
/// <param name="Status">What became of it.</param>
/// <param name="NextOffset">The offset that is wanted next.</param>
public sealed record LogStoredReply(LogStatus Status, long NextOffset) : LinkReply;

/// <summary>The request failed; whether it was carried out is not known, and it may be repeated.</summary>
/// <param name="Reason">For people.</param>
public sealed record FailedReply(string Reason) : LinkReply;

/// <summary>Something may fit this builder: take.</summary>
public sealed record WorkAvailableNotice : LinkNotice;

/// <summary>End an attempt as cancelled.</summary>
/// <param name="Attempt">Which.</param>
/// <param name="Reason">For the log.</param>
public sealed record CancelNotice(AttemptRef Attempt, string Reason) : LinkNotice;

/// <summary>Take no more orders.</summary>
public sealed record DrainNotice : LinkNotice;

/// <summary>Say hello again.</summary>
public sealed record RejoinNotice : LinkNotice;

/// <summary>The sender is there; from both ends, every <see cref="LinkProtocol.PingEvery"/>.</summary>
public sealed record PingNotice : LinkNotice;

/// <summary>A piece of a log with the id of its request; the one message that is binary. Answered with <see cref="LogStoredReply"/>.</summary>
/// <param name="Chunk">At most <see cref="LinkProtocol.MaxLogBytes"/> of output.</param>
public sealed record LogRequest(LogChunk Chunk) : LinkRequest;
