using System.Text.RegularExpressions;

namespace Caur.Pipelines.Forges;

/// <summary>Where a repository's project is on the web, by the address that git fetches from.</summary>
internal static partial class ForgePage
{
    /// <summary>The project's web page, without a slash at the end: <c>https://HOST/GROUP/PROJECT</c>. Null for what is on no host, as a
    /// path. What names a user or holds a password is left out.</summary>
    public static Uri? Of(string gitUrl)
    {
        var text = gitUrl.Trim();
        if (!text.Contains("://", StringComparison.Ordinal) && Scp().Match(text) is { Success: true } scp)
        {
            text = $"ssh://{scp.Groups["host"].Value}/{scp.Groups["path"].Value}";
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.Host.Length == 0 || uri.Scheme is not ("https" or "http" or "ssh" or "git" or "git+ssh"))
        {
            return null;
        }

        var path = uri.AbsolutePath.TrimEnd('/');
        path = path.EndsWith(".git", StringComparison.Ordinal) ? path[..^4] : path;
        var isWeb = uri.Scheme is "http" or "https";
        return new UriBuilder(isWeb ? uri.Scheme : Uri.UriSchemeHttps, uri.Host, isWeb && !uri.IsDefaultPort ? uri.Port : -1, path).Uri;
    }

    /// <summary>Whether two addresses are those of one project, whichever protocol they use. Forges do not mind the case of a path.</summary>
    public static bool IsSame(string left, string right) =>
        Of(left) is { } one && Of(right) is { } other
            ? one.Host.Equals(other.Host, StringComparison.OrdinalIgnoreCase)
                && one.AbsolutePath.TrimEnd('/').Equals(other.AbsolutePath.TrimEnd('/'), StringComparison.OrdinalIgnoreCase)
                && one.AbsolutePath.Length > 1
            : left == right;

    [GeneratedRegex(@"^(?:[^@/:\s]+@)?(?<host>[A-Za-z0-9.-]+):(?<path>[^/:\s][^:\s]*)$")]
    private static partial Regex Scp();
}
