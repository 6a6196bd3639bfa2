using System.Buffers.Binary;
using System.Text;

namespace Caur.Tests.Pacman;

/// <summary>Writes tar archives byte by byte, also such as no decent tool would write.</summary>
internal sealed class RawTar
{
    private readonly List<byte> _bytes = [];

    public static RawTar WithInfo(string info = TestPackage.MinimalInfo) => new RawTar().File(".PKGINFO", info);

    public RawTar File(string name, string content) => Member(name, '0', Encoding.UTF8.GetBytes(content));

    public RawTar File(string name, byte[] content) => Member(name, '0', content);

    public RawTar Folder(string name) => Member(name, '5', []);

    public RawTar Link(string name, char type = '2') => Member(name, type, [], linkTarget: "target");

    public RawTar Pax(string key, string value, char type = 'x')
    {
        var record = $" {key}={value}\n";
        var length = Encoding.UTF8.GetByteCount(record);
        var total = length + 1;
        while (total != length + total.ToString(System.Globalization.CultureInfo.InvariantCulture).Length)
        {
            total++;
        }

        return Member("pax", type, Encoding.UTF8.GetBytes(total + record));
    }

    /// <summary>Adds a member whose header may claim another size than its content has.</summary>
    public RawTar Member(string name, char type, byte[] content, long? claimedSize = null, string linkTarget = "")
    {
        var block = new byte[512];
        Encoding.Latin1.GetBytes(name).CopyTo(block, 0);
        Put(block, 100, "0000644\0" + "0000000\0" + "0000000\0");
        PutSize(block.AsSpan(124, 12), claimedSize ?? content.Length);
        Put(block, 136, "14524573600");
        block[156] = (byte)type;
        Put(block, 157, linkTarget);
        Put(block, 257, "ustar\000");
        Put(block, 148, "        ");
        Put(block, 148, Convert.ToString(block.Sum(value => value), 8).PadLeft(6, '0') + "\0");
        _bytes.AddRange(block);
        _bytes.AddRange(content);
        _bytes.AddRange(new byte[(512 - (content.Length % 512)) % 512]);
        return this;
    }

    /// <summary>The archive with its end mark.</summary>
    public byte[] End() => [.. _bytes, .. new byte[1024]];

    public byte[] WithoutEnd() => [.. _bytes];

    /// <summary>In octal digits, or where those do not suffice as GNU does: as a big-endian number.</summary>
    private static void PutSize(Span<byte> field, long size)
    {
        if (size < 1L << 33)
        {
            Encoding.ASCII.GetBytes(Convert.ToString(size, 8).PadLeft(11, '0')).CopyTo(field);
        }
        else
        {
            field[0] = 0x80;
            BinaryPrimitives.WriteInt64BigEndian(field[4..], size);
        }
    }

    private static void Put(byte[] block, int at, string text) => Encoding.ASCII.GetBytes(text).CopyTo(block, at);
}
