using System.Globalization;
using System.Text;
using Caur.Contracts.Builds;

namespace Caur.Grains.Notifications;

/// <summary>The manual's five events.</summary>
internal enum TelegramEvent
{
    Success,
    Failure,
    TimedOut,
    Removed,
    NotRemoved,
}

/// <summary>The texts of Telegram messages, in MarkdownV2.</summary>
internal static class TelegramMessage
{
    /// <summary>UTF-16 units of a message, at most. What Telegram counts is the text without its marks and addresses; this counts all.</summary>
    public const int Longest = 4096;

    /// <summary>Telegram shows so many links of a message, and leaves the others out.</summary>
    public const int MostLinks = 100;

    /// <summary>What is told of a state; null when nothing is.</summary>
    public static TelegramEvent? EventOf(Notice notice, NoticeStep step) => notice.Change is { } change
        ? !change.IsRemoval ? null : step.State == BuildState.Published ? TelegramEvent.Removed : TelegramEvent.NotRemoved
        : step.State switch
        {
            BuildState.Published => TelegramEvent.Success,
            BuildState.Failed or BuildState.OutOfMemory or BuildState.SystemError => TelegramEvent.Failure,
            BuildState.TimedOut or BuildState.Stalled => TelegramEvent.TimedOut,
            _ => null,
        };

    /// <summary>The first line, or the only one.</summary>
    public static string Headline(TelegramEvent kind, string target, int count) => MarkdownV2.Text(kind switch
    {
        TelegramEvent.Success => $"📣 New deployment to {target}:",
        TelegramEvent.Failure => $"🚨 Failed deploying to {target}:",
        TelegramEvent.TimedOut => $"⏳ Build for {target} failed due to a timeout:",
        TelegramEvent.Removed => $"✅ Repo-remove job for {target} finished successfully{Times(count)}",
        _ => $"🚫 Repo-remove job for {target} failed{Times(count)}",
    });

    public static bool HasLines(TelegramEvent kind) => kind is TelegramEvent.Success or TelegramEvent.Failure or TelegramEvent.TimedOut;

    /// <summary>The line of a build; failures have links, as far as there are any.</summary>
    /// <param name="kind">The event.</param>
    /// <param name="name">The package.</param>
    /// <param name="log">Its log.</param>
    /// <param name="commit">Its commit.</param>
    public static string Line(TelegramEvent kind, string name, Uri? log, Uri? commit)
    {
        var line = new StringBuilder(MarkdownV2.Text($"> {name}"));
        if (kind != TelegramEvent.Success)
        {
            Append(line, "logs", log);
            Append(line, "commit", commit);
        }

        return line.ToString();
    }

    /// <summary>The line of those that are only counted.</summary>
    public static string MoreLine(int count) => MarkdownV2.Text(string.Create(CultureInfo.InvariantCulture, $"> and {count} more"));

    private static void Append(StringBuilder line, string text, Uri? address)
    {
        if (address is not null)
        {
            line.Append(MarkdownV2.Text(" - ")).Append(MarkdownV2.Link(text, address));
        }
    }

    private static string Times(int count) => count > 1 ? string.Create(CultureInfo.InvariantCulture, $" ({count} times)") : "";
}
