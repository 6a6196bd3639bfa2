using System.Globalization;
using System.Text;

namespace Caur.Pipelines.Reviews;

/// <summary>
/// Puts texts from outside into markdown so that they stay texts: in code, where neither markup nor HTML, mentions, references and quick
/// actions are read (CommonMark 0.31, 4.5 and 6.1), behind a fence that is longer than any in them, and with what does not show made visible.
/// </summary>
internal static class Markdown
{
    /// <summary>A text within a line.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="longest">So many characters of it are shown.</param>
    public static string Code(string text, int longest = 300)
    {
        var shown = Visible(Cut(text, longest), keepsLines: false);
        if (shown.Length == 0)
        {
            return "(empty)";
        }

        var ticks = new string('`', LongestRun(shown, '`') + 1);

        // One blank at each side is taken off again; a | would end a table's cell, which is why this stands in none.
        return $"{ticks} {shown} {ticks}";
    }

    /// <summary>A text of lines.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="language">Ours, for colours.</param>
    public static string Block(string text, string language)
    {
        var shown = Visible(text, keepsLines: true).TrimEnd('\n');
        var fence = new string('`', Math.Max(3, LongestRun(shown, '`') + 1));
        return $"{fence}{language}\n{shown}\n{fence}\n";
    }

    /// <summary>How long a text is where forges count.</summary>
    public static int Length(string text) => Encoding.UTF8.GetByteCount(text);

    /// <summary>The longest start of a text that ends with a line and has at most so many bytes.</summary>
    public static string Head(string text, int bytes)
    {
        if (Length(text) <= bytes)
        {
            return text;
        }

        var (end, used) = (0, 0);
        while (end < text.Length)
        {
            var next = text.IndexOf('\n', end);
            var stop = next < 0 ? text.Length : next + 1;
            used += Encoding.UTF8.GetByteCount(text.AsSpan(end, stop - end));
            if (used > bytes)
            {
                break;
            }

            end = stop;
        }

        return text[..end];
    }

    private static string Cut(string text, int longest)
    {
        if (text.Length <= longest)
        {
            return text;
        }

        var end = char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest;
        return $"{text[..end]}...";
    }

    private static string Visible(string text, bool keepsLines)
    {
        var visible = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value == '\t' || (rune.Value == '\n' && keepsLines))
            {
                visible.Append((char)rune.Value);
            }
            else if (rune.Value == '\n')
            {
                visible.Append(' ');
            }
            else if (Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned)
            {
                visible.Append(CultureInfo.InvariantCulture, $"<U+{rune.Value:X4}>");
            }
            else
            {
                visible.Append(rune);
            }
        }

        return visible.ToString();
    }

    private static int LongestRun(string text, char of)
    {
        var (longest, run) = (0, 0);
        foreach (var c in text)
        {
            run = c == of ? run + 1 : 0;
            longest = Math.Max(longest, run);
        }

        return longest;
    }
}
