using System.Buffers.Text;

namespace Caur.Pacman;

/// <summary>What extended headers say of the member that follows them.</summary>
internal sealed class TarExtensions
{
    public byte[]? Name { get; set; }

    public long? Size { get; private set; }

    public void Clear()
    {
        Name = null;
        Size = null;
    }

    /// <summary>Reads records of the form <c>length key=value\n</c> (POSIX.1-2001 pax).</summary>
    public void ReadPax(ReadOnlySpan<byte> records)
    {
        byte[]? realName = null;
        while (TakeRecord(ref records, out var key, out var value))
        {
            if (key.SequenceEqual("path"u8))
            {
                Name = value.ToArray();
            }
            else if (key.SequenceEqual("GNU.sparse.name"u8))
            {
                realName = value.ToArray();
            }
            else if (key.SequenceEqual("size"u8))
            {
                Size = Utf8Parser.TryParse(value, out long size, out var used) && used == value.Length && size >= 0 ? size : throw Malformed();
            }
        }

        Name = realName ?? Name;
    }

    /// <summary>A global header speaks of all members. Readers differ on what it may say, so one that names or sizes them is refused.</summary>
    public static void CheckGlobal(ReadOnlySpan<byte> records)
    {
        while (TakeRecord(ref records, out var key, out _))
        {
            if (key.SequenceEqual("path"u8) || key.SequenceEqual("size"u8) || key.SequenceEqual("linkpath"u8) || key.StartsWith("GNU.sparse"u8))
            {
                throw Malformed();
            }
        }
    }

    private static bool TakeRecord(ref ReadOnlySpan<byte> records, out ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        key = default;
        value = default;
        if (records.IsEmpty)
        {
            return false;
        }

        if (!Utf8Parser.TryParse(records, out int length, out var digits)
            || length <= digits + 1 || length > records.Length || records[digits] != ' ' || records[length - 1] != '\n')
        {
            throw Malformed();
        }

        var record = records[(digits + 1)..(length - 1)];
        var equals = record.IndexOf((byte)'=');
        if (equals <= 0)
        {
            throw Malformed();
        }

        key = record[..equals];
        value = record[(equals + 1)..];
        records = records[length..];
        return true;
    }

    private static FormatFaultException Malformed() => new(FormatErrorCode.NotAnArchive, "an extended header of the archive is malformed");
}
