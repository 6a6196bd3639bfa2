using System.Net.Http.Headers;
using Caur.Api.Audit;
using Caur.Api.Auth;
using Caur.Api.Health;
using Caur.Api.Hosting;
using Caur.Silo.Hub;
using Caur.Storage.Files;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Caur.Tests.Edge;

/// <summary>What surrounds the routes, over real HTTP, around routes of a test's own. Another one on the same folder is what comes after a
/// restart.</summary>
internal sealed class EdgeApp : IAsyncDisposable
{
    private readonly WebApplication _app;

    private EdgeApp(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.Single());

    public TokenStore Tokens => _app.Services.GetRequiredService<TokenStore>();

    public AuditLog Audit => _app.Services.GetRequiredService<AuditLog>();

    public T Service<T>()
        where T : notnull => _app.Services.GetRequiredService<T>();

    public static async Task<EdgeApp> StartAsync(
        string folder,
        Action<IEndpointRouteBuilder>? routes = null,
        IReadOnlyDictionary<string, string>? variables = null,
        Action<IServiceCollection>? services = null,
        ILoggerProvider? log = null)
    {
        var folders = DataFolders.Resolve(folder);
        folders.Create();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        if (log is not null)
        {
            builder.Logging.AddProvider(log);
        }

        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(HubHost.ConfigureKestrel);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(folders);
        builder.Services.AddSingleton(new TokenStore(Path.Combine(folders.Root, "tokens.json"), TimeProvider.System));
        builder.Services.AddSingleton<FarmHealth>();
        builder.Services.AddSingleton<DiskWatch>();
        builder.Services.AddCaurEdge();
        builder.Services.AddGatewaySettings(name => variables?.GetValueOrDefault(name));
        services?.Invoke(builder.Services);
        var app = builder.Build();
        var group = app.UseCaurEdge();
        routes?.Invoke(group);
        await app.StartAsync();
        return new EdgeApp(app);
    }

    public async Task<string> TokenAsync(TokenRole role, string name = "test", DateTimeOffset? expires = null, params string[] targets) =>
        (await Tokens.CreateAsync(new TokenOrder { Role = role, Name = name, Expires = expires, Targets = targets }, CancellationToken.None)).Token;

    public HttpClient Client(string? token = null)
    {
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = Url };
        client.DefaultRequestHeaders.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    public async Task<HttpClient> ClientAsync(TokenRole role) => Client(await TokenAsync(role));

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
