using System.IO.Compression;

namespace Caur.Pacman;

/// <summary>
/// Reads gzip, and sees when it ends too early. GZipStream does not: where only the checksum at the end is missing, it ends as if all
/// were well. So a member of our own is put behind the input: whoever read a whole file comes upon its content, whoever read a part
/// takes it for the rest of that part.
/// </summary>
internal sealed class GzipReader : ReadOnlyStream
{
    private static readonly byte[] Mark = "the end of the input was reached"u8.ToArray();
    private static readonly byte[] PackedMark = PackMark();

    private readonly Feed _feed;
    private readonly GZipStream _gzip;
    private int _seen;

    public GzipReader(Stream source)
    {
        _feed = new Feed(source);
        _gzip = new GZipStream(_feed, CompressionMode.Decompress);
    }

    public override int Read(Span<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            int count;
            try
            {
                count = _gzip.Read(buffer);
            }
            catch (InvalidDataException fault)
            {
                throw _feed.SourceEnded
                    ? Truncated()
                    : new FormatFaultException(FormatErrorCode.NotAnArchive, "gzip: " + fault.Message, fault);
            }

            // Input is asked for when all that came before it has been handed out, so these bytes are of the source alone.
            if (!_feed.SourceEnded)
            {
                return count;
            }

            if (count == 0)
            {
                return _seen == Mark.Length ? 0 : throw Truncated();
            }

            if (!Mark.AsSpan(_seen).StartsWith(buffer[..count]))
            {
                throw Truncated();
            }

            _seen += count;
        }

        return 0;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _gzip.Dispose();
        }

        base.Dispose(disposing);
    }

    private static FormatFaultException Truncated() => new(FormatErrorCode.Truncated, "gzip: the data end too early");

    private static byte[] PackMark()
    {
        var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(Mark);
        }

        return packed.ToArray();
    }

    private sealed class Feed(Stream source) : ReadOnlyStream
    {
        private int _fed;

        public bool SourceEnded { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            if (!SourceEnded)
            {
                var count = source.Read(buffer);
                if (count > 0 || buffer.IsEmpty)
                {
                    return count;
                }

                SourceEnded = true;
            }

            var length = Math.Min(buffer.Length, PackedMark.Length - _fed);
            PackedMark.AsSpan(_fed, length).CopyTo(buffer);
            _fed += length;
            return length;
        }
    }
}
