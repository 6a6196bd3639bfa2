using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Caur.Api.Limits;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Net.Http.Headers;

namespace Caur.Api.Events;

/// <summary>Sends a stream as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), until the client goes,
/// does not keep up, or the gateway stops.</summary>
/// <param name="options">How.</param>
/// <param name="clients">What each client holds open.</param>
/// <param name="lifetime">Ends streams when the gateway stops.</param>
/// <param name="clock">Measures slow clients and quiet times.</param>
internal sealed class EventStream(EventStreamOptions options, ClientStreams clients, IHostApplicationLifetime lifetime, TimeProvider clock)
{
    private const int PerWrite = 256;

    /// <summary>What is written at once, in bytes, but for one event that is larger: a client costs no more than that.</summary>
    private const int MostBuffered = 64 * 1024;

    /// <summary>Sends what a client wants.</summary>
    /// <param name="context">The request; <c>Last-Event-ID</c>, as header or <c>last_event_id</c> in the query, says where to go on.</param>
    /// <param name="ring">The stream.</param>
    /// <param name="write">Writes an item's event, or nothing when the client does not want it.</param>
    /// <param name="fromStart">Without a place to go on from: true for everything that is kept, false for what is new.</param>
    public async Task SendAsync<T>(HttpContext context, EventRing<T> ring, Action<T, IBufferWriter<byte>> write, bool fromStart = false)
    {
        if (HttpMethods.IsHead(context.Request.Method))
        {
            SetHeaders(context.Response);
            return;
        }

        using var entered = await clients.EnterAsync(context);
        if (entered is null)
        {
            return;
        }

        if (!ring.TryEnter(options.MostStreams))
        {
            context.Response.Headers.RetryAfter = "30";
            await TypedResults.Problem(
                string.Create(CultureInfo.InvariantCulture, $"{options.MostStreams} clients follow events already, and that is the most"),
                statusCode: StatusCodes.Status503ServiceUnavailable).ExecuteAsync(context);
            return;
        }

        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        try
        {
            await SendAsync(context, ring, write, fromStart, end.Token);
        }
        catch (OperationCanceledException) when (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            // The client comes back with its place.
        }
        catch (OperationCanceledException)
        {
            // It went away, or took too long for what it got: it is cut off, and nothing is kept for it.
            context.Abort();
        }
        finally
        {
            ring.Leave();
        }
    }

    private async Task SendAsync<T>(
        HttpContext context, EventRing<T> ring, Action<T, IBufferWriter<byte>> write, bool fromStart, CancellationToken cancellationToken)
    {
        var response = context.Response;
        SetHeaders(response);
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();

        var buffer = new ArrayBufferWriter<byte>();
        buffer.Write("retry: 3000\n"u8);
        var place = Begin(context, ring, fromStart, buffer);
        await FlushAsync(response, buffer, cancellationToken);
        while (true)
        {
            if (ring.Read(place, PerWrite) is not { } read)
            {
                // What this client has not read yet is not kept any more, because it was slow or more came at once than is kept.
                place = ring.End;
                WriteReset(buffer, place);
                await FlushAsync(response, buffer, cancellationToken);
                continue;
            }

            place = read.Next;
            var sent = false;
            foreach (var item in read.Items)
            {
                write(item, buffer);
                if (buffer.WrittenCount >= MostBuffered)
                {
                    await FlushAsync(response, buffer, cancellationToken);
                    sent = true;
                }
            }

            if (buffer.WrittenCount > 0)
            {
                await FlushAsync(response, buffer, cancellationToken);
            }
            else if (!sent && read.Items.Count < PerWrite && !await HasMoreAsync(ring, place, cancellationToken))
            {
                // With its place, so that a client for whom nothing was does not come back with an old one.
                buffer.Write(Encoding.ASCII.GetBytes($": heartbeat\nid: {place}\n\n"));
                await FlushAsync(response, buffer, cancellationToken);
            }
        }
    }

    private static void SetHeaders(HttpResponse response)
    {
        response.ContentType = "text/event-stream";
        response.GetTypedHeaders().CacheControl = new CacheControlHeaderValue { NoCache = true, NoStore = true };
        response.Headers["X-Accel-Buffering"] = "no";
    }

    private static StreamPlace Begin<T>(HttpContext context, EventRing<T> ring, bool fromStart, ArrayBufferWriter<byte> buffer)
    {
        var said = context.Request.Headers["Last-Event-ID"].ToString();
        said = said.Length > 0 ? said : context.Request.Query["last_event_id"].ToString();
        var end = ring.End;
        if (said.Length == 0)
        {
            var start = fromStart ? ring.Start : end;
            buffer.Write(Encoding.ASCII.GetBytes($"id: {start}\n\n"));
            return start;
        }

        if (StreamPlace.TryParse(said) is { } place && ring.Read(place, 0) is not null)
        {
            buffer.Write("\n"u8);
            return place;
        }

        WriteReset(buffer, end);
        return end;
    }

    private static void WriteReset(ArrayBufferWriter<byte> buffer, StreamPlace place) => WriteEvent(
        buffer, place.ToString(), "reset", new ResetNotice("events after your last one are not kept any more; read the lists again"));

    /// <summary>Writes one event.</summary>
    public static void WriteEvent<TData>(IBufferWriter<byte> buffer, string id, string? name, TData data, JsonSerializerOptions? json = null)
    {
        var head = name is null ? $"id: {id}\ndata: " : $"id: {id}\nevent: {name}\ndata: ";
        buffer.Write(Encoding.UTF8.GetBytes(head));

        // JSON has no line breaks outside of strings, and inside they are escaped.
        buffer.Write(JsonSerializer.SerializeToUtf8Bytes(data, json ?? JsonSerializerOptions.Web));
        buffer.Write("\n\n"u8);
    }

    /// <returns>False when nothing came for as long as a stream may be quiet.</returns>
    private async Task<bool> HasMoreAsync<T>(EventRing<T> ring, StreamPlace place, CancellationToken cancellationToken)
    {
        try
        {
            await ring.WaitAsync(place).WaitAsync(options.Heartbeat, clock, cancellationToken);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private async Task FlushAsync(HttpResponse response, ArrayBufferWriter<byte> buffer, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(options.SlowestWrite, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        await response.Body.WriteAsync(buffer.WrittenMemory, either.Token);
        await response.Body.FlushAsync(either.Token);
        buffer.ResetWrittenCount();
    }
}

/// <summary>The data of a <c>reset</c> event.</summary>
/// <param name="Reason">For people.</param>
public sealed record ResetNotice(string Reason);
