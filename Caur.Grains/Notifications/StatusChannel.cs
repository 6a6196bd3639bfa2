using System.Globalization;
using System.Text.Json;
using Caur.Contracts.Farm;
using Caur.Contracts.Notifications;

namespace Caur.Grains.Notifications;

/// <summary>Commit statuses of one source repository's builds, at its forge. Only the newest state of the newest build of a commit and
/// context is told.</summary>
internal sealed class StatusChannel : INotificationChannel
{
    /// <summary>What GitHub takes; GitLab takes 255.</summary>
    private const int LongestDescription = 140;

    private const int LongestContext = 255;

    private readonly string _source;
    private readonly NotifierOptions _notifier;
    private readonly bool _isGitHub;
    private readonly string _address;
    private readonly FarmLinks _links;
    private readonly IReadOnlyList<(string, string)> _headers;

    public StatusChannel(string source, NotifierOptions notifier, FarmOptions farm)
    {
        (_source, _notifier, _links) = (source, notifier, new FarmLinks(farm));
        var url = farm.SourceRepositories.GetValueOrDefault(source)?.Url ?? "";
        _isGitHub = ForgeAddress.KindOf(url, notifier) == NotifierKind.GitHub;
        var api = ForgeAddress.Api(url, notifier);
        _address = _isGitHub
            ? $"{api}/repos/{string.Join('/', notifier.Project.Split('/').Select(Uri.EscapeDataString))}/statuses/"
            : $"{api}/projects/{Uri.EscapeDataString(notifier.Project)}/statuses/";
        _headers = _isGitHub
            ? [("Authorization", $"Bearer {notifier.Token}"), ("Accept", "application/vnd.github+json"), ("X-GitHub-Api-Version", "2022-11-28")]
            : [("PRIVATE-TOKEN", notifier.Token)];
    }

    public string Key => $"status:{_source}";

    public ChannelKind Kind => _isGitHub ? ChannelKind.GitHub : ChannelKind.GitLab;

    /// <summary>GitHub asks for a second between two requests that write
    /// (https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api); gitlab.com allows 2,000 requests a
    /// minute, and its own limits are for others to set.</summary>
    public TimeSpan Pace => _isGitHub ? TimeSpan.FromSeconds(1) : TimeSpan.FromMilliseconds(100);

    public bool WantsNewestOnly => true;

    public bool Wants(Notice notice, NoticeStep step) => notice.Build is not null && notice.Source == _source && notice.Commit.Length > 0;

    public string? PlaceOf(Notice notice) =>
        notice.Build is not null && notice.Source == _source ? $"{notice.Commit} {notice.Pipeline} {notice.Build.Value.Package}" : null;

    public string? GroupOf(Notice notice, NoticeStep step) => null;

    public Delivery? Compose(NotificationBacklog backlog)
    {
        if (backlog.Waiting.FirstOrDefault() is not { } entry)
        {
            return null;
        }

        var (notice, step) = (entry.Notice, entry.Notice.Last);
        var (state, description) = _isGitHub ? CommitStatus.OfGitHub(step.State) : CommitStatus.OfGitLab(step.State);
        var body = new Dictionary<string, object>
        {
            ["state"] = state,
            ["context"] = Context(notice),
            ["description"] = Shortened(description, LongestDescription),
        };
        if (_links.Log(notice.Build!.Value) is { } log)
        {
            body["target_url"] = log.AbsoluteUri;
        }

        if (!_isGitHub && long.TryParse(notice.Pipeline, NumberStyles.None, CultureInfo.InvariantCulture, out var pipeline))
        {
            body["pipeline_id"] = pipeline;
        }

        return new Delivery(
            new NotificationRequest
            {
                Address = new Uri(_address + Uri.EscapeDataString(notice.Commit)),
                Headers = _headers,
                Secret = _notifier.Token,
                Body = JsonSerializer.SerializeToUtf8Bytes(body),
            },
            [(entry, step.Number)],
            []);
    }

    public Verdict Judge(NotificationAnswer answer) => answer switch
    {
        // It is in that state already: told before, by us or by a newer state that it cannot leave.
        { Status: 400 } when !_isGitHub && answer.Body.Contains("Cannot transition status", StringComparison.OrdinalIgnoreCase) => Verdict.Done,
        _ when Verdicts.Common(answer) is { } common => common,

        // No such project, a token that does not see it, or only this commit is not there yet: it says the same of all.
        { Status: 404 } => new Verdict(VerdictKind.Defer, Verdicts.Text(answer)),
        _ => new Verdict(VerdictKind.Refused, Verdicts.Text(answer)),
    };

    /// <summary>Builds for several architectures or repositories need names of their own, or each takes the other's place.</summary>
    private string Context(Notice notice) => Shortened(
        _notifier.CheckName
            .Replace("%pkgbase%", notice.Build!.Value.Pkgbase, StringComparison.Ordinal)
            .Replace("%target%", notice.Target.Name, StringComparison.Ordinal)
            .Replace("%arch%", notice.Target.Arch, StringComparison.Ordinal),
        LongestContext);

    private static string Shortened(string text, int longest) => text.Length > longest ? text[..longest] : text;
}
