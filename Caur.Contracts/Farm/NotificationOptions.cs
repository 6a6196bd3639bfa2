namespace Caur.Contracts.Farm;

/// <summary>Who is told what happens on the farm, beside the forges of <see cref="FarmOptions.Notifiers"/>. Configuration, never sent
/// between grains.</summary>
public sealed class NotificationOptions
{
    /// <summary>The Telegram bot's token; a secret (<c>TELEGRAM_BOT_TOKEN</c>). Without it nothing is sent there. Default: none.</summary>
    public string TelegramToken { get; set; } = "";

    /// <summary>The chat's number or <c>@name</c> (<c>TELEGRAM_CHAT_ID</c>). Without it nothing is sent there. Default: none.</summary>
    public string TelegramChat { get; set; } = "";

    /// <summary>The address of Telegram's bot API. Default: Telegram's own.</summary>
    public string TelegramUrl { get; set; } = "https://api.telegram.org";

    /// <summary>The webhooks by name. Default: none.</summary>
    public Dictionary<string, WebhookOptions> Webhooks { get; set; } = new(StringComparer.Ordinal);

    /// <summary>How long something is tried to be told before it is given up. Default: 24 hours.</summary>
    public TimeSpan GiveUpAfter { get; set; } = TimeSpan.FromHours(24);

    /// <summary>How many builds wait to be told of at most, for each who is told; the oldest of more are counted instead. Default: 10,000.</summary>
    public int MostWaiting { get; set; } = 10_000;

    /// <summary>How long one request may take. Default: 30 s.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);
}

/// <summary>One address that events are posted to.</summary>
public sealed class WebhookOptions
{
    /// <summary>Where they are posted to.</summary>
    public string Url { get; set; } = "";

    /// <summary>What they are signed with: <c>whsec_</c> and base64, or any other text as it is. A secret.</summary>
    public string Secret { get; set; } = "";

    /// <summary>Which events: words of <see cref="EventWords"/>. Default: builds that ended, and changes of repositories.</summary>
    public List<string> Events { get; set; } = [BuildEnded, RepositoryChanged];

    /// <summary>Each state of a build.</summary>
    public const string BuildStates = "build";

    /// <summary>Final states of builds only.</summary>
    public const string BuildEnded = "build.final";

    /// <summary>Removals, rollbacks and the like that ended.</summary>
    public const string RepositoryChanged = "change";

    /// <summary>All words.</summary>
    public static IReadOnlyList<string> EventWords { get; } = [BuildStates, BuildEnded, RepositoryChanged];
}
