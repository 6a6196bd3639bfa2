using System.Diagnostics.CodeAnalysis;
using System.Net;
using Caur.Api.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Caur.Silo.Web;

/// <summary>Reads that anybody may do: those who ask for the same at the same time wait for one answer of the hub's, which counts for a moment
/// and is asked for by its tag after that. Nothing that was asked for with a token, or that sets a cookie, is ever here.</summary>
internal sealed class ReadCache(Forwarder forwarder, IOptions<WebOptions> options, TimeProvider clock)
{
    private const int MostEntries = 2_000;
    private const long MostBytes = 64L << 20;
    private const int LargestBody = 4 << 20;
    private const long LongestKey = 16 * 1024;

    private readonly ReadStore _store = new(MostEntries, MostBytes);
    private readonly Dictionary<ReadKey, TaskCompletionSource<StoredRead?>> _asked = [];
    private readonly Lock _lock = new();

    /// <summary>Answers a GET that carries no token, no cookie and no range.</summary>
    public async Task AnswerAsync(HttpContext context, string target)
    {
        var key = ReadKey.Of(context.Request, target);
        if (key.Bytes > LongestKey)
        {
            await forwarder.ForwardAsync(context, target);
            return;
        }

        var known = _store.Find(key);
        if (IsFresh(known))
        {
            await known.Value.Read.SendAsync(context);
            return;
        }

        var (flight, leads) = Join(key);
        if (leads && _store.Find(key) is var landed && IsFresh(landed))
        {
            // The answer came between the look and the question: it is kept before nobody asks any more.
            Release(key, flight, landed.Value.Read);
            await landed.Value.Read.SendAsync(context);
        }
        else if (leads)
        {
            await AskAsync(context, target, key, known?.Read, flight);
        }
        else if (await flight.Task.WaitAsync(context.RequestAborted) is { } read)
        {
            await read.SendAsync(context);
        }
        else
        {
            // It was an answer for one: a refusal, a stream, or none.
            await forwarder.ForwardAsync(context, target);
        }
    }

    private bool IsFresh([NotNullWhen(true)] (StoredRead Read, DateTimeOffset Checked)? known) =>
        known is { } found && options.Value.IsFresh(found.Checked, clock.GetUtcNow());

    private (TaskCompletionSource<StoredRead?> Flight, bool Leads) Join(ReadKey key)
    {
        lock (_lock)
        {
            if (_asked.TryGetValue(key, out var flight))
            {
                return (flight, false);
            }

            return (_asked[key] = new TaskCompletionSource<StoredRead?>(TaskCreationOptions.RunContinuationsAsynchronously), true);
        }
    }

    private void Land(ReadKey key, TaskCompletionSource<StoredRead?> flight, StoredRead? read)
    {
        if (flight.Task.IsCompleted)
        {
            return;
        }

        if (read is not null)
        {
            _store.Put(key, read, clock.GetUtcNow());
        }

        Release(key, flight, read);
    }

    private void Release(ReadKey key, TaskCompletionSource<StoredRead?> flight, StoredRead? read)
    {
        lock (_lock)
        {
            _asked.Remove(key);
        }

        flight.SetResult(read);
    }

    /// <summary>Asks for all who wait. They wait for nothing but the hub: not for this client to take what it is sent.</summary>
    private async Task AskAsync(HttpContext context, string target, ReadKey key, StoredRead? known, TaskCompletionSource<StoredRead?> flight)
    {
        try
        {
            using var request = forwarder.Copy(context, HttpMethod.Get, target);
            request.Headers.Remove("If-None-Match");
            request.Headers.Remove("If-Modified-Since");
            if (known?.Tag is { } tag)
            {
                request.Headers.TryAddWithoutValidation("If-None-Match", tag);
            }

            if (await forwarder.AskAsync(context, request) is not { } answer)
            {
                return;
            }

            using (answer)
            {
                if (answer.StatusCode == HttpStatusCode.NotModified && known is not null)
                {
                    Land(key, flight, known);
                    await known.SendAsync(context);
                }
                else if (MayKeep(answer) && await ReadAsync(context, answer) is { } read)
                {
                    Land(key, flight, read);
                    await read.SendAsync(context);
                }
                else
                {
                    Land(key, flight, null);
                    await forwarder.SendAsync(context, answer);
                }
            }
        }
        catch (Exception broken) when (broken is HttpRequestException or IOException or OperationCanceledException)
        {
            // The hub broke off, or this client went away: those who wait ask themselves.
            context.Abort();
        }
        finally
        {
            Land(key, flight, null);
        }
    }

    private static bool MayKeep(HttpResponseMessage answer)
    {
        var headers = answer.Headers;
        return answer.StatusCode == HttpStatusCode.OK
            && !headers.Contains("Set-Cookie")
            && headers.CacheControl is not { NoStore: true } and not { Private: true }
            && !(headers.TryGetValues("X-Accel-Buffering", out var buffering) && buffering.Contains("no"))
            && answer.Content.Headers.ContentType?.MediaType is not "text/event-stream"
            && answer.Content.Headers.ContentLength is null or <= LargestBody
            && ReadKey.Covers(headers.Vary);
    }

    /// <returns>Null when it is too large after all: what was read of it goes on in front of the rest.</returns>
    private static async Task<StoredRead?> ReadAsync(HttpContext context, HttpResponseMessage answer)
    {
        var headers = PassedHeaders.Of(answer);
        headers.Remove(RequestIds.Header);
        headers.Remove("Date");
        var body = await answer.Content.ReadAsStreamAsync(context.RequestAborted);
        var read = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int count;
        while ((count = await body.ReadAsync(buffer, context.RequestAborted)) > 0)
        {
            read.Write(buffer, 0, count);
            if (read.Length > LargestBody)
            {
                answer.Content = Rest(answer.Content, read, body);
                return null;
            }
        }

        return new StoredRead(headers, read.ToArray());
    }

    private static StreamContent Rest(HttpContent content, MemoryStream read, Stream body)
    {
        read.Position = 0;
        var rest = new StreamContent(new JoinedStream(read, body));
        foreach (var (name, values) in content.Headers.NonValidated)
        {
            rest.Headers.TryAddWithoutValidation(name, values);
        }

        return rest;
    }
}
