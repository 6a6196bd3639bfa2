using System.Text;
using System.Text.RegularExpressions;

namespace Caur.Pipelines.Changes;

/// <summary>What single words of a shell script are.</summary>
internal static partial class ShellWords
{
    /// <summary>Whether what stands before a parenthesis makes it that of an array: <c>name=</c>, <c>name+=</c>.</summary>
    public static bool OpensArray(string word) => ArrayStart().IsMatch(word);

    /// <summary>The name and value of an assignment; null when a word is none.</summary>
    public static (string Name, bool Adds, string Value)? Assignment(string word) =>
        AssignmentStart().Match(word) is { Success: true } match
            ? (match.Groups["name"].Value, match.Groups["adds"].Success, word[match.Length..])
            : null;

    /// <summary>A word as the command gets it, apart from expansions, which stay as they are.</summary>
    public static string Unquoted(string word)
    {
        if (word.AsSpan().IndexOfAny('\'', '"', '\\') < 0)
        {
            return word;
        }

        var text = new StringBuilder(word.Length);
        var quote = '\0';
        for (var at = 0; at < word.Length; at++)
        {
            var c = word[at];
            if (quote == '\0' && c == '$' && at + 1 < word.Length && word[at + 1] is '\'' or '"')
            {
                if (word[at + 1] == '\'')
                {
                    at = Escaped(word, at + 2, text);
                }
            }
            else if (c == '\\' && quote != '\'' && at + 1 < word.Length)
            {
                text.Append(word[++at]);
            }
            else if (c is '\'' or '"' && (quote == '\0' || quote == c))
            {
                quote = quote == '\0' ? c : '\0';
            }
            else
            {
                text.Append(c);
            }
        }

        return text.ToString();
    }

    /// <summary>Reads the inside of <c>$'...'</c>.</summary>
    /// <returns>Where its end stands.</returns>
    private static int Escaped(string word, int at, StringBuilder text)
    {
        for (; at < word.Length && word[at] != '\''; at++)
        {
            if (word[at] != '\\' || at + 1 == word.Length)
            {
                text.Append(word[at]);
                continue;
            }

            var code = NumberEscape().Match(word, at);
            if (code.Success && code.Index == at)
            {
                var number = code.Groups["hex"] is { Success: true } hex ? Convert.ToInt32(hex.Value, 16) : Convert.ToInt32(code.Groups["octal"].Value, 8);
                text.Append(Rune.IsValid(number) ? new Rune(number).ToString() : "\uFFFD");
                at += code.Length - 1;
            }
            else
            {
                text.Append(word[++at] switch { 'n' => '\n', 't' => '\t', var other => other });
            }
        }

        return at;
    }

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]*\+?=$")]
    private static partial Regex ArrayStart();

    [GeneratedRegex(@"^(?<name>[A-Za-z_][A-Za-z0-9_]*)(\[[^\]]*\])?(?<adds>\+)?=")]
    private static partial Regex AssignmentStart();

    [GeneratedRegex(@"\G\\(x(?<hex>[0-9A-Fa-f]{1,2})|u(?<hex>[0-9A-Fa-f]{1,4})|U(?<hex>[0-9A-Fa-f]{1,7})|(?<octal>[0-3]?[0-7]{1,2}))")]
    private static partial Regex NumberEscape();
}
