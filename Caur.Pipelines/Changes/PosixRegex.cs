using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Caur.Pipelines.Changes;

/// <summary>
/// A POSIX extended regular expression as bash's <c>=~</c> takes it (regex(7), with glibc's <c>\w \W \s \S \b \B \&lt; \&gt;</c>), searched
/// anywhere in a line and in time linear to it. Refused is what POSIX leaves undefined, backreferences, and what would need much memory.
/// </summary>
internal sealed class PosixRegex
{
    private const int LongestPattern = 2000;
    private const long MostRepetitions = 5000;

    private static readonly Dictionary<string, string> Classes = new(StringComparer.Ordinal)
    {
        ["alpha"] = "A-Za-z",
        ["digit"] = "0-9",
        ["alnum"] = "A-Za-z0-9",
        ["upper"] = "A-Z",
        ["lower"] = "a-z",
        ["xdigit"] = "A-Fa-f0-9",
        ["space"] = @" \t\n\r\f\v",
        ["blank"] = @" \t",
        ["punct"] = @"!-/:-@\[-`{-~",
        ["cntrl"] = @"\x00-\x1f\x7f",
        ["print"] = " -~",
        ["graph"] = "!-~",
    };

    private readonly Regex _regex;

    private PosixRegex(string pattern, Regex regex) => (Pattern, _regex) = (pattern, regex);

    /// <summary>As it was given.</summary>
    public string Pattern { get; }

    /// <summary>Whether any part of a line matches.</summary>
    public bool IsMatch(string line) => _regex.IsMatch(line);

    /// <summary>Reads a pattern.</summary>
    /// <returns>Null, with what is wrong in <paramref name="problem"/>, when it is refused.</returns>
    public static PosixRegex? TryParse(string pattern, out string? problem)
    {
        try
        {
            var translated = new Translation(pattern).Whole();
            problem = null;
            return new PosixRegex(pattern, new Regex(translated, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.Singleline));
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException or NotSupportedException)
        {
            problem = fault is FormatException ? fault.Message : "it is no extended regular expression";
            return null;
        }
    }

    private sealed class Translation(string pattern)
    {
        private readonly StringBuilder _to = new();
        private int _at;
        private long _repetitions = 1;

        public string Whole()
        {
            if (pattern.Length > LongestPattern)
            {
                throw new FormatException($"it has more than {LongestPattern} characters");
            }

            while (_at < pattern.Length)
            {
                Next();
            }

            return _to.ToString();
        }

        private void Next()
        {
            var c = pattern[_at++];
            switch (c)
            {
                case '\\':
                    Escape();
                    break;
                case '[':
                    Bracket();
                    break;
                case '*' or '+' or '?':
                    _to.Append(c);
                    RefuseQuantifier();
                    break;
                case '{':
                    Interval();
                    break;
                case '(':
                    _to.Append(c);
                    if (_at < pattern.Length && pattern[_at] is '?' or '*' or '+')
                    {
                        throw new FormatException("a group begins with a repetition");
                    }

                    break;
                case '#' or ' ':
                    _to.Append('\\').Append(c);
                    break;
                default:
                    _to.Append(c);
                    break;
            }
        }

        /// <summary>Two in a row mean something else here than there.</summary>
        private void RefuseQuantifier()
        {
            if (_at < pattern.Length && pattern[_at] is '*' or '+' or '?' or '{')
            {
                throw new FormatException("a repetition is repeated");
            }
        }

        private void Interval()
        {
            var end = pattern.IndexOf('}', _at);
            var parts = end < 0 ? [] : pattern[_at..end].Split(',');
            if (parts is not ([_] or [_, _]) || !parts.All(part => part.All(char.IsAsciiDigit) && part.Length <= 5) || parts[0].Length == 0)
            {
                throw new FormatException("a { is not followed by numbers and }");
            }

            _repetitions *= Math.Max(1, parts.Max(part => part.Length == 0 ? 1 : int.Parse(part, CultureInfo.InvariantCulture)));
            if (_repetitions > MostRepetitions)
            {
                throw new FormatException("it repeats too often");
            }

            _to.Append('{').Append(pattern.AsSpan(_at, end + 1 - _at));
            _at = end + 1;
            RefuseQuantifier();
        }

        private void Escape()
        {
            if (_at == pattern.Length)
            {
                throw new FormatException("it ends with a backslash");
            }

            var c = pattern[_at++];
            _to.Append(c switch
            {
                'w' => "[A-Za-z0-9_]",
                'W' => "[^A-Za-z0-9_]",
                's' => @"[ \t\n\r\f\v]",
                'S' => @"[^ \t\n\r\f\v]",
                'b' or 'B' => $@"\{c}",
                '<' or '>' => @"\b",
                '`' => @"\A",
                '\'' => @"\z",
                >= '1' and <= '9' => throw new FormatException("it refers back"),
                _ => Regex.Escape(c.ToString()),
            });
        }

        private void Bracket()
        {
            _to.Append('[');
            if (_at < pattern.Length && pattern[_at] == '^')
            {
                _to.Append('^');
                _at++;
            }

            for (var first = true; ; first = false)
            {
                if (_at >= pattern.Length)
                {
                    throw new FormatException("a [ has no ]");
                }

                var c = pattern[_at++];
                if (c == ']' && !first)
                {
                    break;
                }

                if (c == '[' && _at < pattern.Length && pattern[_at] is ':' or '.' or '=')
                {
                    Class();
                }
                else if (c == '-' && (first || (_at < pattern.Length && pattern[_at] == ']')))
                {
                    _to.Append(@"\-");
                }
                else
                {
                    // In a POSIX bracket a backslash is a character as any other.
                    _to.Append(c is '\\' or '[' or ']' or '^' ? $@"\{c}" : c.ToString());
                }
            }

            _to.Append(']');
        }

        private void Class()
        {
            var kind = pattern[_at++];
            var end = pattern.IndexOf($"{kind}]", _at, StringComparison.Ordinal);
            var name = end < 0 ? "" : pattern[_at..end];
            if (kind == ':' && Classes.TryGetValue(name, out var members))
            {
                _to.Append(members);
            }
            else if (kind != ':' && name.Length == 1)
            {
                _to.Append(Regex.Escape(name).Replace("]", @"\]", StringComparison.Ordinal).Replace("-", @"\-", StringComparison.Ordinal));
            }
            else
            {
                throw new FormatException($"[{kind}{name}{kind}] is no class of characters");
            }

            _at = end + 2;
        }
    }
}
