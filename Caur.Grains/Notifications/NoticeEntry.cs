namespace Caur.Grains.Notifications;

/// <summary>A notice in memory.</summary>
internal sealed class NoticeEntry(Notice notice)
{
    public Notice Notice { get; set; } = notice;

    /// <summary>Where it is durable; null while it is not.</summary>
    public int? Slot { get; set; }

    /// <summary>News before this time are in it already: it was brought up to date from a list.</summary>
    public DateTimeOffset ListedAt { get; set; } = DateTimeOffset.MinValue;
}
