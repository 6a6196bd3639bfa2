using System.Buffers.Binary;

namespace Caur.Pacman;

/// <summary>Makes one gzip member (RFC 1952) of blocks that were compressed apart.</summary>
internal static class GzipArchive
{
    /// <summary>No name, no time, made on Unix: as <c>gzip -n</c>.</summary>
    public static ReadOnlySpan<byte> Header => [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];

    /// <summary>An empty deflate block that is marked as the last one.</summary>
    public static ReadOnlySpan<byte> FinalBlock => [0x03, 0x00];

    public static byte[] Trailer(IEnumerable<CompressedBlock> blocks)
    {
        var crc = 0u;
        var length = 0L;
        foreach (var block in blocks)
        {
            crc = Crc32.Combine(crc, block.Crc, block.CrcShift);
            length += block.RawLength;
        }

        var trailer = new byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, crc);
        BinaryPrimitives.WriteUInt32LittleEndian(trailer.AsSpan(4), unchecked((uint)length));
        return [.. FinalBlock, .. trailer];
    }
}
