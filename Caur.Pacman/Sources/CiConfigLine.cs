using System.Buffers;

namespace Caur.Pacman;

/// <summary>
/// One line of a <c>.CI/config</c>, as places in its text. A setting is what the templates' expression
/// <c>^\s*([a-zA-Z0-9_]+)\s*=\s*(.*)\s*$</c> takes for one; other than there, white space behind a value (a carriage return, say) does
/// not belong to it.
/// </summary>
/// <param name="Number">Counted from 1.</param>
/// <param name="Whole">With the newline that ends it, which the last line may lack.</param>
/// <param name="Key">The key of a setting; empty when the line is none.</param>
/// <param name="Value">The value of a setting, which may be empty.</param>
internal readonly record struct CiConfigLine(int Number, Range Whole, Range Key, Range Value)
{
    private static readonly SearchValues<byte> KeyBytes =
        SearchValues.Create("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"u8);

    private static ReadOnlySpan<byte> Mark => [0xEF, 0xBB, 0xBF];

    private static ReadOnlySpan<byte> Space => " \t\r\v\f"u8;

    public bool IsSetting => Key.Start.Value != Key.End.Value;

    /// <summary>Whether a text can be a key.</summary>
    public static bool IsKey(ReadOnlySpan<byte> text) => !text.IsEmpty && !text.ContainsAnyExcept(KeyBytes);

    /// <summary>The length of the mark of the byte order with which a text begins; 0 when it does not.</summary>
    public static int MarkLength(ReadOnlySpan<byte> text)
    {
        var length = 0;
        while (text[length..].StartsWith(Mark))
        {
            length += Mark.Length;
        }

        return length;
    }

    public static List<CiConfigLine> Split(ReadOnlySpan<byte> text)
    {
        var lines = new List<CiConfigLine>();
        var start = 0;
        while (start < text.Length)
        {
            var length = text[start..].IndexOf((byte)'\n');
            var end = length < 0 ? text.Length : start + length;
            var next = length < 0 ? end : end + 1;
            lines.Add(Read(text, lines.Count + 1, start, end, next));
            start = next;
        }

        return lines;
    }

    private static CiConfigLine Read(ReadOnlySpan<byte> text, int number, int start, int end, int next)
    {
        // What an editor on Windows may put before everything else belongs to no key, also where texts were joined.
        var key = SkipSpace(text, start + MarkLength(text[start..end]), end);
        var at = key;
        while (at < end && KeyBytes.Contains(text[at]))
        {
            at++;
        }

        var keyEnd = at;
        at = SkipSpace(text, at, end);
        if (keyEnd == key || at == end || text[at] != '=')
        {
            return new CiConfigLine(number, start..next, 0..0, 0..0);
        }

        var value = SkipSpace(text, at + 1, end);
        if (value == end)
        {
            // Of an empty value, what ends the line is not the place: a carriage return has to stay behind it.
            value = end - text[(at + 1)..end].TrimStart(" \t"u8).Length;
        }

        var valueEnd = value + text[value..end].TrimEnd(Space).Length;
        return new CiConfigLine(number, start..next, key..keyEnd, value..valueEnd);
    }

    private static int SkipSpace(ReadOnlySpan<byte> text, int at, int end)
    {
        while (at < end && Space.Contains(text[at]))
        {
            at++;
        }

        return at;
    }
}
