using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Caur.Tests.Notifications;

/// <summary>A request that came.</summary>
internal sealed record RecordedRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers, string Body)
{
    public JsonElement Json => JsonElement.Parse(Body);

    public string Text(string name) => Json.GetProperty(name).GetString()!;
}

/// <summary>A real server that records what comes, and answers as a test says: with any status, not at all, or with a cut.</summary>
internal sealed class RecordingServer : IAsyncDisposable
{
    private readonly ConcurrentQueue<RecordedRequest> _requests = new();
    private readonly WebApplication _app;
    private readonly CancellationTokenSource _ended = new();

    private RecordingServer()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(1));
        _app = builder.Build();
        _app.Run(RecordAsync);
    }

    /// <summary>How it answers.</summary>
    public Func<RecordedRequest, HttpContext, Task> Answer { get; set; } = Status(200);

    /// <summary>What came, in its order.</summary>
    public IReadOnlyList<RecordedRequest> Requests => [.. _requests];

    public string Address => _app.Urls.First();

    public static async Task<RecordingServer> StartAsync()
    {
        var server = new RecordingServer();
        await server._app.StartAsync();
        return server;
    }

    /// <summary>Always the same.</summary>
    public static Func<RecordedRequest, HttpContext, Task> Status(int status, string body = "{}", params (string Name, string Value)[] headers) => (_, context) =>
    {
        context.Response.StatusCode = status;
        foreach (var (name, value) in headers)
        {
            context.Response.Headers[name] = value;
        }

        return context.Response.WriteAsync(body);
    };

    /// <summary>Nothing, for as long as the client waits.</summary>
    public Task HangAsync(RecordedRequest request, HttpContext context)
    {
        var gone = new TaskCompletionSource();
        context.RequestAborted.Register(() => gone.TrySetResult());
        _ended.Token.Register(() => gone.TrySetResult());
        return gone.Task;
    }

    /// <summary>The connection ends without an answer.</summary>
    public static Task CutAsync(RecordedRequest request, HttpContext context)
    {
        context.Abort();
        return Task.CompletedTask;
    }

    public void Forget() => _requests.Clear();

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _ended.Dispose();
    }

    private async Task RecordAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var request = new RecordedRequest(
            context.Request.Method,
            context.Features.Get<IHttpRequestFeature>()!.RawTarget,
            context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            await reader.ReadToEndAsync(TestContext.Current.CancellationToken));
        _requests.Enqueue(request);
        await Answer(request, context);
    }
}
