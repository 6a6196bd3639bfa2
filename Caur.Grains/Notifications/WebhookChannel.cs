using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Caur.Contracts.Builds;
using Caur.Contracts.Farm;
using Caur.Contracts.Notifications;

namespace Caur.Grains.Notifications;

/// <summary>A webhook: events in the form of CloudEvents 1.0, as many as wait in one signed delivery.</summary>
internal sealed class WebhookChannel(string name, WebhookOptions options, FarmOptions farm) : INotificationChannel
{
    private const int MostEvents = 100;

    private readonly FarmLinks _links = new(farm);

    public string Key => $"webhook:{name}";

    public ChannelKind Kind => ChannelKind.Webhook;

    public TimeSpan Pace => TimeSpan.FromMilliseconds(100);

    public bool WantsNewestOnly => false;

    public bool Wants(Notice notice, NoticeStep step) => notice.Change is not null
        ? options.Events.Contains(WebhookOptions.RepositoryChanged)
        : options.Events.Contains(WebhookOptions.BuildStates) || (step.State.IsFinal() && options.Events.Contains(WebhookOptions.BuildEnded));

    public string? PlaceOf(Notice notice) => null;

    public string? GroupOf(Notice notice, NoticeStep step) => notice.Change is null ? step.State.ToString() : "Change";

    public Delivery? Compose(NotificationBacklog backlog)
    {
        var (events, covers) = (new List<Dictionary<string, object?>>(), new List<(NoticeEntry Entry, int Number)>());
        foreach (var entry in backlog.Waiting)
        {
            var room = Math.Min(backlog.Most, MostEvents) - events.Count;
            if (room <= 0)
            {
                break;
            }

            var steps = entry.Notice.Steps.Where(step => step.Number > entry.Notice.ToldTo(Key) && Wants(entry.Notice, step)).Take(room).ToList();
            if (steps.Count > 0)
            {
                events.AddRange(steps.Select(step => Event(entry.Notice, step)));
                covers.Add((entry, steps[^1].Number));
            }
        }

        var merged = backlog.Merged.ToList();
        if (merged.Count > 0)
        {
            events.Add(MergedEvent(merged, backlog.Now));
        }

        if (events.Count == 0)
        {
            return null;
        }

        var body = JsonSerializer.SerializeToUtf8Bytes(events);
        return new Delivery(
            new NotificationRequest
            {
                Address = new Uri(options.Url),
                ContentType = "application/cloudevents-batch+json",
                Headers = WebhookSignature.Headers(options.Secret, IdOf(events), backlog.Now, body),
                Secret = options.Secret,
                Body = body,
            },
            [.. covers],
            [.. merged.Select(static group => (group.Key, group.Value))]);
    }

    public Verdict Judge(NotificationAnswer answer) => Verdicts.Common(answer)
        ?? new Verdict(answer.Status is 400 or 413 or 422 ? VerdictKind.Refused : VerdictKind.Closed, Verdicts.Text(answer));

    private Dictionary<string, object?> Event(Notice notice, NoticeStep step) => notice.Change is { } change
        ? Envelope($"{notice.Key}/{step.Number}", "caur.repository.change", change.Target.ToString(), step.Time, new Dictionary<string, object?>
        {
            ["time"] = step.Time,
            ["target"] = change.Target.ToString(),
            ["operation"] = change.Operation,
            ["kind"] = change.Kind.ToString(),
            ["done"] = step.State == BuildState.Published,
            ["generation"] = change.Generation,
            ["removed"] = change.Removed,
            ["added"] = change.Added,
            ["changed"] = change.Changed,
            ["reason"] = step.Reason,
        })
        : Envelope($"{notice.Key}/{step.Number}", "caur.build", notice.Key, step.Time, new Dictionary<string, object?>
        {
            // The fields of the gateway's build events, and what there is to know beside them.
            ["time"] = step.Time,
            ["build"] = notice.Key,
            ["pkgbase"] = notice.Build!.Value.Pkgbase,
            ["target"] = notice.Target.ToString(),
            ["state"] = step.State.ToString(),
            ["final"] = step.State.IsFinal(),
            ["builder"] = step.Builder?.ToString(),
            ["attempts"] = step.Attempts,
            ["reason"] = step.Reason,
            ["source"] = notice.Source,
            ["commit"] = notice.Commit,
            ["pipeline"] = notice.Pipeline,
            ["log"] = _links.Log(notice.Build.Value)?.AbsoluteUri,
        });

    private static Dictionary<string, object?> MergedEvent(List<KeyValuePair<string, int>> merged, DateTimeOffset now)
    {
        var counts = merged.OrderBy(static group => group.Key, StringComparer.Ordinal).ToDictionary(static group => group.Key, static group => group.Value);
        var id = string.Join(',', counts.Select(static group => string.Create(CultureInfo.InvariantCulture, $"{group.Key}={group.Value}")));
        return Envelope($"merged/{now.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)}/{id}", "caur.merged", "caur", now, new Dictionary<string, object?> { ["counts"] = counts });
    }

    private static Dictionary<string, object?> Envelope(string id, string type, string subject, DateTimeOffset time, object data) => new()
    {
        ["specversion"] = "1.0",
        ["id"] = id,
        ["source"] = "caur",
        ["type"] = type,
        ["subject"] = subject,
        ["time"] = time,
        ["datacontenttype"] = "application/json",
        ["data"] = data,
    };

    /// <summary>The same events have the same id, also after a restart.</summary>
    private static string IdOf(List<Dictionary<string, object?>> events) =>
        $"msg_{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', events.Select(static item => (string)item["id"]!)))))[..32]}";
}
