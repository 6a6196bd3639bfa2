namespace Caur.Pipelines.Forges;

/// <summary>Which API a forge has.</summary>
internal enum ForgeKind
{
    /// <summary>GitLab's REST API, version 4; gitlab.com or any other host.</summary>
    GitLab,

    /// <summary>GitHub's REST API; github.com or an enterprise server.</summary>
    GitHub,
}

/// <summary>A project at a forge.</summary>
/// <param name="Kind">Which API.</param>
/// <param name="Api">The API's address, without a slash at the end.</param>
/// <param name="Path"><c>owner/name</c>, with groups in between at GitLab; there a number too.</param>
internal sealed record ForgeProject(ForgeKind Kind, string Api, string Path)
{
    private const string GitHubHost = "github.com";

    /// <summary>The project of a repository, by its address; null for one that is at no forge.</summary>
    /// <param name="gitUrl">What git fetches from.</param>
    /// <param name="kind">Which forge; null for GitHub at github.com and GitLab everywhere else.</param>
    public static ForgeProject? Of(string gitUrl, ForgeKind? kind = null)
    {
        if (ForgePage.Of(gitUrl) is not { AbsolutePath.Length: > 1 } page)
        {
            return null;
        }

        var path = Uri.UnescapeDataString(page.AbsolutePath.Trim('/'));
        var known = kind ?? (page.Host == GitHubHost ? ForgeKind.GitHub : ForgeKind.GitLab);
        var root = page.GetLeftPart(UriPartial.Authority);
        return known == ForgeKind.GitLab ? new ForgeProject(known, $"{root}/api/v4", path)
            : path.Split('/') is not [{ Length: > 0 }, { Length: > 0 }] ? null
            : new ForgeProject(known, page.Host == GitHubHost ? "https://api.github.com" : $"{root}/api/v3", path);
    }

    /// <summary>The project that a CI job runs for, by what GitLab and GitHub tell it; null outside of both.</summary>
    public static ForgeProject? OfJob(Func<string, string?> variable)
    {
        if (Value("GITLAB_CI") is not null && Value("CI_API_V4_URL") is { } gitLab && (Value("CI_PROJECT_PATH") ?? Value("CI_PROJECT_ID")) is { } project)
        {
            return new ForgeProject(ForgeKind.GitLab, gitLab.TrimEnd('/'), project);
        }

        return Value("GITHUB_ACTIONS") is not null && Value("GITHUB_REPOSITORY") is { } repository
            ? new ForgeProject(ForgeKind.GitHub, (Value("GITHUB_API_URL") ?? "https://api.github.com").TrimEnd('/'), repository)
            : null;

        string? Value(string name) => variable(name) is { Length: > 0 } text ? text : null;
    }
}
