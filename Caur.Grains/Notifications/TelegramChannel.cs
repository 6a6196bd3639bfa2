using System.Collections.Immutable;
using System.Text.Json;
using Caur.Contracts.Farm;
using Caur.Contracts.Notifications;

namespace Caur.Grains.Notifications;

/// <summary>A Telegram chat. Builds of the same event and target repository become one message.</summary>
internal sealed class TelegramChannel(NotificationOptions options, FarmOptions farm) : INotificationChannel
{
    private static readonly string[] ChatProblems = ["chat not found", "chat_id", "upgraded to a supergroup", "PEER_ID_INVALID", "not enough rights", "have no rights", "bot was"];

    private readonly FarmLinks _links = new(farm);
    private readonly Uri _address = new($"{options.TelegramUrl.TrimEnd('/')}/bot{options.TelegramToken}/sendMessage");

    public string Key => "telegram";

    public ChannelKind Kind => ChannelKind.Telegram;

    /// <summary>One a second to a person, twenty a minute to a group or channel (https://core.telegram.org/bots/faq).</summary>
    public TimeSpan Pace { get; } = TimeSpan.FromSeconds(options.TelegramChat[0] is '-' or '@' ? 3 : 1);

    public bool WantsNewestOnly => true;

    public bool Wants(Notice notice, NoticeStep step) => TelegramMessage.EventOf(notice, step) is not null;

    public string? PlaceOf(Notice notice) => null;

    public string? GroupOf(Notice notice, NoticeStep step) =>
        TelegramMessage.EventOf(notice, step) is { } kind ? $"{kind}/{notice.Target.Name}" : null;

    public Delivery? Compose(NotificationBacklog backlog)
    {
        var group = backlog.Waiting.FirstOrDefault()?.Notice is { } oldest
            ? GroupOf(oldest, oldest.Last)
            : backlog.Merged.Keys.Order(StringComparer.Ordinal).FirstOrDefault();
        if (group is null || group.Split('/', 2) is not [var word, var target] || !Enum.TryParse<TelegramEvent>(word, out var kind))
        {
            return null;
        }

        var entries = backlog.Waiting.Where(entry => GroupOf(entry.Notice, entry.Notice.Last) == group).Take(backlog.Most).ToList();
        var more = backlog.Merged.GetValueOrDefault(group);
        var (text, taken) = TelegramMessage.HasLines(kind)
            ? Lines(kind, target, entries, more)
            : (TelegramMessage.Headline(kind, target, entries.Count + more), entries.Count);
        return new Delivery(
            new NotificationRequest
            {
                Address = _address,
                Secret = options.TelegramToken,
                Body = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>
                {
                    ["chat_id"] = options.TelegramChat,
                    ["text"] = text,
                    ["parse_mode"] = "MarkdownV2",
                    ["link_preview_options"] = new Dictionary<string, bool> { ["is_disabled"] = true },
                }),
            },
            [.. entries.Take(taken).Select(static entry => (entry, entry.Notice.Last.Number))],
            more > 0 ? [(group, more)] : ImmutableArray<(string, int)>.Empty);
    }

    public Verdict Judge(NotificationAnswer answer)
    {
        if (answer.Status == 429 && RetryAfter(answer.Body) is { } wish)
        {
            answer = answer with { RetryAfter = wish };
        }

        return Verdicts.Common(answer)
            ?? new Verdict(
                answer.Status == 400 && !ChatProblems.Any(problem => answer.Body.Contains(problem, StringComparison.OrdinalIgnoreCase))
                    ? VerdictKind.Refused
                    : VerdictKind.Closed,
                Verdicts.Text(answer));
    }

    /// <summary>As many lines as fit into one message, one at least.</summary>
    private (string Text, int Taken) Lines(TelegramEvent kind, string target, List<NoticeEntry> entries, int more)
    {
        var lines = new List<string> { TelegramMessage.Headline(kind, target, 1) };
        var tail = more > 0 ? TelegramMessage.MoreLine(more) : "";
        var (length, links, taken) = (lines[0].Length + tail.Length + 1, 0, 0);
        foreach (var notice in entries.Select(static entry => entry.Notice))
        {
            var build = notice.Build!.Value;
            var (log, commit) = (_links.Log(build), _links.Commit(notice.Source, notice.Commit));
            var name = IsForSeveral(target) ? $"{build.Pkgbase} ({build.Arch})" : build.Pkgbase;
            var line = TelegramMessage.Line(kind, name, log, commit);
            if (line.Length + 1 + lines[0].Length + tail.Length + 1 > TelegramMessage.Longest)
            {
                line = TelegramMessage.Line(kind, name, null, null);
            }

            if (taken > 0 && (length + line.Length + 1 > TelegramMessage.Longest || links + 2 > TelegramMessage.MostLinks))
            {
                break;
            }

            lines.Add(line);
            length += line.Length + 1;
            links += 2;
            taken++;
        }

        if (tail.Length > 0)
        {
            lines.Add(tail);
        }

        return (string.Join('\n', lines), taken);
    }

    private bool IsForSeveral(string target) =>
        farm.TargetRepositories.TryGetValue(target, out var known) && known.Architectures.Count > 1;

    private static TimeSpan? RetryAfter(string body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement.TryGetProperty("parameters", out var parameters) && parameters.TryGetProperty("retry_after", out var seconds)
                && seconds.TryGetDouble(out var number) && number is >= 0 and < 1e9
                ? TimeSpan.FromSeconds(number)
                : null;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            // Somebody else answered in Telegram's place.
            return null;
        }
    }
}
