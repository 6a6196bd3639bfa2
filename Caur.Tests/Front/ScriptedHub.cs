using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Caur.Tests.Front;

/// <summary>A server that answers as a test says and keeps what it was asked.</summary>
internal sealed class ScriptedHub : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ScriptedHub(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.Single());

    /// <summary>What came, in its order.</summary>
    public ConcurrentQueue<Asked> Requests { get; } = new();

    public static async Task<ScriptedHub> StartAsync(Func<HttpContext, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var hub = new ScriptedHub(builder.Build());
        hub._app.Run(async context =>
        {
            hub.Requests.Enqueue(new Asked(
                context.Request.Method,
                context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget,
                context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase)));
            await answer(context);
        });
        await hub._app.StartAsync();
        return hub;
    }

    public int Count(string target) => Requests.Count(asked => asked.Target == target);

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}

/// <summary>A request as it came.</summary>
internal sealed record Asked(string Method, string Target, Dictionary<string, string> Headers)
{
    public string? this[string header] => Headers.GetValueOrDefault(header);
}
