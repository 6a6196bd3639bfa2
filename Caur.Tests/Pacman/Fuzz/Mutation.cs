using System.Text;
using Caur.Pacman;

namespace Caur.Tests.Pacman.Fuzz;

/// <summary>Ways to damage an input that leave most of it as it was, so that the damage gets deep into a reader.</summary>
internal static class Mutation
{
    private static readonly string[] Numbers =
        ["0", "1", "-1", "007", "255", "256", "65535", "2147483647", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808", "99999999999999999999"];

    private static readonly byte[][] Pieces =
    [
        [0], [0xff], [0xc3], [0xed, 0xa0, 0x80], [0xef, 0xbb, 0xbf], [0xe2, 0x80, 0xa8], [0x0c], "\n"u8.ToArray(), "\n\n"u8.ToArray(), "\r\n"u8.ToArray(), "="u8.ToArray(),
        " = "u8.ToArray(), "../"u8.ToArray(), "/"u8.ToArray(), ":"u8.ToArray(), "-"u8.ToArray(), "%NAME%\n"u8.ToArray(), "\n\n%VERSION%\n"u8.ToArray(),
        "%FILES%\n"u8.ToArray(), "pkgname = x\n"u8.ToArray(), "pkgbase = x\n"u8.ToArray(), "depends = y>=1:\n"u8.ToArray(), "#"u8.ToArray(), "\""u8.ToArray(),
        .. Numbers.Select(Encoding.ASCII.GetBytes),
    ];

    private static readonly string[] Names =
        ["", "/", "..", "../desc", "a/../desc", "/etc/passwd", "a-1-1/desc", "a-1-1/files", "a-1-1/depends", "desc", ".PKGINFO", "./.PKGINFO", ".BUILDINFO", "a/", "\u00ff"];

    /// <summary>Damages the bytes of one of the samples.</summary>
    public static byte[] Bytes(IReadOnlyList<byte[]> samples, Random random)
    {
        var bytes = Pick(samples, random).ToList();
        for (var changes = random.Next(1, 6); changes > 0; changes--)
        {
            Change(bytes, samples, random);
        }

        return [.. bytes];
    }

    /// <summary>Damages a tar archive: blocks, fields of headers with the checksum mended, contents.</summary>
    public static byte[] Tar(IReadOnlyList<byte[]> samples, Random random)
    {
        var tar = Pick(samples, random).ToArray();
        for (var changes = random.Next(1, 5); changes > 0; changes--)
        {
            switch (random.Next(8))
            {
                case < 4:
                    EditHeader(tar, random);
                    break;
                case < 6:
                    tar = MoveBlocks(tar, samples, random);
                    break;
                case 6:
                    EditContent(tar, random);
                    break;
                default:
                    tar = Bytes([tar], random);
                    break;
            }
        }

        return tar;
    }

    private static void Change(List<byte> bytes, IReadOnlyList<byte[]> samples, Random random)
    {
        // More often near the start, where headers are.
        var at = bytes.Count == 0 ? 0 : random.Next(random.Next(bytes.Count) + 1);
        var length = Math.Min(random.Next(1, 40), bytes.Count - at);
        switch (random.Next(10))
        {
            case 0 when length > 0:
                bytes[at] = (byte)random.Next(256);
                break;
            case 1 when length > 0:
                bytes[at] ^= (byte)(1 << random.Next(8));
                break;
            case 2:
                bytes.RemoveRange(at, length);
                break;
            case 3:
                bytes.InsertRange(random.Next(bytes.Count + 1), bytes.GetRange(at, length));
                break;
            case 4:
                bytes.RemoveRange(at + length, bytes.Count - at - length);
                break;
            case 5:
                var other = Pick(samples, random);
                bytes.RemoveRange(at, bytes.Count - at);
                bytes.AddRange(other[Math.Min(at, other.Length)..]);
                break;
            case 6:
                EditNumber(bytes, at, random);
                break;
            case 7:
                var piece = bytes.GetRange(at, length);
                for (var times = random.Next(1, 200); times > 0; times--)
                {
                    bytes.InsertRange(at, piece);
                }

                break;
            default:
                bytes.InsertRange(at, Pick(Pieces, random));
                break;
        }
    }

    private static void EditNumber(List<byte> bytes, int at, Random random)
    {
        var begin = bytes.FindIndex(at, value => value is >= (byte)'0' and <= (byte)'9');
        if (begin >= 0)
        {
            var end = bytes.FindIndex(begin, value => value is < (byte)'0' or > (byte)'9');
            bytes.RemoveRange(begin, (end < 0 ? bytes.Count : end) - begin);
            bytes.InsertRange(begin, Encoding.ASCII.GetBytes(Pick(Numbers, random)));
        }
    }

    private static byte[] MoveBlocks(byte[] tar, IReadOnlyList<byte[]> samples, Random random)
    {
        var blocks = tar.Chunk(TarHeader.BlockSize).ToList();
        if (blocks.Count == 0)
        {
            return tar;
        }

        var at = random.Next(blocks.Count);
        var count = Math.Min(random.Next(1, 5), blocks.Count - at);
        switch (random.Next(4))
        {
            case 0:
                blocks.RemoveRange(at, count);
                break;
            case 1:
                blocks.InsertRange(random.Next(blocks.Count + 1), blocks.GetRange(at, count));
                break;
            case 2:
                var other = Pick(samples, random).Chunk(TarHeader.BlockSize).ToList();
                blocks.InsertRange(at, other.GetRange(0, random.Next(other.Count + 1)));
                break;
            default:
                blocks.Insert(at, new byte[TarHeader.BlockSize]);
                break;
        }

        return [.. blocks.SelectMany(block => block)];
    }

    private static void EditHeader(byte[] tar, Random random)
    {
        var headers = Headers(tar);
        if (headers.Count == 0)
        {
            return;
        }

        var block = tar.AsSpan(Pick(headers, random), TarHeader.BlockSize);
        switch (random.Next(8))
        {
            case 0:
                Put(block[TarHeader.Name], Encoding.Latin1.GetBytes(Pick(Names, random)));
                break;
            case 1:
                Put(block[TarHeader.Prefix], Encoding.Latin1.GetBytes(Pick(Names, random)));
                break;
            case 2:
                block[TarHeader.Type] = "0123456789xgLKSDNV7A\0"u8[random.Next(21)];
                break;
            case 3:
                Put(block[TarHeader.Size], SizeField(random));
                break;
            case 4:
                Put(block[TarHeader.Magic], Pick<byte[]>(["ustar\000"u8.ToArray(), "ustar  \0"u8.ToArray(), "tar\0"u8.ToArray(), []], random));
                break;
            case 5:
                var size = TarHeader.Number(block[TarHeader.Size]) + random.Next(-600, 600);
                Put(block[TarHeader.Size], Encoding.ASCII.GetBytes(Convert.ToString(Math.Max(0, size), 8).PadLeft(11, '0')));
                break;
            default:
                block[random.Next(block.Length)] = (byte)random.Next(256);
                break;
        }

        if (random.Next(10) > 0)
        {
            Put(block[TarHeader.Checksum], Encoding.ASCII.GetBytes(Convert.ToString(TarHeader.Sum(block), 8).PadLeft(6, '0') + "\0 "));
        }
    }

    private static byte[] SizeField(Random random) => random.Next(5) switch
    {
        0 => Encoding.ASCII.GetBytes(Convert.ToString(random.NextInt64(1L << random.Next(1, 33)), 8).PadLeft(11, '0')),
        1 => [0x80, 0, 0, 0, .. BitConverter.GetBytes(random.NextInt64())],
        2 => [.. Enumerable.Repeat((byte)0xff, 12)],
        3 => Encoding.ASCII.GetBytes("77777777777"),
        _ => Encoding.ASCII.GetBytes(Pick<string>(["", " ", "9", "0x10", "-1", "1 2", "\0\0\0\07", "777777777777"], random)),
    };

    /// <summary>Damages what stands between headers, where no checksum of the archive's own would tell.</summary>
    private static void EditContent(byte[] tar, Random random)
    {
        var headers = Headers(tar);
        if (headers.Count == 0)
        {
            return;
        }

        var begin = Pick(headers, random) + TarHeader.BlockSize;
        var end = headers.Find(header => header >= begin) is > 0 and var next ? next : tar.Length;
        if (begin < end)
        {
            var content = Bytes([tar[begin..end]], random);
            content.AsSpan(0, Math.Min(content.Length, end - begin)).CopyTo(tar.AsSpan(begin));
        }
    }

    private static List<int> Headers(byte[] tar)
    {
        var headers = new List<int>();
        for (var at = 0; at + TarHeader.BlockSize <= tar.Length; at += TarHeader.BlockSize)
        {
            var block = tar.AsSpan(at, TarHeader.BlockSize);
            if (TarHeader.Number(block[TarHeader.Checksum]) == TarHeader.Sum(block) && block[0] != 0)
            {
                headers.Add(at);
            }
        }

        return headers;
    }

    private static void Put(Span<byte> field, ReadOnlySpan<byte> text)
    {
        field.Clear();
        text[..Math.Min(text.Length, field.Length)].CopyTo(field);
    }

    private static T Pick<T>(IReadOnlyList<T> items, Random random) => items[random.Next(items.Count)];
}
