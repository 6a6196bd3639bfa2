using System.Buffers;
using System.Globalization;
using System.Text;

namespace Caur.Pacman;

/// <summary>The <c>desc</c> of a repository database: sections of a line <c>%KEY%</c>, one line for each value, an empty line.</summary>
internal static class DescText
{
    /// <summary>Writes what repo-add 6.0.2 (db_write_entry) writes for a package, byte by byte.</summary>
    public static byte[] Write(PackageInfo info, ArchiveDigest digest, string fileName, ReadOnlySpan<byte> signature)
    {
        var output = new ArrayBufferWriter<byte>(2048);
        var number = CultureInfo.InvariantCulture;
        WriteSection(output, "FILENAME", [fileName]);
        Single("NAME", "pkgname");
        Single("BASE", "pkgbase");
        Single("VERSION", "pkgver");
        Single("DESC", "pkgdesc");
        Multiple("GROUPS", "group");
        WriteSection(output, "CSIZE", [digest.Length.ToString(number)]);
        Single("ISIZE", "size");
        WriteSection(output, "MD5SUM", [digest.Md5]);
        WriteSection(output, "SHA256SUM", [digest.Sha256]);
        WriteSection(output, "PGPSIG", [Convert.ToBase64String(signature)]);
        Single("URL", "url");
        Multiple("LICENSE", "license");
        Single("ARCH", "arch");
        Single("BUILDDATE", "builddate");
        Single("PACKAGER", "packager");
        Multiple("REPLACES", "replaces");
        Multiple("CONFLICTS", "conflict");
        Multiple("PROVIDES", "provides");
        Multiple("DEPENDS", "depend");
        Multiple("OPTDEPENDS", "optdepend");
        Multiple("MAKEDEPENDS", "makedepend");
        Multiple("CHECKDEPENDS", "checkdepend");
        return output.WrittenSpan.ToArray();

        void Single(string section, string key) =>
            WriteSection(output, section, info.Text.Last(key) is { } line ? [Normalize(line.Value)] : []);

        void Multiple(string section, string key) =>
            WriteSection(output, section, from line in info.Text.Lines where line.Key == key select Normalize(line.Value));
    }

    /// <summary>Adds the signature to a desc that <see cref="Write"/> wrote without one, where it writes it.</summary>
    /// <exception cref="InvalidOperationException">It has one, or no SHA-256 before which it would stand.</exception>
    public static byte[] Sign(ReadOnlySpan<byte> desc, ReadOnlySpan<byte> signature)
    {
        var sum = desc.IndexOf("\n\n%SHA256SUM%\n"u8);
        var end = sum < 0 ? -1 : desc[(sum + 2)..].IndexOf("\n\n"u8);
        if (end < 0 || First(desc, "%PGPSIG%\n"u8) is not null)
        {
            throw new InvalidOperationException("the desc has a signature, or no SHA-256");
        }

        var output = new ArrayBufferWriter<byte>(desc.Length + (signature.Length * 2) + 32);
        var at = sum + 2 + end + 2;
        output.Write(desc[..at]);
        WriteSection(output, "PGPSIG", [Convert.ToBase64String(signature)]);
        output.Write(desc[at..]);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>The sections of a desc in their order. Blank lines end a section; a line before the first one is malformed.</summary>
    public static Dictionary<string, IReadOnlyList<string>> Parse(ReadOnlySpan<byte> utf8)
    {
        var sections = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        List<string>? values = null;
        foreach (var line in Encoding.UTF8.GetString(utf8).Split('\n'))
        {
            if (line.Length == 0)
            {
                values = null;
            }
            else if (values is not null)
            {
                values.Add(line);
            }
            else if (line is ['%', _, .., '%'])
            {
                // pacman joins the values of a list that stands in several sections.
                values = sections.TryGetValue(line[1..^1], out var known) ? (List<string>)known : [];
                sections[line[1..^1]] = values;
            }
        }

        return sections;
    }

    /// <summary>
    /// The first value of a section, found without parsing the rest; null when the section is missing or empty. A section begins behind
    /// an empty line: a value that only looks like its head is none.
    /// </summary>
    public static string? First(ReadOnlySpan<byte> utf8, ReadOnlySpan<byte> header) => First(ref utf8, header);

    /// <summary>As <see cref="First(ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>, for what tells one package from another.</summary>
    /// <exception cref="FormatFaultException">The section stands twice. Some readers take the first, pacman takes the last.</exception>
    public static string? Only(ReadOnlySpan<byte> utf8, ReadOnlySpan<byte> header, string field)
    {
        var value = First(ref utf8, header);
        return value is null || !Advance(ref utf8, header)
            ? value
            : throw new FormatFaultException(FormatErrorCode.Duplicate, $"a desc has {field} twice");
    }

    /// <summary>Moves behind the section's head.</summary>
    private static string? First(ref ReadOnlySpan<byte> utf8, ReadOnlySpan<byte> header)
    {
        utf8 = utf8.TrimStart((byte)'\n');
        if (utf8.StartsWith(header))
        {
            utf8 = utf8[header.Length..];
        }
        else if (!Advance(ref utf8, header))
        {
            return null;
        }

        var end = utf8.IndexOf((byte)'\n');
        var value = end < 0 ? utf8 : utf8[..end];
        return value.IsEmpty ? null : Encoding.UTF8.GetString(value);
    }

    /// <summary>Moves behind the next head of a section that follows an empty line, if there is one.</summary>
    private static bool Advance(ref ReadOnlySpan<byte> utf8, ReadOnlySpan<byte> header)
    {
        var at = utf8.IndexOf([.. "\n\n"u8, .. header]);
        if (at < 0)
        {
            return false;
        }

        utf8 = utf8[(at + 2 + header.Length)..];
        return true;
    }

    /// <summary>Writes a section, or nothing when it has no value.</summary>
    private static void WriteSection(ArrayBufferWriter<byte> output, string name, IEnumerable<string> values)
    {
        var empty = true;
        foreach (var value in values)
        {
            if (value.Length == 0)
            {
                continue;
            }

            if (empty)
            {
                Encoding.UTF8.GetBytes($"%{name}%\n", output);
            }

            Encoding.UTF8.GetBytes(value, output);
            output.Write("\n"u8);
            empty = false;
        }

        if (!empty)
        {
            output.Write("\n"u8);
        }
    }

    /// <summary>
    /// What a value is after repo-add's shell has read it: runs of white space are one blank, and where the value is one word with one
    /// <c>=</c> behind it, that is taken for a separator and lost (bash's <c>read</c> with <c>IFS=' ='</c>).
    /// </summary>
    private static string Normalize(string value)
    {
        if (value.EndsWith('=') && value.AsSpan(0, value.Length - 1).TrimEnd(' ').IndexOfAny(' ', '=') < 0)
        {
            value = value[..^1].TrimEnd(' ');
        }

        var text = new StringBuilder(value.Length);
        var blank = false;
        foreach (var c in value)
        {
            var space = IsSpace(c);
            if (!space || !blank)
            {
                text.Append(space ? ' ' : c);
            }

            blank = space;
        }

        return text.ToString();
    }

    /// <summary>[[:space:]] of a UTF-8 locale: not the blanks that forbid a break.</summary>
    private static bool IsSpace(char c) => char.IsWhiteSpace(c) && c is not ('\u00a0' or '\u2007' or '\u202f' or '\u0085');
}
