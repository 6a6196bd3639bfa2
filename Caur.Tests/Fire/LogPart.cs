using System.Globalization;
using System.Text.RegularExpressions;

namespace Caur.Tests.Fire;

/// <summary>What a build's log has of one attempt.</summary>
/// <param name="Builder">Who made it.</param>
/// <param name="Attempt">Its number.</param>
/// <param name="Text">From its heading to the next one's.</param>
/// <param name="Numbers">What its container said.</param>
/// <param name="Behind">What stands behind the last of them.</param>
internal sealed partial record LogPart(string Builder, int Attempt, string Text, IReadOnlyList<int> Numbers, string Behind)
{
    /// <summary>All parts of a log, in its order.</summary>
    public static List<LogPart> Of(string log)
    {
        var headings = Heading().Matches(log).ToList();
        return [.. headings.Select((heading, i) => Of(heading, log[heading.Index..(i + 1 < headings.Count ? headings[i + 1].Index : log.Length)]))];
    }

    private static LogPart Of(Match heading, string text)
    {
        var numbers = Numbered().Matches(text);
        return new LogPart(
            heading.Groups[1].Value,
            NumberIn(heading.Groups[2]),
            text,
            [.. numbers.Select(static match => NumberIn(match.Groups[1]))],
            numbers.Count == 0 ? text : text[(numbers[^1].Index + numbers[^1].Length)..]);
    }

    private static int NumberIn(Group digits) => int.Parse(digits.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"on builder (\S+), attempt (\d+)")]
    private static partial Regex Heading();

    [GeneratedRegex(@"(?m)^p\d+ says (\d+)\.")]
    private static partial Regex Numbered();
}
