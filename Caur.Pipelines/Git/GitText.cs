using System.Text.RegularExpressions;
using Caur.Storage.Processes;

namespace Caur.Pipelines.Git;

/// <summary>What git says, made fit for logs and answers.</summary>
internal static partial class GitText
{
    /// <summary>The longest text that is passed on.</summary>
    private const int Longest = 2000;

    /// <summary>What git said, in one line, without passwords.</summary>
    public static string Of(ProcessResult result) =>
        result.TimedOut ? "it took too long"
        : result.OutputCut ? "its answer is too large"
        : result.Error.Trim() is { Length: > 0 } error ? Clean(error)
        : $"exit code {result.ExitCode}";

    /// <summary>A text without the names and passwords in its URLs: these messages reach logs and callers.</summary>
    public static string Shown(string text) => UserInfo().Replace(text, "$1");

    /// <summary>A text of others on one line: a server, or whoever writes commits, may put anything into it.</summary>
    public static string Clean(string text) => OneLine(text.Length > Longest ? text[..Longest] + "..." : text);

    /// <summary>The same, however long it is.</summary>
    public static string OneLine(string text)
    {
        var line = Shown(text).Replace("\n", "; ", StringComparison.Ordinal);
        return string.Create(line.Length, line, static (to, from) =>
        {
            for (var i = 0; i < to.Length; i++)
            {
                to[i] = char.IsControl(from[i]) || char.GetUnicodeCategory(from[i]) == System.Globalization.UnicodeCategory.Format ? '?' : from[i];
            }
        });
    }

    [GeneratedRegex(@"([a-z][a-z0-9+.-]*://)[^/@\s]+@", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex UserInfo();
}
