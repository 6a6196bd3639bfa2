using System.Globalization;
using System.Text;

namespace Caur.Api.Manager;

/// <summary>Text for a log that others read line by line. What outsiders wrote (refs, authors, names, messages of their servers) comes through
/// it whoever logs it, so that it cannot look like a line of its own, end one, or steer a terminal.</summary>
public static class LogText
{
    /// <summary>A text in one line: control characters, line ends of any kind and what turns the direction of writing are written as
    /// <c>\n</c>, <c>\x1b</c>, <c>\u202e</c>.</summary>
    public static string Clean(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.Any(IsUnsafe))
        {
            return text;
        }

        var clean = new StringBuilder(text.Length + 16);
        foreach (var character in text)
        {
            _ = character switch
            {
                '\n' => clean.Append(@"\n"),
                '\r' => clean.Append(@"\r"),
                '\t' => clean.Append(@"\t"),
                _ when !IsUnsafe(character) => clean.Append(character),
                < (char)0x100 => clean.Append(CultureInfo.InvariantCulture, $@"\x{(int)character:x2}"),
                _ => clean.Append(CultureInfo.InvariantCulture, $@"\u{(int)character:x4}"),
            };
        }

        return clean.ToString();
    }

    private static bool IsUnsafe(char character) => char.GetUnicodeCategory(character)
        is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Format;
}
