using System.IO.Compression;

namespace Caur.Pacman;

/// <summary>Opens a compressed stream by what its first bytes say; a name can lie.</summary>
internal static class Decompression
{
    private const int MagicLength = 6;

    /// <summary>Leaves <paramref name="source"/> open.</summary>
    public static Stream Open(Stream source)
    {
        var magic = new byte[MagicLength];
        var length = source.ReadAtLeast(magic, MagicLength, throwOnEndOfStream: false);
        var whole = new PrefixedStream(magic.AsMemory(0, length), source);
        return Detect(magic.AsSpan(0, length)) switch
        {
            CompressionFormat.Gzip => new GzipReader(whole),
            CompressionFormat.Zstd => new ZstdStream(whole, CompressionMode.Decompress),
            CompressionFormat.Xz => new XzStream(whole),
            _ => whole,
        };
    }

    public static CompressionFormat Detect(ReadOnlySpan<byte> magic) => magic switch
    {
        [0x1f, 0x8b, ..] => CompressionFormat.Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => CompressionFormat.Zstd,
        // A skippable frame, which may stand before the first one.
        [>= 0x50 and <= 0x5f, 0x2a, 0x4d, 0x18, ..] => CompressionFormat.Zstd,
        [0xfd, (byte)'7', (byte)'z', (byte)'X', (byte)'Z', 0, ..] => CompressionFormat.Xz,
        _ => CompressionFormat.None,
    };
}
