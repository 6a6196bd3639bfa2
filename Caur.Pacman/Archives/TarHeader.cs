namespace Caur.Pacman;

/// <summary>Where things stand in a tar header (POSIX.1-1988 ustar, with GNU's and pax's additions), and how they are written.</summary>
internal static class TarHeader
{
    public const int BlockSize = 512;
    public const byte File = (byte)'0';
    public const byte OldFile = 0;
    public const byte ContiguousFile = (byte)'7';
    public const byte Directory = (byte)'5';
    public const byte PaxHeader = (byte)'x';
    public const byte PaxGlobalHeader = (byte)'g';
    public const byte GnuLongName = (byte)'L';
    public const byte GnuLongLink = (byte)'K';
    public const byte GnuSparse = (byte)'S';

    public static readonly Range Name = ..100;
    public static readonly Range Mode = 100..108;
    public static readonly Range UserId = 108..116;
    public static readonly Range GroupId = 116..124;
    public static readonly Range Size = 124..136;
    public static readonly Range Time = 136..148;
    public static readonly Range Checksum = 148..156;
    public const int Type = 156;
    public static readonly Range Magic = 257..265;
    public static readonly Range UserName = 265..297;
    public static readonly Range GroupName = 297..329;
    public static readonly Range Prefix = 345..500;

    /// <summary>The bytes up to the first NUL.</summary>
    public static ReadOnlySpan<byte> Text(ReadOnlySpan<byte> field)
    {
        var end = field.IndexOf((byte)0);
        return end < 0 ? field : field[..end];
    }

    /// <summary>An octal number, or a big-endian one where the first bit is set (GNU, for 8 GiB and more); -1 when it is neither.</summary>
    public static long Number(ReadOnlySpan<byte> field)
    {
        if ((field[0] & 0x80) != 0)
        {
            return BigEndian(field);
        }

        var number = 0L;
        var seen = false;
        foreach (var digit in field)
        {
            switch (digit)
            {
                case (byte)' ' when !seen:
                    break;
                case >= (byte)'0' and <= (byte)'7':
                    seen = true;
                    number = (number << 3) + (digit - '0');
                    break;
                case 0 or (byte)' ':
                    return number;
                default:
                    return -1;
            }
        }

        return number;
    }

    private static long BigEndian(ReadOnlySpan<byte> field)
    {
        var number = (long)(field[0] & 0x7f);
        foreach (var value in field[1..])
        {
            // A first byte of 0xff is the sign of a negative number, and such a size overflows here too.
            if (number > long.MaxValue >> 8)
            {
                return -1;
            }

            number = (number << 8) | value;
        }

        return number;
    }

    /// <summary>The sum over all bytes with the field of the sum itself taken as blanks.</summary>
    public static int Sum(ReadOnlySpan<byte> block)
    {
        var sum = 0;
        foreach (var value in block)
        {
            sum += value;
        }

        foreach (var value in block[Checksum])
        {
            sum += ' ' - value;
        }

        return sum;
    }

    /// <summary>How many bytes fill up the last block of a member of this size.</summary>
    public static int Padding(long size) => (int)(-size & (BlockSize - 1));
}
