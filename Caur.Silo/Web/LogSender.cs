using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using Caur.Api.Limits;
using Caur.Api.Logs;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;

namespace Caur.Silo.Web;

/// <summary>Logs for readers without a token. The hub says of each reader whether it may, which log is meant, and whether that is over; the
/// bytes come from here. What the hub refuses, or would answer with a part, comes from it.</summary>
internal sealed class LogSender(
    Forwarder forwarder, LogMirrors mirrors, DiskCache cache, ClientStreams streams, IHostApplicationLifetime lifetime)
{
    private const int PieceBytes = 64 * 1024;

    /// <summary>Answers a GET of a log.</summary>
    public async Task AnswerAsync(HttpContext context, string target)
    {
        using var request = forwarder.Copy(context, HttpMethod.Head, target);
        if (await forwarder.AskAsync(context, request) is not { } answer)
        {
            return;
        }

        using (answer)
        {
            if (answer.StatusCode != HttpStatusCode.OK || !TryName(answer, out var build) || !LogQuery.TryRead(context.Request.Query, out var query, out _))
            {
                await forwarder.ForwardAsync(context, target);
                return;
            }

            var left = answer.Content.Headers.NonValidated.TryGetValues("Content-Length", out var given) && long.TryParse(given.ToString(), out var length)
                ? length
                : (long?)null;
            using var kept = FindKept(build, query, left);
            using var followed = kept is null && left != 0
                ? mirrors.Enter(build, query.Follow && (left is null || query.Offset == 0) ? Caller.Of(context) : null)
                : null;
            if (left == 0 || (kept is null && followed is null))
            {
                await forwarder.ForwardAsync(context, target);
                return;
            }

            using var entered = await streams.EnterAsync(context);
            if (entered is not null)
            {
                await SendAsync(context, answer, kept, followed?.Mirror, query.Offset, left);
            }
        }
    }

    private static bool TryName(HttpResponseMessage answer, [NotNullWhen(true)] out string? build)
    {
        build = answer.Headers.TryGetValues(LogEndpoints.BuildHeader, out var named) ? named.First() : null;
        return build is not null && build.Split('/') is [_, _, { Length: > 0 }, { Length: > 0 }];
    }

    /// <summary>A finished log that is here, and is what the hub says of it.</summary>
    private KeptFile? FindKept(string build, LogQuery query, long? left)
    {
        if (cache.Find(mirrors.KeyOf(build)) is not { } kept)
        {
            return null;
        }

        if (left == kept.Description.Length - query.Offset)
        {
            return kept;
        }

        kept.Dispose();
        cache.Remove(mirrors.KeyOf(build));
        return null;
    }

    private async Task SendAsync(HttpContext context, HttpResponseMessage answer, KeptFile? kept, LogMirror? mirror, long offset, long? left)
    {
        PassedHeaders.ToClient(answer, context.Response);
        context.Response.ContentLength = left;
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, lifetime.ApplicationStopping);
        var buffer = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            await context.Response.StartAsync(end.Token);
            await (kept is not null
                ? SendKeptAsync(context.Response.Body, kept, buffer, offset, end.Token)
                : SendMirroredAsync(context.Response.Body, mirror!, buffer, offset, left, end.Token));
        }
        catch (Exception broken) when (broken is OperationCanceledException or IOException or InvalidDataException)
        {
            // A clean end would say that the log is over.
            context.Abort();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async Task SendKeptAsync(Stream to, KeptFile kept, byte[] buffer, long offset, CancellationToken cancellationToken)
    {
        kept.Body.Position = offset;
        int read;
        while ((read = await kept.Body.ReadAsync(buffer, cancellationToken)) > 0)
        {
            await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }
    }

    private static async Task SendMirroredAsync(Stream to, LogMirror mirror, byte[] buffer, long offset, long? left, CancellationToken cancellationToken)
    {
        while (left is null or > 0)
        {
            var now = mirror.Now;
            if (offset < now.Length)
            {
                var wanted = (int)Math.Min(Math.Min(buffer.Length, now.Length - offset), left ?? long.MaxValue);
                var read = await mirror.ReadAsync(buffer.AsMemory(0, wanted), offset, cancellationToken);
                await to.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                await to.FlushAsync(cancellationToken);
                (offset, left) = (offset + read, left - read);
            }
            else if (now.Ended && left is null)
            {
                return;
            }
            else if (now.Ended || now.Broken is not null)
            {
                throw new InvalidDataException("the log broke off", now.Broken);
            }
            else
            {
                await now.Next.WaitAsync(cancellationToken);
            }
        }
    }
}
