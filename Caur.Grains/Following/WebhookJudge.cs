using Caur.Contracts.Farm;
using Caur.Contracts.Sources;
using Caur.Grains.Sources;
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

        // No forge tells the address of a folder on the hub's machine.
        var answer = _reader.Read(header, body, options.WebhookSecret is { } secret ? [secret] : [], SourceClones.IsLocal(options.Url) ? null : options.Url);
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
}
