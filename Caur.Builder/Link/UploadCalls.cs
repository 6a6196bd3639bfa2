using System.Globalization;
using System.Net;
using Caur.Protocol.Builders;
using Caur.Protocol.Link;

namespace Caur.Builder.Link;

/// <summary>Single requests about an archive, and what a gateway's answer to one says.</summary>
internal sealed class UploadCalls(LinkDialer dialer, LinkAgentOptions options, TimeProvider time)
{
    /// <summary>What a gateway's disk reads in a second at least, when an archive is read for its hash.</summary>
    private const long BytesReadInASecond = 16 << 20;

    /// <summary>Asks.</summary>
    /// <param name="request">The request; disposed of.</param>
    /// <param name="archive">What it is about.</param>
    /// <param name="content">Makes the body, which tells how much of it is left.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LinkException">The gateway cannot take it now.</exception>
    /// <exception cref="HttpRequestException">It was cut.</exception>
    public async Task<UploadAnswer> AskAsync(HttpRequestMessage request, ArchiveInfo archive, Func<Action<long>, HttpContent>? content, CancellationToken cancellationToken)
    {
        // Until the first byte of a body moves, and after its last; in between it may not stand still.
        var answerWithin = options.UploadAnswerWithin + TimeSpan.FromSeconds(archive.Size / BytesReadInASecond);
        using var limit = new CancellationTokenSource(answerWithin, time);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using var asked = request;
        asked.Content = content?.Invoke(left => LinkDialer.Begin(limit, left > 0 ? options.UploadSilence : answerWithin));
        asked.Headers.Authorization = dialer.Authorization;
        using var answer = await dialer.Http.SendAsync(asked, HttpCompletionOption.ResponseHeadersRead, linked.Token);
        var there = new UploadAnswer(answer.StatusCode, Header(UploadProtocol.Offset) is { } said && long.TryParse(said, NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : -1)
        {
            Place = Header(UploadProtocol.Place) is { } place ? Uri.UnescapeDataString(place) : null,
        };
        var complete = Header(UploadProtocol.Complete) == "?1";
        return answer.StatusCode switch
        {
            HttpStatusCode.OK or HttpStatusCode.Created or HttpStatusCode.NoContent when complete => there with { Reply = new UploadReply { Stored = true } },
            HttpStatusCode.NoContent or HttpStatusCode.OK or HttpStatusCode.Conflict when there.Offset >= 0 => there,
            HttpStatusCode.Gone => there with { Reply = UploadAnswer.Refused(await ReasonAsync()) with { Stale = true } },
            HttpStatusCode.InsufficientStorage => there with { Reply = UploadAnswer.Refused(await ReasonAsync()) with { NoRoom = true } },
            HttpStatusCode.UnprocessableEntity => there with { Reply = UploadAnswer.Refused(await ReasonAsync()) },
            HttpStatusCode.RequestEntityTooLarge => there,
            _ when IsForGood(answer.StatusCode) =>
                there with { Reply = UploadAnswer.Refused($"the gateway, or a proxy before it, refuses it ({(int)answer.StatusCode}): {await ReasonAsync()}") },
            _ => throw new LinkException($"the gateway does not take it now ({(int)answer.StatusCode}): {await ReasonAsync()}"),
        };

        string? Header(string name) => answer.Headers.TryGetValues(name, out var values) ? values.First() : null;

        async Task<string> ReasonAsync() => await LinkDialer.DetailAsync(answer, linked.Token) ?? answer.ReasonPhrase ?? "it did not say why";
    }

    /// <summary>An answer that stays the same however often it is asked for: all but failures of a server, and of a client those that pass
    /// by themselves or with another token.</summary>
    private static bool IsForGood(HttpStatusCode status) => status is (< HttpStatusCode.InternalServerError or HttpStatusCode.NotImplemented)
        and not (HttpStatusCode.Unauthorized or HttpStatusCode.RequestTimeout or HttpStatusCode.Conflict or HttpStatusCode.MisdirectedRequest
            or HttpStatusCode.Locked or (HttpStatusCode)425 or HttpStatusCode.TooManyRequests);
}

/// <summary>What a gateway says of an archive.</summary>
/// <param name="Status">The answer's.</param>
/// <param name="Offset">How much is there; -1 when it does not say.</param>
internal sealed record UploadAnswer(HttpStatusCode Status, long Offset)
{
    /// <summary>The end of the upload; null when it goes on.</summary>
    public UploadReply? Reply { get; init; }

    /// <summary>Where an archive is to lie that comes by SFTP; null when it cannot come that way.</summary>
    public string? Place { get; init; }

    /// <summary>The body was larger than whoever stands before the gateway takes.</summary>
    public bool IsTooLarge => Status == HttpStatusCode.RequestEntityTooLarge;

    public static UploadReply Refused(string reason) => new() { Stored = false, Reason = reason };
}
