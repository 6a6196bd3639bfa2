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
    /// <returns>False when one is not of that form.</returns>
    public bool TryReadPax(ReadOnlySpan<byte> records)
    {
        byte[]? realName = null;
        while (!records.IsEmpty)
        {
            if (!TryTakeRecord(ref records, out var key, out var value))
            {
                return false;
            }

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
                if (!TryReadNumber(value, out var size, out var used) || used != value.Length)
                {
                    return false;
                }

                Size = size;
            }
        }

        Name = realName ?? Name;
        return true;
    }

    /// <summary>A global header speaks of all members. Readers differ on what it may say, so one that names or sizes them is refused.</summary>
    public static bool IsHarmlessGlobal(ReadOnlySpan<byte> records)
    {
        while (!records.IsEmpty)
        {
            if (!TryTakeRecord(ref records, out var key, out _)
                || key.SequenceEqual("path"u8) || key.SequenceEqual("size"u8) || key.SequenceEqual("linkpath"u8) || key.StartsWith("GNU.sparse"u8))
            {
                return false;
            }
        }

        return true;
    }

    private static bool TryTakeRecord(ref ReadOnlySpan<byte> records, out ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        key = default;
        value = default;
        if (!TryReadNumber(records, out var claimed, out var digits)
            || claimed <= digits + 1 || claimed > records.Length || records[digits] != ' ' || records[(int)claimed - 1] != '\n')
        {
            return false;
        }

        var length = (int)claimed;
        var record = records[(digits + 1)..(length - 1)];
        var equals = record.IndexOf((byte)'=');
        if (equals <= 0)
        {
            return false;
        }

        key = record[..equals];
        value = record[(equals + 1)..];
        records = records[length..];
        return true;
    }

    /// <summary>Decimal digits, without the sign that the parser would take.</summary>
    private static bool TryReadNumber(ReadOnlySpan<byte> text, out long number, out int used)
    {
        number = 0;
        used = 0;
        return text is [>= (byte)'0' and <= (byte)'9', ..] && Utf8Parser.TryParse(text, out number, out used);
    }
}
