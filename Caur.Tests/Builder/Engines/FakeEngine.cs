using Caur.Builder.Engines;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Caur.Tests.Builder.Engines;

/// <summary>An engine that answers what a test wants, for what a real one does not do on demand. It listens on a unix socket.</summary>
internal sealed class FakeEngine : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private WebApplication? _server;

    /// <summary>Method and path with query of every request, without the version's prefix.</summary>
    public List<string> Requests { get; } = [];

    public string Version { get; set; } = """{"Version":"1","ApiVersion":"1.41","MinAPIVersion":"1.12"}""";

    /// <summary>Where it listens.</summary>
    public string Address => _folder["engine.sock"];

    /// <summary>Status and body for a request that is not about the version; with status 0 the connection breaks.</summary>
    public Func<string, (int Status, string Body)> Answer { get; set; } = _ => (404, """{"message":"No such image: x"}""");

    public async Task<EngineClient> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(Address));
        _server = builder.Build();
        _server.Run(async context =>
        {
            var request = $"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}";
            var (status, body) = context.Request.Path == "/version" ? (200, Version) : Answer(request);
            Requests.Add(request);
            if (status == 0)
            {
                context.Abort();
                return;
            }

            context.Response.StatusCode = status;
            await context.Response.WriteAsync(body);
        });
        await _server.StartAsync();
        return TestEngine.Client(Address);
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        _folder.Dispose();
    }
}
