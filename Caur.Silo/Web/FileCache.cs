using System.Collections.Concurrent;
using System.Net;
using Caur.Api.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace Caur.Silo.Web;

/// <summary>The repositories' files on this machine's disk: what the hub calls unchanging and public. The first who asks for one gets it as it
/// comes and leaves it here; ranges are served from here. Once in a while the hub is asked whether it still has it so: a name may come back with
/// another content after its package was removed. A redirect to a database is always the hub's own.</summary>
internal sealed partial class FileCache(
    HubConnection hub, Forwarder forwarder, DiskCache cache, IOptions<WebOptions> options, TimeProvider clock, ILogger<FileCache> logger)
{
    private static readonly TimeSpan Unchanging = TimeSpan.FromDays(1);

    /// <summary>What the answer of this moment says.</summary>
    private static readonly string[] NotKept =
        [RequestIds.Header, "Date", "Age", "Content-Length", "Content-Type", "ETag", "Last-Modified", "Accept-Ranges", "Content-Range"];

    private readonly ConcurrentDictionary<string, bool> _storing = new(StringComparer.Ordinal);

    /// <summary>Answers a GET or HEAD that carries no token, no cookie and no origin.</summary>
    public async Task AnswerAsync(HttpContext context, string target)
    {
        var key = $"file {hub.Server} {target}";
        using var kept = cache.Find(key);
        if (kept is not null)
        {
            if (options.Value.IsFresh(kept.Checked, clock.GetUtcNow()) || await IsStillSoAsync(context, target, key, kept))
            {
                await SendAsync(context, kept);
                return;
            }

            cache.Remove(key);
        }

        if (HttpMethods.IsGet(context.Request.Method) && !IsForPart(context.Request.Headers) && _storing.TryAdd(key, true))
        {
            try
            {
                await FetchAsync(context, target, key);
            }
            finally
            {
                _storing.TryRemove(key, out _);
            }
        }
        else
        {
            await forwarder.ForwardAsync(context, target);
        }
    }

    private static bool IsForPart(IHeaderDictionary headers) =>
        headers.Keys.Any(static name => name.StartsWith("If-", StringComparison.OrdinalIgnoreCase) || name.Equals("Range", StringComparison.OrdinalIgnoreCase));

    /// <summary>True when the hub has it as it is here, and when the hub cannot be asked.</summary>
    private async Task<bool> IsStillSoAsync(HttpContext context, string target, string key, KeptFile kept)
    {
        using var request = hub.Request(HttpMethod.Head, target);
        request.Headers.TryAddWithoutValidation("If-None-Match", kept["ETag"]);
        Caller.Of(context).Introduce(request, hub.Name);
        try
        {
            using var answer = await hub.SendAsync(request, context.RequestAborted);
            if (answer.StatusCode is HttpStatusCode.NotModified)
            {
                cache.Confirm(key);
                return true;
            }

            return (int)answer.StatusCode is 429 or >= 500;
        }
        catch (HttpRequestException)
        {
            return true;
        }
    }

    private static Task SendAsync(HttpContext context, KeptFile kept)
    {
        foreach (var (name, values) in kept.Description.Headers.Where(static header => !NotKept.Contains(header.Key, StringComparer.OrdinalIgnoreCase)))
        {
            context.Response.Headers[name] = values;
        }

        return TypedResults.Stream(
            kept.Body,
            kept["Content-Type"],
            lastModified: DateTimeOffset.TryParse(kept["Last-Modified"], System.Globalization.CultureInfo.InvariantCulture, out var modified) ? modified : null,
            entityTag: EntityTagHeaderValue.Parse(kept["ETag"]!),
            enableRangeProcessing: true).ExecuteAsync(context);
    }

    private async Task FetchAsync(HttpContext context, string target, string key)
    {
        using var request = forwarder.Copy(context, HttpMethod.Get, target);
        if (await forwarder.AskAsync(context, request) is not { } answer)
        {
            return;
        }

        using (answer)
        {
            using var part = MayKeep(answer) ? Begin(key) : null;
            var broken = part is null;
            var whole = await forwarder.SendAsync(context, answer, part is null ? null : async bytes =>
            {
                if (broken)
                {
                    return;
                }

                try
                {
                    await part.AppendAsync(bytes, context.RequestAborted);
                }
                catch (IOException full)
                {
                    // Whoever downloads it is not to suffer from it.
                    broken = true;
                    LogNotKept(logger, target, full.Message);
                }
            });
            if (whole && !broken && part!.Length == answer.Content.Headers.ContentLength)
            {
                Commit(part, target, PassedHeaders.Of(answer));
            }
        }
    }

    private bool MayKeep(HttpResponseMessage answer) =>
        answer.StatusCode == HttpStatusCode.OK
        && answer.Headers.CacheControl is { Public: true, NoStore: false, NoCache: false, MaxAge: { } age } && age >= Unchanging
        && answer.Headers.ETag is { IsWeak: false }
        && !answer.Headers.Contains("Set-Cookie")
        && answer.Content.Headers.ContentEncoding.Count == 0
        && answer.Content.Headers.ContentLength is { } length && length <= options.Value.CacheBytes / 2
        && ReadKey.Covers(answer.Headers.Vary);

    private PartFile? Begin(string key)
    {
        try
        {
            return cache.Begin(key);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            LogNotKept(logger, key, error.Message);
            return null;
        }
    }

    private void Commit(PartFile part, string target, Dictionary<string, string[]> headers)
    {
        try
        {
            part.Commit(headers);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            LogNotKept(logger, target, error.Message);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Target} is passed on, and not kept: {Problem}")]
    private static partial void LogNotKept(ILogger logger, string target, string problem);
}
