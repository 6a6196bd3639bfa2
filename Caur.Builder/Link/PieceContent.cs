using System.Net;

namespace Caur.Builder.Link;

/// <summary>The next bytes of a stream as a request's body.</summary>
/// <param name="from">Read from where it stands.</param>
/// <param name="count">How many bytes.</param>
/// <param name="moved">Told how many bytes are left, before some of them go out and when all have.</param>
internal sealed class PieceContent(Stream from, long count, Action<long> moved) : HttpContent
{
    private const int BufferBytes = 64 * 1024;

    protected override bool TryComputeLength(out long length)
    {
        length = count;
        return true;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferBytes];
        for (var left = count; left > 0;)
        {
            var read = await from.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, left)), cancellationToken);
            if (read == 0)
            {
                throw new EndOfStreamException("the archive is shorter than it was");
            }

            moved(left);
            await stream.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            left -= read;
        }

        moved(0);
    }
}
