using System.Text.RegularExpressions;

namespace Caur.Builder.Sources;

/// <summary>A source repository's address that is safe to hand to <c>git</c>.</summary>
internal sealed partial record SourceUrl
{
    private static readonly string[] Schemes = ["http", "https", "git", "ssh", "file"];

    private SourceUrl(string text, string? localPath) => (Text, LocalPath) = (text, localPath);

    public string Text { get; }

    /// <summary>The folder, for a repository of this very machine.</summary>
    public string? LocalPath { get; }

    /// <summary>The address without a password, for people.</summary>
    public string Shown => Password().Replace(Text, "$1***@");

    /// <summary>A URL without the user information before its host; other texts as they are.</summary>
    public static string WithoutUser(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.UserInfo.Length > 0
            ? new UriBuilder(uri) { UserName = "", Password = "" }.Uri.ToString()
            : text;

    /// <summary>Accepts absolute paths, <c>file</c>, <c>http</c>, <c>https</c>, <c>git</c> and <c>ssh</c> URLs, and <c>user@host:path</c>.
    /// What git would take for an option or for a command to run (<c>ext::</c>) is refused.</summary>
    /// <returns>Null, with <paramref name="problem"/> set, when it is refused.</returns>
    public static SourceUrl? TryParse(string text, out string? problem)
    {
        problem = null;
        if (text.Length == 0 || text.StartsWith('-') || text.Any(char.IsControl))
        {
            problem = "it is empty, starts with '-' or has control characters";
        }
        else if (text.StartsWith('/'))
        {
            return new(text, text);
        }
        else if (HelperPrefix().IsMatch(text))
        {
            problem = "a transport helper is not allowed";
        }
        else if (text.IndexOf("://", StringComparison.Ordinal) is var end and > 0)
        {
            var scheme = text[..end].ToLowerInvariant();
            if (!Schemes.Contains(scheme) || text.AsSpan(end + 3).StartsWith("-", StringComparison.Ordinal))
            {
                problem = $"only {string.Join(", ", Schemes)} URLs are understood";
            }
            else
            {
                return new(text, scheme == "file" ? Uri.UnescapeDataString(text[(end + 3)..]) : null);
            }
        }
        else if (ScpLike().IsMatch(text))
        {
            return new(text, null);
        }
        else
        {
            problem = "it is neither an absolute path nor a URL";
        }

        return null;
    }

    [GeneratedRegex("^[A-Za-z0-9+.-]+::")]
    private static partial Regex HelperPrefix();

    [GeneratedRegex("^([A-Za-z0-9._][A-Za-z0-9._-]*@)?[A-Za-z0-9.][A-Za-z0-9.-]*:[^-].*$")]
    private static partial Regex ScpLike();

    [GeneratedRegex("^([a-z]+://[^/@:]*:)[^/@]*@", RegexOptions.IgnoreCase)]
    private static partial Regex Password();
}
