using System.Buffers;
using System.Net;
using System.Runtime.ExceptionServices;
using Caur.Api.Hosting;
using Caur.Api.Problems;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Caur.Silo.Web;

/// <summary>Passes a request to the hub and its answer to the client, both as they come.</summary>
internal sealed partial class Forwarder(HubConnection hub, IHostApplicationLifetime lifetime, ILogger<Forwarder> logger)
{
    private const int PieceBytes = 64 * 1024;
    private const string RetryAfter = "5";

    /// <summary>Passes it on, whatever it is.</summary>
    public async Task ForwardAsync(HttpContext context, string target)
    {
        using var request = hub.Request(new HttpMethod(context.Request.Method), target);
        if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody == true)
        {
            request.Content = new PassedBody(context.Request.Body);
        }
        else if (context.Request.ContentLength is 0)
        {
            request.Content = new ByteArrayContent([]);
        }

        PassedHeaders.ToHub(context, request, hub.Name);
        if (await AskAsync(context, request) is not { } answer)
        {
            return;
        }

        using (answer)
        {
            if (answer.StatusCode == HttpStatusCode.SwitchingProtocols)
            {
                await UpgradedPipe.RunAsync(context, answer, lifetime.ApplicationStopping);
            }
            else
            {
                await SendAsync(context, answer);
            }
        }
    }

    /// <summary>A request without a body, as the client sent it.</summary>
    public HttpRequestMessage Copy(HttpContext context, HttpMethod method, string target)
    {
        var request = hub.Request(method, target);
        PassedHeaders.ToHub(context, request, hub.Name);
        return request;
    }

    /// <summary>Asks the hub.</summary>
    /// <returns>Null when there is no answer; the client was told.</returns>
    public async Task<HttpResponseMessage?> AskAsync(HttpContext context, HttpRequestMessage request)
    {
        try
        {
            return await hub.SendAsync(request, context.RequestAborted);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            return null;
        }
        catch (HttpRequestException broken)
        {
            if (Find<BadHttpRequestException>(broken) is { } bad)
            {
                // It was the client's end that broke.
                ExceptionDispatchInfo.Throw(bad);
            }

            if (!context.RequestAborted.IsCancellationRequested)
            {
                await RefuseAsync(context, broken);
            }

            return null;
        }
    }

    /// <summary>Sends the hub's answer. One that breaks off is broken off here too: nobody takes a part for the whole.</summary>
    /// <param name="context">The client's request.</param>
    /// <param name="answer">The hub's answer.</param>
    /// <param name="copy">Is given each piece before the client; null for nobody.</param>
    /// <returns>True when all of it came and went.</returns>
    public async Task<bool> SendAsync(HttpContext context, HttpResponseMessage answer, Func<ReadOnlyMemory<byte>, ValueTask>? copy = null)
    {
        var response = context.Response;
        PassedHeaders.ToClient(answer, response);
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();

        // What goes on for as long as something happens would outlast every patience of who stops this process.
        using var end = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted, LiveStreams.IsLive(response) ? lifetime.ApplicationStopping : CancellationToken.None);
        var buffer = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            await response.StartAsync(end.Token);
            await using var body = await answer.Content.ReadAsStreamAsync(end.Token);
            int read;
            while ((read = await body.ReadAsync(buffer, end.Token)) > 0)
            {
                await (copy?.Invoke(buffer.AsMemory(0, read)) ?? default);
                await response.Body.WriteAsync(buffer.AsMemory(0, read), end.Token);
                await response.Body.FlushAsync(end.Token);
            }

            return true;
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException or OperationCanceledException)
        {
            context.Abort();
            return false;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static T? Find<T>(Exception? error)
        where T : Exception
    {
        while (error is not null and not T)
        {
            error = error.InnerException;
        }

        return (T?)error;
    }

    private async Task RefuseAsync(HttpContext context, HttpRequestException broken)
    {
        var notReached = broken.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError
            or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError;
        LogBroken(logger, hub.Server, broken.Message);
        context.Response.Headers.RetryAfter = RetryAfter;
        await Refusals.WriteAsync(
            context,
            notReached ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status502BadGateway,
            notReached
                ? $"the farm's hub cannot be reached from here: ask again in {RetryAfter} s. Nothing was done"
                : "the farm's hub broke off before it answered: look whether it was done, and ask again");
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "No answer from the hub at {Server}: {Problem}")]
    private static partial void LogBroken(ILogger logger, Uri server, string problem);
}
