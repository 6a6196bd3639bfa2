using Caur.Silo.Web;
using Caur.Tests.Storage.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Caur.Tests.Front;

/// <summary><c>caur web</c> as its verb composes it, in this process, in front of whatever a test names.</summary>
internal sealed class FrontServer : IAsyncDisposable
{
    private readonly TemporaryFolder? _own;
    private readonly WebApplication _app;

    private FrontServer(WebApplication app, TemporaryFolder? own, string folder) => (_app, _own, Folder) = (app, own, folder);

    public Uri Url => new(_app.Urls.Single());

    /// <summary>Its cache's.</summary>
    public string Folder { get; }

    public DiskCache Cache => _app.Services.GetRequiredService<DiskCache>();

    /// <param name="hub">The hub's address.</param>
    /// <param name="options">Other times and sizes than usual.</param>
    /// <param name="variables">The environment.</param>
    /// <param name="folder">A cache that outlives it; null for one of its own.</param>
    public static async Task<FrontServer> StartAsync(
        Uri hub, Action<WebOptions>? options = null, IReadOnlyDictionary<string, string>? variables = null, string? folder = null)
    {
        var own = folder is null ? new TemporaryFolder() : null;
        var settings = new WebSettings
        {
            Server = new Uri($"{hub.ToString().TrimEnd('/')}/"),
            WebPort = 0,
            CacheFolder = folder ?? own!["cache"],
            Variable = name => variables?.GetValueOrDefault(name),
        };
        var app = FrontHost.Build(settings, builder =>
        {
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Services.Configure<WebOptions>(web => options?.Invoke(web));
        });
        await app.StartAsync();
        return new FrontServer(app, own, settings.CacheFolder);
    }

    public Task StopAsync() => _app.StopAsync();

    /// <summary>Tells it to end, as a signal does; it goes on until it is stopped.</summary>
    public void TellToEnd() => _app.Lifetime.StopApplication();

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _own?.Dispose();
    }
}
