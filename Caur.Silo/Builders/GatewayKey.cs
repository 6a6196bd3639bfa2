using Caur.Api.Builders;
using Caur.Builder.Link;

namespace Caur.Silo.Builders;

/// <summary>The farm's public key as a gateway shows it, asked for again every few minutes: a farm may change its key.</summary>
internal sealed class GatewayKey(LinkAgentOptions gateway, TimeProvider clock) : ITrustedKeys, IDisposable
{
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMinutes(5);

    private readonly LinkDialer _dialer = new(gateway, clock);
    private volatile Known? _known;

    public async ValueTask<IReadOnlyList<string>> GetAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (_known is not { } known || clock.GetElapsedTime(known.At) > AskAgainAfter)
            {
                using var limit = new CancellationTokenSource(gateway.UploadAnswerWithin, clock);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
                _known = known = new Known([await _dialer.Http.GetStringAsync("key.asc", either.Token)], clock.GetTimestamp());
            }

            return known.Keys;
        }
        catch (Exception problem) when (problem is HttpRequestException || (problem is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw new TrustedKeysMissingException($"{gateway.Gateway} does not show the farm's key: {problem.Message}");
        }
    }

    public void Dispose() => _dialer.Dispose();

    private sealed record Known(IReadOnlyList<string> Keys, long At);
}
