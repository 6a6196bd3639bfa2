using Caur.Contracts.Farm;
using Caur.Pipelines.Forges;

namespace Caur.Grains.Following;

/// <summary>Where merge and pull requests of source repositories are made.</summary>
internal interface ISourceForges
{
    /// <summary>The forge of a source repository; null for one that is at none, or without a token.</summary>
    IForge? Of(SourceRepositoryOptions source);
}

/// <summary>The forges that the repositories' addresses name.</summary>
internal sealed class SourceForges(TimeProvider clock) : ISourceForges, IDisposable
{
    private readonly HttpClient _http = ForgeHttp.NewClient();

    public IForge? Of(SourceRepositoryOptions source) =>
        ForgeProject.Of(source.Url) is { } project && (source.Token ?? PasswordOf(source.Url)) is { } token ? Forge.Of(project, token, _http, clock) : null;

    public void Dispose() => _http.Dispose();

    private static string? PasswordOf(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.UserInfo.Split(':', 2) is [_, { Length: > 0 } password] ? Uri.UnescapeDataString(password) : null;
}
