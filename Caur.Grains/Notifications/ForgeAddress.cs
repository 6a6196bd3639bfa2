using System.Text.RegularExpressions;
using Caur.Contracts.Farm;
using Caur.Pipelines.Forges;

namespace Caur.Grains.Notifications;

/// <summary>Where a source repository's forge is, by the address that git fetches from.</summary>
internal static partial class ForgeAddress
{
    private const string GitHubHost = "github.com";

    /// <summary>The project's web page, without a slash at the end: <c>https://HOST/GROUP/PROJECT</c>. Null for what is on no host, as a
    /// path. What names a user or holds a password is left out.</summary>
    public static Uri? Page(string gitUrl) => ForgePage.Of(gitUrl);

    /// <summary>Which forge.</summary>
    public static NotifierKind KindOf(string gitUrl, NotifierOptions? notifier) =>
        notifier?.Kind ?? (Page(gitUrl)?.Host == GitHubHost ? NotifierKind.GitHub : NotifierKind.GitLab);

    /// <summary>The address of the forge's API, without a slash at the end. A source repository without a host is taken for one of
    /// gitlab.com, as the manual's system does. A token goes over https unless an address says otherwise.</summary>
    public static string Api(string gitUrl, NotifierOptions notifier)
    {
        if (notifier.Url is { Length: > 0 } url)
        {
            return url.TrimEnd('/');
        }

        var page = Page(gitUrl);
        var host = page is null ? null : page.Scheme == Uri.UriSchemeHttps ? page.Authority : page.Host;
        return KindOf(gitUrl, notifier) == NotifierKind.GitLab ? $"https://{host ?? "gitlab.com"}/api/v4"
            : host is null or GitHubHost ? "https://api.github.com"
            : $"https://{host}/api/v3";
    }

    /// <summary>The page of a commit; null when there is none.</summary>
    public static Uri? Commit(string gitUrl, NotifierOptions? notifier, string commit)
    {
        if (Page(gitUrl) is not { AbsolutePath.Length: > 1 } page || commit.Length == 0)
        {
            return null;
        }

        // Other forges than GitLab have their commits where GitHub has them.
        var isGitLab = notifier is null ? page.Host.Contains("gitlab", StringComparison.Ordinal) : KindOf(gitUrl, notifier) == NotifierKind.GitLab;
        return new Uri($"{page.AbsoluteUri.TrimEnd('/')}{(isGitLab ? "/-" : "")}/commit/{commit}");
    }

    /// <summary><c>owner/name</c>, as GitHub wants it.</summary>
    [GeneratedRegex(@"^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$")]
    public static partial Regex GitHubProject();
}
