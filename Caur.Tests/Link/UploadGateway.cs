using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Caur.Tests.Link;

/// <summary>A server that answers an agent's uploads as a test wants, for what a gateway does not do on demand.</summary>
internal sealed class UploadGateway : IAsyncDisposable
{
    private readonly WebApplication _server;

    private UploadGateway(WebApplication server) => _server = server;

    public Uri Url => new(_server.Urls.Single() + "/");

    /// <summary>How many requests came.</summary>
    public int Requests { get; private set; }

    /// <summary>Answers a HEAD with how much is there, and nothing is.</summary>
    public static Task Empty(HttpContext context)
    {
        Answer(context, StatusCodes.Status204NoContent, 0);
        return Task.CompletedTask;
    }

    public static void Answer(HttpContext context, int status, long? offset = null, bool complete = false)
    {
        context.Response.StatusCode = status;
        if (offset is { } at)
        {
            context.Response.Headers["Upload-Offset"] = $"{at}";
            context.Response.Headers["Upload-Complete"] = complete ? "?1" : "?0";
        }
    }

    /// <param name="put">Answers what is no HEAD.</param>
    public static async Task<UploadGateway> StartAsync(Func<HttpContext, Task> put)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = builder.Build();
        var gateway = new UploadGateway(server);
        server.Run(context =>
        {
            gateway.Requests++;
            return HttpMethods.IsHead(context.Request.Method) ? Empty(context) : put(context);
        });
        await server.StartAsync();
        return gateway;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
