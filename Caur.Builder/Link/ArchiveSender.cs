using System.Globalization;
using Caur.Protocol.Builders;
using Caur.Protocol.Link;

namespace Caur.Builder.Link;

/// <summary>Brings archives to the gateway in pieces, on connections of their own, and goes on where an upload was cut.</summary>
/// <param name="dialer">The way to the gateway.</param>
/// <param name="options">What was configured.</param>
/// <param name="time">The clock.</param>
/// <param name="builder">Who sends; null before it has joined.</param>
/// <param name="carried">The way by another server; null for none.</param>
internal sealed class ArchiveSender(
    LinkDialer dialer, LinkAgentOptions options, TimeProvider time, Func<BuilderHello?> builder, CarriedUpload? carried = null)
{
    /// <summary>How often in a row an answer may ask for what was just sent.</summary>
    private const int StandstillsBorne = 2;

    private readonly UploadCalls _calls = new(dialer, options, time);
    private readonly PieceSize _piece = new(options.PieceBytes);

    /// <summary>Sends what is not there yet.</summary>
    /// <param name="attempt">Whose archive it is.</param>
    /// <param name="archive">Which.</param>
    /// <param name="open">Opens it, once for each piece.</param>
    /// <param name="linkEnded">Cuts it: the gateway takes archives of builders that have a link.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="LinkException">It was cut, or the gateway cannot take it now: asked again it goes on.</exception>
    public async Task<UploadReply> SendAsync(
        AttemptRef attempt, ArchiveInfo archive, Func<CancellationToken, ValueTask<Stream>> open, CancellationToken linkEnded, CancellationToken cancellationToken)
    {
        var path = UploadProtocol.Path(builder() ?? throw new LinkException("the builder has not joined"), attempt, archive);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(linkEnded, cancellationToken);
        try
        {
            if (carried is not null && await carried.SendAsync(path, archive, open, either.Token) is { } reply)
            {
                return reply;
            }

            var answer = await _calls.AskAsync(new HttpRequestMessage(HttpMethod.Head, path), archive, null, either.Token);
            var standstills = 0;
            while (answer.Reply is null)
            {
                var at = answer.Offset is >= 0 && answer.Offset <= archive.Size ? answer.Offset : throw new LinkException($"the gateway says that {answer.Offset} bytes of it are there");
                var size = Math.Min(_piece.Now, archive.Size - at);

                // Opened for each: a request that was answered early may still read from the one before.
                await using var content = await open(either.Token);
                if (content.Length < archive.Size)
                {
                    return UploadAnswer.Refused("the archive is shorter than it was");
                }

                content.Seek(at, SeekOrigin.Begin);
                answer = await PutAsync(path, archive, content, at, size, either.Token);
                if (answer.IsTooLarge)
                {
                    if (!_piece.Refused(size))
                    {
                        return UploadAnswer.Refused("the gateway, or a proxy before it, takes no piece of an archive, however small");
                    }

                    answer = answer with { Offset = at };
                }
                else if (answer.Reply is null && answer.Offset <= at)
                {
                    standstills = ++standstills < StandstillsBorne ? standstills : throw new LinkException($"the gateway stays at byte {answer.Offset} of {archive.FileName}");
                }
                else
                {
                    standstills = 0;
                }
            }

            return answer.Reply;
        }
        catch (HttpRequestException error)
        {
            throw new LinkException($"the upload of {archive.FileName} was cut: {error.Message}", error);
        }
        catch (OperationCanceledException error) when (!cancellationToken.IsCancellationRequested)
        {
            throw new LinkException($"the upload of {archive.FileName} was cut: {(linkEnded.IsCancellationRequested ? "the link ended" : "it stood still")}", error);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return UploadAnswer.Refused($"the archive is gone: {error.Message}");
        }
    }

    private async Task<UploadAnswer> PutAsync(string path, ArchiveInfo archive, Stream content, long at, long size, CancellationToken cancellationToken)
    {
        try
        {
            var request = new HttpRequestMessage(HttpMethod.Put, path) { Headers = { { UploadProtocol.Offset, at.ToString(CultureInfo.InvariantCulture) } } };
            var answer = await _calls.AskAsync(request, archive, moved => new PieceContent(content, size, moved), cancellationToken);
            if (answer.Offset == at + size)
            {
                _piece.Taken();
            }

            return answer;
        }
        catch (HttpRequestException)
        {
            // Whoever has enough of a piece may also just close, and what it says before is lost with the rest.
            _piece.Cut(size);
            throw;
        }
    }
}
