using System.Collections.Immutable;
using Caur.Contracts.Notifications;

namespace Caur.Grains.Notifications;

/// <summary>One who is told: what it wants to know, what is sent to it, and what its answers mean. Without state, and sends nothing itself.</summary>
internal interface INotificationChannel
{
    /// <summary>Names it in records and in the log.</summary>
    string Key { get; }

    ChannelKind Kind { get; }

    /// <summary>The least time between two requests.</summary>
    TimeSpan Pace { get; }

    /// <summary>Only how a build stands now is of interest, not how it came there.</summary>
    bool WantsNewestOnly { get; }

    bool Wants(Notice notice, NoticeStep step);

    /// <summary>What a newer build's state takes the place of; null where each build stands for itself.</summary>
    string? PlaceOf(Notice notice);

    /// <summary>What is counted together when there is too much to be told one by one; null for what cannot be counted there.</summary>
    string? GroupOf(Notice notice, NoticeStep step);

    /// <summary>The next request; null when there is nothing to send.</summary>
    Delivery? Compose(NotificationBacklog backlog);

    /// <summary>What an answer means.</summary>
    Verdict Judge(NotificationAnswer answer);
}

/// <summary>What waits for one who is told.</summary>
/// <param name="Waiting">The builds and changes, those that wait longest first.</param>
/// <param name="Merged">What is only counted.</param>
/// <param name="Most">So many at most in one request.</param>
/// <param name="Now">The time.</param>
internal sealed record NotificationBacklog(
    IEnumerable<NoticeEntry> Waiting, IReadOnlyDictionary<string, int> Merged, int Most, DateTimeOffset Now);

/// <summary>One request, and what is told with it.</summary>
/// <param name="Request">What is sent.</param>
/// <param name="Covers">The notices, each up to the state with that number.</param>
/// <param name="Merged">The counts.</param>
internal sealed record Delivery(
    NotificationRequest Request, ImmutableArray<(NoticeEntry Entry, int Number)> Covers, ImmutableArray<(string Group, int Count)> Merged);

/// <summary>A POST.</summary>
internal sealed record NotificationRequest
{
    public required Uri Address { get; init; }

    public required ReadOnlyMemory<byte> Body { get; init; }

    public string ContentType { get; init; } = "application/json";

    public IReadOnlyList<(string Name, string Value)> Headers { get; init; } = [];

    /// <summary>What must not be shown, whoever repeats it.</summary>
    public string Secret { get; init; } = "";
}

/// <summary>What came of a request.</summary>
internal sealed record NotificationAnswer
{
    /// <summary>HTTP's; 0 when none came.</summary>
    public int Status { get; init; }

    /// <summary>Why none came, for people.</summary>
    public string Problem { get; init; } = "";

    /// <summary>Its first kilobytes, without secrets.</summary>
    public string Body { get; init; } = "";

    /// <summary>When it may be tried again, as the other side says.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The other side says that nothing is left of what may be sent for now.</summary>
    public bool IsExhausted { get; init; }
}

internal enum VerdictKind
{
    /// <summary>Told.</summary>
    Done,

    /// <summary>Tried again, after a pause that grows.</summary>
    Retry,

    /// <summary>This one is tried again much later; others may go well.</summary>
    Defer,

    /// <summary>This one is never taken.</summary>
    Refused,

    /// <summary>Nothing is taken until somebody changes something.</summary>
    Closed,
}

/// <summary>What becomes of a delivery.</summary>
/// <param name="Kind">That.</param>
/// <param name="Text">Why, for people, without secrets.</param>
/// <param name="After">When to try again at the earliest, where the other side says so.</param>
internal readonly record struct Verdict(VerdictKind Kind, string Text, TimeSpan? After = null)
{
    public static Verdict Done { get; } = new(VerdictKind.Done, "");
}
