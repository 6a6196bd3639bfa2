using System.Collections.Immutable;
using Caur.Contracts.Farm;

namespace Caur.Grains.Notifications;

/// <summary>Who is told, by the configuration.</summary>
internal static class NotificationPlan
{
    public static ImmutableArray<INotificationChannel> Channels(FarmOptions farm, NotificationOptions options)
    {
        var channels = ImmutableArray.CreateBuilder<INotificationChannel>();
        channels.AddRange(farm.Notifiers
            .Where(notifier => farm.SourceRepositories.ContainsKey(notifier.Key)
                && notifier.Value is { Project.Length: > 0, Token.Length: > 0, CheckName.Length: > 0 })
            .OrderBy(static notifier => notifier.Key, StringComparer.Ordinal)
            .Select(notifier => new StatusChannel(notifier.Key, notifier.Value, farm)));
        if (options is { TelegramToken.Length: > 0, TelegramChat.Length: > 0 })
        {
            channels.Add(new TelegramChannel(options, farm));
        }

        channels.AddRange(options.Webhooks
            .Where(static webhook => webhook.Value is { Url.Length: > 0, Secret.Length: > 0 })
            .OrderBy(static webhook => webhook.Key, StringComparer.Ordinal)
            .Select(webhook => new WebhookChannel(webhook.Key, webhook.Value, farm)));
        return channels.ToImmutable();
    }
}
