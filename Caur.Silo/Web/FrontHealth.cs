using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;

namespace Caur.Silo.Web;

/// <summary>The probes of whoever runs this process: it lives by itself, and is ready when the hub is and it does not end itself.</summary>
internal sealed class FrontHealth(HubConnection hub, IHostApplicationLifetime lifetime, TimeProvider clock)
{
    private const string ReadyPath = "/health/ready";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Answers a probe.</summary>
    /// <returns>False when it is none.</returns>
    public async Task<bool> TryAnswerAsync(HttpContext context)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            return false;
        }

        var path = context.Request.Path;
        var (status, text) = path.Equals("/health/live", StringComparison.OrdinalIgnoreCase) || path.Equals("/health/startup", StringComparison.OrdinalIgnoreCase)
            ? (StatusCodes.Status200OK, "ok\n")
            : path.Equals(ReadyPath, StringComparison.OrdinalIgnoreCase)
                ? await AskAsync(context)
                : (0, "");
        if (status == 0)
        {
            return false;
        }

        await TypedResults.Text(text, statusCode: status).ExecuteAsync(context);
        return true;
    }

    private async Task<(int Status, string Text)> AskAsync(HttpContext context)
    {
        if (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            return (StatusCodes.Status503ServiceUnavailable, "this server ends\n");
        }

        using var late = new CancellationTokenSource(Patience, clock);
        using var linked = CancellationTokenSource.CreateLinkedTokenSource(late.Token, context.RequestAborted);
        try
        {
            using var request = hub.Request(HttpMethod.Get, ReadyPath);
            Caller.Of(context).Introduce(request, hub.Name);
            using var answer = await hub.SendAsync(request, linked.Token);
            var text = await answer.Content.ReadAsStringAsync(linked.Token);
            return answer.StatusCode == HttpStatusCode.OK ? (StatusCodes.Status200OK, text) : (StatusCodes.Status503ServiceUnavailable, $"the hub: {text}");
        }
        catch (Exception error) when (error is HttpRequestException or IOException or OperationCanceledException)
        {
            return (StatusCodes.Status503ServiceUnavailable, "the hub does not answer\n");
        }
    }
}
