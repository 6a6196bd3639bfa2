using System.Buffers.Binary;
using System.Text;
using Caur.Protocol.Builders;

namespace Caur.Protocol.Link;

/// <summary>The binary message: one byte 1 for its kind, the request's id (8 bytes), the attempt's number (4), sequence (8) and offset (8)
/// of the piece, the length of the build's id (2), the id in UTF-8, and the output up to the end. All numbers are big-endian.</summary>
public static class LogFrame
{
    /// <summary>The bytes before the build's id.</summary>
    public const int HeadBytes = 1 + 8 + 4 + 8 + 8 + 2;

    private const byte Kind = 1;

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>The message's bytes.</summary>
    public static byte[] Encode(LogRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var chunk = request.Chunk;
        var id = Strict.GetByteCount(chunk.Attempt.Build);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(id, LinkProtocol.MaxText);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(chunk.Bytes.Length, LinkProtocol.MaxLogBytes);
        var frame = new byte[HeadBytes + id + chunk.Bytes.Length];
        var head = frame.AsSpan();
        head[0] = Kind;
        BinaryPrimitives.WriteInt64BigEndian(head[1..], request.Id);
        BinaryPrimitives.WriteInt32BigEndian(head[9..], chunk.Attempt.Number);
        BinaryPrimitives.WriteInt64BigEndian(head[13..], chunk.Sequence);
        BinaryPrimitives.WriteInt64BigEndian(head[21..], chunk.Offset);
        BinaryPrimitives.WriteUInt16BigEndian(head[29..], (ushort)id);
        Strict.GetBytes(chunk.Attempt.Build, head[HeadBytes..]);
        chunk.Bytes.Span.CopyTo(head[(HeadBytes + id)..]);
        return frame;
    }

    /// <summary>Reads one; what it returns does not share the given memory.</summary>
    public static LinkReading Decode(ReadOnlySpan<byte> frame)
    {
        if (frame.Length < HeadBytes || frame[0] != Kind)
        {
            return frame.Length > 0 && frame[0] != Kind
                ? LinkReading.Refuse(LinkEndReason.UnknownType, $"a binary message of kind {frame[0]}")
                : LinkReading.Refuse(LinkEndReason.Malformed, $"a binary message of {frame.Length} bytes");
        }

        var id = BinaryPrimitives.ReadInt64BigEndian(frame[1..]);
        var number = BinaryPrimitives.ReadInt32BigEndian(frame[9..]);
        var sequence = BinaryPrimitives.ReadInt64BigEndian(frame[13..]);
        var offset = BinaryPrimitives.ReadInt64BigEndian(frame[21..]);
        var length = BinaryPrimitives.ReadUInt16BigEndian(frame[29..]);
        var bytes = frame.Length - HeadBytes - length;
        if (bytes < 0)
        {
            return LinkReading.Refuse(LinkEndReason.Malformed, "a binary message breaks off in its build's id");
        }

        if (id < 1 || number < 1 || sequence < 0 || offset < 0 || length is 0 or > LinkProtocol.MaxText || bytes > LinkProtocol.MaxLogBytes
            || offset > long.MaxValue - bytes)
        {
            return LinkReading.Refuse(LinkEndReason.OutOfBounds, "a number in a binary message is out of its bounds");
        }

        string build;
        try
        {
            build = Strict.GetString(frame.Slice(HeadBytes, length));
        }
        catch (DecoderFallbackException)
        {
            return LinkReading.Refuse(LinkEndReason.Malformed, "the build's id of a binary message is no UTF-8");
        }

        return LinkReading.Of(new LogRequest(new LogChunk
        {
            Attempt = new AttemptRef(build, number),
            Sequence = sequence,
            Offset = offset,
            Bytes = frame[(HeadBytes + length)..].ToArray(),
        })
        {
            Id = id,
        });
    }
}
