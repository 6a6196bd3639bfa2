namespace Caur.Pipelines.Forges;

/// <summary>Makes the client of a forge.</summary>
internal static class Forge
{
    /// <param name="project">Whose requests.</param>
    /// <param name="token">Goes in headers and nowhere else.</param>
    /// <param name="http">As <see cref="ForgeHttp.NewClient"/> makes it.</param>
    /// <param name="time">For pauses.</param>
    /// <param name="options">How patient it is; null for the defaults.</param>
    public static IForge Of(ForgeProject project, string token, HttpClient http, TimeProvider time, ForgeOptions? options = null) =>
        project.Kind == ForgeKind.GitHub
            ? new GitHubForge(project, token, http, time, options ?? new ForgeOptions())
            : new GitLabForge(project, token, http, time, options ?? new ForgeOptions());
}
