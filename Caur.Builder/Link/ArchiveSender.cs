using System.Globalization;
using System.Net;
using Caur.Protocol.Builders;
using Caur.Protocol.Link;

namespace Caur.Builder.Link;

/// <summary>Brings archives to the gateway in pieces, on connections of their own, and goes on where an upload was cut.</summary>
internal sealed class ArchiveSender(LinkDialer dialer, LinkAgentOptions options, Func<BuilderHello?> builder)
{
    private const int LeastPiece = 64 * 1024;

    /// <summary>Sends what is not there yet.</summary>
    /// <exception cref="LinkException">It was cut, or the gateway cannot take it now: asked again it goes on.</exception>
    public async Task<UploadReply> SendAsync(
        AttemptRef attempt, ArchiveInfo archive, Func<CancellationToken, ValueTask<Stream>> open, CancellationToken cancellationToken)
    {
        var path = UploadProtocol.Path(builder() ?? throw new LinkException("the builder has not joined"), attempt, archive);
        try
        {
            var answer = await AskAsync(HttpMethod.Head, path, null, null, cancellationToken);
            if (answer.Reply is { } known)
            {
                return known;
            }

            await using var content = await open(cancellationToken);
            var piece = options.PieceBytes;
            while (true)
            {
                var at = answer.Offset is >= 0 && answer.Offset <= archive.Size ? answer.Offset : throw new LinkException($"the gateway says that {answer.Offset} bytes of it are there");
                content.Seek(at, SeekOrigin.Begin);
                answer = await AskAsync(HttpMethod.Put, path, at, new PieceContent(content, Math.Min(piece, archive.Size - at)), cancellationToken);
                if (answer.Reply is { } reply)
                {
                    return reply;
                }

                if (answer.IsTooLarge)
                {
                    piece = piece > LeastPiece ? Math.Max(LeastPiece, piece / 2) : throw new LinkException("the gateway, or a proxy before it, takes no piece of an archive, however small");
                    answer = answer with { Offset = at };
                }
            }
        }
        catch (HttpRequestException error)
        {
            throw new LinkException($"the upload of {archive.FileName} was cut: {error.Message}", error);
        }
    }

    private async Task<Answer> AskAsync(HttpMethod method, string path, long? offset, HttpContent? content, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path) { Content = content, Headers = { Authorization = dialer.Authorization } };
        if (offset is { } at)
        {
            request.Headers.Add(UploadProtocol.Offset, at.ToString(CultureInfo.InvariantCulture));
        }

        using var answer = await dialer.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        var there = answer.Headers.TryGetValues(UploadProtocol.Offset, out var said)
            && long.TryParse(said.First(), NumberStyles.None, CultureInfo.InvariantCulture, out var bytes) ? bytes : -1;
        var complete = answer.Headers.TryGetValues(UploadProtocol.Complete, out var flags) && flags.First() == "?1";
        return answer.StatusCode switch
        {
            HttpStatusCode.OK or HttpStatusCode.Created or HttpStatusCode.NoContent when complete => new Answer(there) { Reply = new UploadReply { Stored = true } },
            HttpStatusCode.NoContent or HttpStatusCode.OK or HttpStatusCode.Conflict when there >= 0 => new Answer(there),
            HttpStatusCode.Gone => new Answer(there) { Reply = new UploadReply { Stored = false, Stale = true, Reason = await ReasonAsync() } },
            HttpStatusCode.InsufficientStorage => new Answer(there) { Reply = new UploadReply { Stored = false, NoRoom = true, Reason = await ReasonAsync() } },
            HttpStatusCode.UnprocessableEntity => new Answer(there) { Reply = new UploadReply { Stored = false, Reason = await ReasonAsync() } },
            HttpStatusCode.RequestEntityTooLarge => new Answer(there) { IsTooLarge = true },
            _ => throw new LinkException($"the gateway does not take it now ({(int)answer.StatusCode}): {await ReasonAsync()}"),
        };

        async Task<string> ReasonAsync() => await LinkDialer.DetailAsync(answer, cancellationToken) ?? answer.ReasonPhrase ?? "it did not say why";
    }

    private sealed record Answer(long Offset)
    {
        public UploadReply? Reply { get; init; }

        public bool IsTooLarge { get; init; }
    }
}
