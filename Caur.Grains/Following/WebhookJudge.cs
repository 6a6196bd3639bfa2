using Caur.Contracts.Farm;
using Caur.Contracts.Sources;
using Caur.Pipelines.Webhooks;
using Microsoft.Extensions.Options;

namespace Caur.Grains.Following;

/// <inheritdoc/>
internal sealed class WebhookJudge(IOptions<FarmOptions> farm, FollowInstruments instruments, TimeProvider clock) : IWebhookJudge
{
    private readonly WebhookReader _reader = new(clock);

    public int LargestBody => WebhookReader.LargestBody;

    public WebhookDelivery Judge(string source, Func<string, string?> header, ReadOnlyMemory<byte> body)
    {
        var options = farm.Value.SourceRepositories[source];
        var answer = _reader.Read(header, body, options.WebhookSecret is { } secret ? [secret] : [], IsElsewhere(options.Url) ? options.Url : null);
        if (answer.Verdict != WebhookVerdict.Push)
        {
            instruments.OnWebhook(answer.Verdict == WebhookVerdict.Refused ? PushVerdict.Refused : PushVerdict.Ignored);
        }

        return new WebhookDelivery(
            answer.Status,
            answer.Reason,
            answer.Push is { } push ? new PushNews { Branch = push.Branch, Commit = push.After, SkipsCi = push.SkipsCi } : null);
    }

    public void Count(PushVerdict verdict) => instruments.OnWebhook(verdict);

    /// <summary>No forge tells the address of a folder on the hub's machine.</summary>
    private static bool IsElsewhere(string url) =>
        !url.StartsWith('/') && !url.StartsWith('.') && !url.StartsWith("file://", StringComparison.OrdinalIgnoreCase);
}
