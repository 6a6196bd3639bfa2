using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Caur.Pipelines.Polite;

/// <summary>What of other people's words may be shown: one line, printable, short, without names and passwords of URLs.</summary>
internal static partial class Shown
{
    private const int MaxLength = 300;

    public static string Short(string text, int most = MaxLength)
    {
        var plain = UserInfo().Replace(text, "$1");
        var clean = new StringBuilder(Math.Min(plain.Length, most + 3));
        foreach (var c in plain.Trim())
        {
            if (clean.Length >= most)
            {
                return clean.Append("...").ToString();
            }

            clean.Append(char.GetUnicodeCategory(c) switch
            {
                UnicodeCategory.Control when c is '\n' => "; ",
                UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
                    or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate => "?",
                _ => c.ToString(),
            });
        }

        return clean.ToString();
    }

    /// <summary>A URL without its user, password, query and fragment: all of them can hold a secret.</summary>
    public static string Of(Uri uri) => Short(uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped));

    [GeneratedRegex(@"([a-z][a-z0-9+.-]*://)[^/@\s]+@", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex UserInfo();
}
