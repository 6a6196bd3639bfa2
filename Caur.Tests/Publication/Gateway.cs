using Caur.Api.Builders;
using Caur.Api.Repositories;
using Caur.Storage.Repositories;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Caur.Tests.Publication;

/// <summary>The gateway's own routes of repositories on a free port.</summary>
internal sealed class Gateway : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Gateway(WebApplication app) => _app = app;

    /// <summary>What stands in pacman's configuration.</summary>
    public string Server => $"{_app.Urls.First()}/repos/$repo/$arch";

    public static Task<Gateway> StartAsync(string repositories) => StartAsync(app => app.MapRepositories(), new RepositoryFiles(repositories));

    public static async Task<Gateway> StartAsync(Action<WebApplication> map, RepositoryFiles? files = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddSingleton(files ?? new RepositoryFiles("/nonexistent"));
        builder.Services.AddSingleton<ITrustedKeys, NoKeys>();
        var app = builder.Build();
        map(app);
        await app.StartAsync();
        return new Gateway(app);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private sealed class NoKeys : ITrustedKeys
    {
        public ValueTask<IReadOnlyList<string>> GetAsync(CancellationToken cancellationToken) => throw new TrustedKeysMissingException("not asked for");
    }
}
