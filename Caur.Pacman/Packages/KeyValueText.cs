using System.Text;
using System.Text.Unicode;

namespace Caur.Pacman;

/// <summary>The lines <c>key = value</c> of a .PKGINFO or .BUILDINFO, in their order.</summary>
internal sealed class KeyValueText
{
    private readonly List<KeyValueLine> _lines = [];

    private KeyValueText()
    {
    }

    public IReadOnlyList<KeyValueLine> Lines => _lines;

    public static KeyValueText Parse(ReadOnlySpan<byte> utf8, string file)
    {
        if (!Utf8.IsValid(utf8) || utf8.Contains((byte)0))
        {
            throw new FormatFaultException(FormatErrorCode.NotUtf8, $"{file} is not UTF-8 text");
        }

        var parsed = new KeyValueText();
        var number = 0;
        foreach (var raw in Encoding.UTF8.GetString(utf8).Split('\n'))
        {
            number++;
            var line = raw.AsSpan().Trim(" \t");
            if (line.IsEmpty || line[0] == '#')
            {
                continue;
            }

            var equals = line.IndexOf('=');
            var key = equals < 0 ? default : line[..equals].TrimEnd();
            if (key.IsEmpty || key.Contains(' '))
            {
                throw new FormatFaultException(new FormatError(
                    FormatErrorCode.Malformed, $"{FormatError.Quote(line)} in {file} is not of the form 'key = value'", number));
            }

            // What else Unicode counts as white space belongs to the value, as it does to repo-add's shell.
            parsed._lines.Add(new KeyValueLine(key.ToString(), line[(equals + 1)..].TrimStart(' ').ToString(), number));
        }

        return parsed;
    }

    /// <summary>All values of a key that are not empty.</summary>
    public IReadOnlyList<string> Values(string key) =>
        [.. from line in _lines where line.Key == key && line.Value.Length > 0 select line.Value];

    /// <summary>The last line of a key, which is the one that counts, or null.</summary>
    public KeyValueLine? Last(string key) => _lines.FindLast(line => line.Key == key);
}

/// <summary>One line: its key, its value without blanks around it, its number counted from 1.</summary>
internal sealed record KeyValueLine(string Key, string Value, int Number);
