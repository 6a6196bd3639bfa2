namespace Caur.Protocol.Link;

/// <summary>Why a link ended. A closed set: its names are close reasons and a metric's labels.</summary>
public enum LinkEndReason
{
    /// <summary>The connection went away without a word.</summary>
    Lost,

    /// <summary>The other end closed it; the text has its reason.</summary>
    Closed,

    /// <summary>Nothing came for <see cref="LinkProtocol.Silence"/>.</summary>
    Silent,

    /// <summary>A message was larger than its kind may be.</summary>
    TooLarge,

    /// <summary>A message cannot be read.</summary>
    Malformed,

    /// <summary>A message is of a type that this version does not have.</summary>
    UnknownType,

    /// <summary>A text, list or number of a message is out of its bounds.</summary>
    OutOfBounds,

    /// <summary>A message that this end does not take, or not yet.</summary>
    Unexpected,

    /// <summary>More requests are open, or more messages wait to be sent, than may be.</summary>
    TooMany,

    /// <summary>The agent did not say hello in time.</summary>
    NoHello,

    /// <summary>The builder may not join; the answer to its hello says why.</summary>
    Refused,

    /// <summary>The same agent has another link by now.</summary>
    Superseded,

    /// <summary>The agent said goodbye.</summary>
    Goodbye,

    /// <summary>The gateway's process ends.</summary>
    GoingAway,
}

/// <summary>How a link ended.</summary>
/// <param name="Reason">Why.</param>
/// <param name="Text">For people.</param>
public sealed record LinkEnd(LinkEndReason Reason, string Text)
{
    private const int FirstCode = 4000;

    /// <summary>The code of the close message: 4000 and the reason's number.</summary>
    public int Code => FirstCode + (int)Reason;

    /// <summary>The reason in words with underscores, as metrics and the close message have it.</summary>
    public string Name => NameOf(Reason);

    /// <summary>A reason in words with underscores.</summary>
    public static string NameOf(LinkEndReason reason) => reason switch
    {
        LinkEndReason.Lost => "lost",
        LinkEndReason.Closed => "closed",
        LinkEndReason.Silent => "silent",
        LinkEndReason.TooLarge => "too_large",
        LinkEndReason.Malformed => "malformed",
        LinkEndReason.UnknownType => "unknown_type",
        LinkEndReason.OutOfBounds => "out_of_bounds",
        LinkEndReason.Unexpected => "unexpected",
        LinkEndReason.TooMany => "too_many",
        LinkEndReason.NoHello => "no_hello",
        LinkEndReason.Refused => "refused",
        LinkEndReason.Superseded => "superseded",
        LinkEndReason.Goodbye => "goodbye",
        _ => "going_away",
    };
}
