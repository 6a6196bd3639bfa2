using System.Buffers;
using System.Globalization;
using System.Text;

namespace Caur.Pacman;

/// <summary>
/// Appends members to a tar archive in memory: always the same bytes for the same members. System.Formats.Tar puts the number of
/// its process into the names of extended headers.
/// </summary>
internal static class TarWriter
{
    private const long LastTime = (1L << 33) - 1;
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    /// <summary>The end of an archive: two empty blocks.</summary>
    public static ReadOnlySpan<byte> End => new byte[2 * TarHeader.BlockSize];

    /// <param name="output">The archive.</param>
    /// <param name="name">With a slash at its end.</param>
    /// <param name="time">In seconds since 1970.</param>
    public static void WriteDirectory(ArrayBufferWriter<byte> output, string name, long time) =>
        WriteHeader(output, name, TarHeader.Directory, "0000755"u8, 0, time);

    public static void WriteFile(ArrayBufferWriter<byte> output, string name, ReadOnlySpan<byte> content, long time)
    {
        WriteHeader(output, name, TarHeader.File, "0000644"u8, content.Length, time);
        output.Write(content);
        Pad(output, content.Length);
    }

    private static void WriteHeader(
        ArrayBufferWriter<byte> output, string name, byte type, ReadOnlySpan<byte> mode, long size, long time)
    {
        var bytes = Utf8.GetBytes(name);
        var split = Split(bytes);
        if (split < 0)
        {
            WritePaxName(output, bytes, time);
            bytes = bytes[..TarHeader.Name.End.Value];
            split = 0;
        }

        var block = output.GetSpan(TarHeader.BlockSize)[..TarHeader.BlockSize];
        block.Clear();
        if (split > 0)
        {
            bytes.AsSpan(0, split).CopyTo(block[TarHeader.Prefix]);
            bytes.AsSpan(split + 1).CopyTo(block[TarHeader.Name]);
        }
        else
        {
            bytes.CopyTo(block[TarHeader.Name]);
        }

        mode.CopyTo(block[TarHeader.Mode]);
        "0000000"u8.CopyTo(block[TarHeader.UserId]);
        "0000000"u8.CopyTo(block[TarHeader.GroupId]);
        WriteOctal(block[TarHeader.Size], size, 11);
        WriteOctal(block[TarHeader.Time], Math.Clamp(time, 0, LastTime), 11);
        block[TarHeader.Type] = type;
        "ustar\000"u8.CopyTo(block[TarHeader.Magic]);
        "root"u8.CopyTo(block[TarHeader.UserName]);
        "root"u8.CopyTo(block[TarHeader.GroupName]);
        WriteOctal(block[TarHeader.Checksum], TarHeader.Sum(block), 6);
        block[TarHeader.Checksum][7] = (byte)' ';
        output.Advance(TarHeader.BlockSize);
    }

    /// <summary>Where a name is split into prefix and name: 0 for not at all, -1 when it does not fit.</summary>
    private static int Split(ReadOnlySpan<byte> name)
    {
        const int NameLength = 100;
        const int PrefixLength = 155;
        if (name.Length <= NameLength)
        {
            return 0;
        }

        var slash = name[..^1].LastIndexOf((byte)'/');
        return slash is > 0 and <= PrefixLength && name.Length - slash - 1 <= NameLength ? slash : -1;
    }

    private static void WritePaxName(ArrayBufferWriter<byte> output, ReadOnlySpan<byte> name, long time)
    {
        var rest = " path=".Length + name.Length + 1;
        var length = rest + 1;
        while (length != rest + length.ToString(CultureInfo.InvariantCulture).Length)
        {
            length++;
        }

        byte[] record = [.. Utf8.GetBytes(length.ToString(CultureInfo.InvariantCulture)), .. " path="u8, .. name, (byte)'\n'];
        WriteHeader(output, "PaxHeader", TarHeader.PaxHeader, "0000644"u8, record.Length, time);
        output.Write(record);
        Pad(output, record.Length);
    }

    private static void WriteOctal(Span<byte> field, long number, int digits)
    {
        for (var i = digits - 1; i >= 0; i--)
        {
            field[i] = (byte)('0' + (number & 7));
            number >>= 3;
        }
    }

    private static void Pad(ArrayBufferWriter<byte> output, long size)
    {
        var padding = TarHeader.Padding(size);
        output.GetSpan(padding)[..padding].Clear();
        output.Advance(padding);
    }
}
