using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Caur.Silo.Web;

/// <summary>A connection that both ends switched to WebSockets: bytes in both directions as they are, with that sub-protocols, pings, close
/// codes and all. It ends with either side.</summary>
internal static class UpgradedPipe
{
    /// <summary>Carries until one side ends.</summary>
    /// <param name="context">The client's request.</param>
    /// <param name="answer">The hub's 101.</param>
    /// <param name="stopping">The process ends.</param>
    public static async Task RunAsync(HttpContext context, HttpResponseMessage answer, CancellationToken stopping)
    {
        PassedHeaders.ToClient(answer, context.Response);
        context.Response.Headers.Upgrade = "websocket";
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        var whole = false;
        try
        {
            await using var far = await answer.Content.ReadAsStreamAsync(end.Token);
            await using var near = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
            var up = near.CopyToAsync(far, end.Token);
            var down = far.CopyToAsync(near, end.Token);
            whole = await Task.WhenAny(up, down) == down && down.IsCompletedSuccessfully;
            await end.CancelAsync();
            await Task.WhenAll(up, down).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        catch (Exception broken) when (broken is IOException or OperationCanceledException)
        {
            // Either side went away before it began.
        }

        if (!whole)
        {
            context.Abort();
        }
    }
}
