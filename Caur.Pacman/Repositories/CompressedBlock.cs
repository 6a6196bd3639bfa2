using System.Buffers.Binary;
using System.IO.Compression;

namespace Caur.Pacman;

/// <summary>
/// A part of an archive, compressed so that it can stand between others that were compressed at another time: with gzip as deflate
/// blocks that end at a byte and refer to nothing before them (RFC 1951 allows any number in a stream), with zstd as a frame.
/// </summary>
internal sealed class CompressedBlock
{
    private const int GzipHeaderLength = 10;
    private const int GzipLevel = 6;
    private const int ZstdLevel = 6;

    private readonly CompressionFormat _format;

    private CompressedBlock(CompressionFormat format, byte[] bytes, uint crc, int rawLength)
    {
        _format = format;
        Bytes = bytes;
        Crc = crc;
        CrcShift = Crc32.Shift(rawLength);
        RawLength = rawLength;
    }

    /// <summary>What goes into the compressed archive.</summary>
    public byte[] Bytes { get; }

    /// <summary>The CRC-32 of the plain bytes; only of gzip.</summary>
    public uint Crc { get; }

    /// <summary>How the CRC of what comes before changes by this block. Kept, as a database has thousands of blocks.</summary>
    public uint CrcShift { get; }

    public int RawLength { get; }

    public static CompressedBlock Compress(ReadOnlySpan<byte> raw, CompressionFormat format) => format switch
    {
        CompressionFormat.Gzip => Gzip(raw),
        CompressionFormat.Zstd => Zstd(raw),
        CompressionFormat.None => new CompressedBlock(format, raw.ToArray(), 0, raw.Length),
        _ => throw new ArgumentOutOfRangeException(nameof(format), format, "databases are written plain, with gzip or with zstd"),
    };

    public byte[] Decompress()
    {
        if (_format == CompressionFormat.None)
        {
            return Bytes;
        }

        using var stream = _format == CompressionFormat.Gzip
            ? (Stream)new DeflateStream(new MemoryStream([.. Bytes, .. GzipArchive.FinalBlock]), CompressionMode.Decompress)
            : new ZstdStream(new MemoryStream(Bytes), CompressionMode.Decompress);
        var raw = new byte[RawLength];
        stream.ReadExactly(raw);
        return raw;
    }

    /// <summary>A flush ends the block at a byte; what a writer of a whole file adds behind it is left away, but for its CRC.</summary>
    private static CompressedBlock Gzip(ReadOnlySpan<byte> raw)
    {
        using var packed = new MemoryStream();
        int end;
        using (var gzip = new GZipStream(packed, new ZLibCompressionOptions { CompressionLevel = GzipLevel }, leaveOpen: true))
        {
            gzip.Write(raw);
            gzip.Flush();
            end = (int)packed.Length;
        }

        var file = packed.GetBuffer().AsSpan(0, (int)packed.Length);
        var crc = BinaryPrimitives.ReadUInt32LittleEndian(file[^8..]);
        return new CompressedBlock(CompressionFormat.Gzip, file[GzipHeaderLength..end].ToArray(), crc, raw.Length);
    }

    private static CompressedBlock Zstd(ReadOnlySpan<byte> raw)
    {
        using var packed = new MemoryStream();
        using (var zstd = new ZstdStream(packed, CompressionMode.Compress, leaveOpen: true, ZstdLevel))
        {
            zstd.Write(raw);
        }

        return new CompressedBlock(CompressionFormat.Zstd, packed.ToArray(), 0, raw.Length);
    }
}
