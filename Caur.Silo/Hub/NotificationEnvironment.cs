using System.Globalization;
using System.Text.Json;
using Caur.Contracts.Farm;
using Caur.Silo.Configuration;

namespace Caur.Silo.Hub;

/// <summary>Reads who is told, beside the notifiers of <see cref="FarmEnvironment"/>.</summary>
internal static class NotificationEnvironment
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        ReadCommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
    };

    /// <summary>Takes what is set. What is wrong was told by <see cref="ConfigurationCheck"/> before.</summary>
    public static NotificationOptions Read(Func<string, string?> variable)
    {
        var options = new NotificationOptions
        {
            TelegramToken = variable("TELEGRAM_BOT_TOKEN") ?? "",
            TelegramChat = variable("TELEGRAM_CHAT_ID") ?? "",
        };
        options.TelegramUrl = variable("CAUR_TELEGRAM_URL") is { Length: > 0 } url ? url : options.TelegramUrl;
        if (variable("CAUR_NOTIFY_HOURS") is { Length: > 0 } hours)
        {
            options.GiveUpAfter = TimeSpan.FromHours(int.Parse(hours, NumberStyles.None, CultureInfo.InvariantCulture));
        }

        if (variable("CAUR_WEBHOOKS") is { Length: > 0 } text)
        {
            foreach (var (name, webhook) in JsonSerializer.Deserialize<Dictionary<string, WebhookBody>>(text, Json) ?? [])
            {
                var known = new WebhookOptions { Url = webhook.Url ?? "" };
                known.Secret = webhook.Secret ?? (webhook.SecretFile is { } file ? SecretFile.Read(file, out _) : null) ?? "";
                known.Events = webhook.Events ?? known.Events;
                options.Webhooks[name] = known;
            }
        }

        return options;
    }

    private sealed record WebhookBody(string? Url, string? Secret, string? SecretFile, List<string>? Events);
}
