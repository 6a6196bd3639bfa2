using System.Buffers;
using System.Globalization;
using System.Text;

namespace Caur.Pacman;

/// <summary>
/// The files of a package as a <c>.files</c> database lists them: what
/// <c>bsdtar --exclude='^.*' -tf PACKAGE | LC_ALL=C sort -u</c> prints in a UTF-8 locale. Names that begin with a dot at the root are
/// left out, directories end with a slash; backslashes, control characters and what is not UTF-8 are written with a backslash.
/// </summary>
public sealed class PackageFileList
{
    private static ReadOnlySpan<byte> Head => "%FILES%\n"u8;

    private PackageFileList(byte[] text) => Text = text;

    /// <summary>The names in the order of their bytes, each once.</summary>
    public IReadOnlyList<string> Names =>
        Encoding.UTF8.GetString(Text).Split('\n', StringSplitOptions.RemoveEmptyEntries)[1..];

    /// <summary>The whole text of the <c>files</c> member: a line <c>%FILES%</c>, then one line for each name.</summary>
    internal byte[] Text { get; }

    internal sealed class Builder(int maxBytes)
    {
        private readonly List<byte[]> _names = [];
        private long _bytes;

        public void Add(ReadOnlySpan<byte> name)
        {
            if (IsHidden(name))
            {
                return;
            }

            var line = Escape(name);
            _bytes += line.Length + 1;
            if (_bytes > maxBytes)
            {
                throw new FormatFaultException(FormatErrorCode.TooLarge, $"the list of files has more than {maxBytes} bytes");
            }

            _names.Add(line);
        }

        public PackageFileList Build()
        {
            _names.Sort((left, right) => left.AsSpan().SequenceCompareTo(right));
            var text = new ArrayBufferWriter<byte>((int)_bytes + Head.Length);
            text.Write(Head);
            byte[]? last = null;
            foreach (var name in _names)
            {
                if (last is null || !name.AsSpan().SequenceEqual(last))
                {
                    text.Write(name);
                    text.Write("\n"u8);
                }

                last = name;
            }

            return new PackageFileList(text.WrittenSpan.ToArray());
        }

        /// <summary>bsdtar looks past <c>./</c> at the start of a name when it compares it with a pattern.</summary>
        private static bool IsHidden(ReadOnlySpan<byte> name)
        {
            while (name.StartsWith("./"u8))
            {
                name = name[2..].TrimStart((byte)'/');
            }

            return name.StartsWith("."u8);
        }

        /// <summary>bsdtar's way to print a name: after the first byte that is not UTF-8 it takes the rest byte by byte.</summary>
        private static byte[] Escape(ReadOnlySpan<byte> name)
        {
            if (!name.ContainsAnyExceptInRange((byte)' ', (byte)'~') && !name.Contains((byte)'\\'))
            {
                return name.ToArray();
            }

            var line = new ArrayBufferWriter<byte>(name.Length * 2);
            var valid = true;
            while (!name.IsEmpty)
            {
                var length = 1;
                var plain = name[0] is >= (byte)' ' and <= (byte)'~' and not (byte)'\\';
                if (valid && name[0] >= 0x80)
                {
                    valid = Rune.DecodeFromUtf8(name, out var rune, out var used) == OperationStatus.Done;
                    length = valid ? used : 1;
                    plain = valid && IsPrintable(rune);
                }

                if (plain)
                {
                    line.Write(name[..length]);
                }
                else
                {
                    EscapeBytes(line, name[..length]);
                }

                name = name[length..];
            }

            return line.WrittenSpan.ToArray();
        }

        private static bool IsPrintable(Rune rune) => Rune.GetUnicodeCategory(rune) is not
            (UnicodeCategory.Control or UnicodeCategory.OtherNotAssigned or UnicodeCategory.Surrogate
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);

        private static void EscapeBytes(ArrayBufferWriter<byte> line, ReadOnlySpan<byte> bytes)
        {
            foreach (var value in bytes)
            {
                line.Write(value switch
                {
                    (byte)'\a' => "\\a"u8,
                    (byte)'\b' => "\\b"u8,
                    (byte)'\f' => "\\f"u8,
                    (byte)'\n' => "\\n"u8,
                    (byte)'\r' => "\\r"u8,
                    (byte)'\t' => "\\t"u8,
                    (byte)'\v' => "\\v"u8,
                    (byte)'\\' => "\\\\"u8,
                    _ => [(byte)'\\', (byte)('0' + (value >> 6)), (byte)('0' + ((value >> 3) & 7)), (byte)('0' + (value & 7))],
                });
            }
        }
    }
}
