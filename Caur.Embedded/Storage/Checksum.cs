using System.Buffers.Binary;
using System.Numerics;

namespace Caur.Embedded.Storage;

/// <summary>CRC-32C (Castagnoli), which processors compute: it tells damaged bytes from sound ones, not forged ones.</summary>
internal static class Checksum
{
    public static uint Of(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        for (; data.Length >= sizeof(ulong); data = data[sizeof(ulong)..])
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(data));
        }

        foreach (var one in data)
        {
            crc = BitOperations.Crc32C(crc, one);
        }

        return ~crc;
    }
}
