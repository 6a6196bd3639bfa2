using System.Text.RegularExpressions;

namespace Caur.Silo.Configuration;

/// <summary>Who is told, beside the forges of <c>notifiers</c>.</summary>
internal static partial class NotificationSettings
{
    private static readonly Words Address = new("an address, http:// or https://", RepositoryJson.IsWebUrl);

    public static IReadOnlyList<Setting> All { get; } =
    [
        new("notifications.telegram_token", "TELEGRAM_BOT_TOKEN", new Words("a bot's token: letters, digits and : _ -", text => Token().IsMatch(text)), "none: nothing is sent to Telegram",
            "The Telegram bot that tells of builds and removals. `TELEGRAM_CHAT_ID` has to be set too.") { IsSecret = true, Options = ["NotificationOptions.TelegramToken"] },
        new("notifications.telegram_chat", "TELEGRAM_CHAT_ID", new WordOrNumber("a chat's number, or @ and a channel's name", text => Chat().IsMatch(text)), "none: nothing is sent to Telegram",
            "Where it tells that.") { Options = ["NotificationOptions.TelegramChat"] },
        new("notifications.telegram_url", "CAUR_TELEGRAM_URL", Address, "`https://api.telegram.org`", "A bot API server of one's own.") { Options = ["NotificationOptions.TelegramUrl"] },
        new("notifications.webhooks", "CAUR_WEBHOOKS", new JsonObjectKind(WebhookJson.Form, WebhookJson.Check), "none",
            "Addresses that events are posted to, signed ([notifications.md](notifications.md)): `build` for each state of a build, `build.final` for final ones, `change` for removals and rollbacks.")
            { IsSecret = true, Options = ["NotificationOptions.Webhooks"] },
        new("notifications.give_up", "CAUR_NOTIFY_HOURS", new WholeNumber(1, 720, "hours"), "24", "How long something is tried to be told.") { Options = ["NotificationOptions.GiveUpAfter"] },
    ];

    [GeneratedRegex("^[A-Za-z0-9:_-]{1,200}$")]
    private static partial Regex Token();

    [GeneratedRegex("^(-?[0-9]{1,20}|@[A-Za-z0-9_]{1,64})$")]
    private static partial Regex Chat();
}
