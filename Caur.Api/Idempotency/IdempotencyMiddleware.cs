using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Caur.Api.Auth;
using Caur.Api.Problems;
using Caur.Api.Writes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Caur.Api.Idempotency;

/// <summary><c>Idempotency-Key</c> on any write: the same key, token and request gets the first answer again, also after a restart; another
/// request under the key is refused. What is kept is durable: the key before anything is done, the answer before it is sent.</summary>
/// <remarks>Errors of the farm's own (5xx) are not kept: the request may be sent again, and is carried out under the same operation id.</remarks>
internal sealed partial class IdempotencyMiddleware(
    RequestDelegate next, KeyStore store, KeyTurns turns, IOptions<IdempotencyOptions> options, TimeProvider clock, ILogger<IdempotencyMiddleware> logger)
{
    public const string KeyHeader = "Idempotency-Key";
    public const string ReplayedHeader = "Idempotency-Replayed";

    private const int MaxKey = 255;

    private static readonly string[] KeptHeaders = ["Content-Type", "Location", "Cache-Control", "Retry-After", "Content-Language"];

    public async Task InvokeAsync(HttpContext context)
    {
        if (!context.IsWrite() || !context.Request.Headers.TryGetValue(KeyHeader, out var given) || TokenIdentity.Of(context.User) is not { } token)
        {
            await next(context);
            return;
        }

        if (given.Count != 1 || given[0] is not { Length: > 0 and <= MaxKey } key || key.Any(c => c is < '!' or > '~'))
        {
            await Refusals.WriteAsync(
                context, StatusCodes.Status400BadRequest, $"{KeyHeader} is wanted once, with 1 to {MaxKey} visible ASCII characters: a new UUID for each request is good");
            return;
        }

        if (context.Features.Get<WriteBody>() is not { } body)
        {
            await Refusals.WriteAsync(context, StatusCodes.Status400BadRequest, $"this route takes no {KeyHeader}: it can be repeated without");
            return;
        }

        var slot = Hash($"{token.Id}\n{key}");
        var request = context.Request;
        var fingerprint = Hash($"{request.Method}\n{request.Path.ToUriComponent()}{request.QueryString.ToUriComponent()}\n{body.Sha256}");

        // Asked before and within the turn: a request with another body must not hold the key while those that repeat the first ask for it,
        // and an answer is given again also where nothing can be written.
        if (!await IsSettledAsync(context, slot, fingerprint))
        {
            using var turn = await turns.TakeAsync(slot, options.Value.Patience, context.RequestAborted);
            if (turn is null)
            {
                context.Response.Headers.RetryAfter = "5";
                await Refusals.WriteAsync(
                    context, StatusCodes.Status409Conflict,
                    $"the first request with this {KeyHeader} is still being carried out: send the same again after the seconds in Retry-After",
                    ProblemTexts.Type + "in-progress");
            }
            else if (!await IsSettledAsync(context, slot, fingerprint))
            {
                await RunAsync(context, slot, fingerprint);
            }
        }
    }

    /// <summary>Refuses a request whose key stands for another one, and gives an answer again that is kept.</summary>
    private async Task<bool> IsSettledAsync(HttpContext context, string slot, string fingerprint)
    {
        try
        {
            return store.Find(slot) is { } record && await IsSettledAsync(context, record, fingerprint);
        }
        catch (JsonException damage)
        {
            LogDamaged(logger, slot, damage);
            await Refusals.WriteAsync(
                context, StatusCodes.Status409Conflict,
                $"what is kept of this {KeyHeader} cannot be read: look whether it was done, and use a new key");
            return true;
        }
    }

    private static async Task<bool> IsSettledAsync(HttpContext context, KeyRecord record, string fingerprint)
    {
        if (record.Fingerprint != fingerprint)
        {
            await Refusals.WriteAsync(
                context, StatusCodes.Status422UnprocessableEntity,
                $"this {KeyHeader} stands for another request: use a new one for each request, and the same only to repeat it",
                ProblemTexts.Type + "key-reused");
            return true;
        }

        if (record.Answer is not { } answer)
        {
            return false;
        }

        context.Features.Set(new KeyedOperation(record.Operation) { IsReplayed = true });
        await ReplayAsync(context.Response, answer);
        return true;
    }

    private async Task RunAsync(HttpContext context, string slot, string fingerprint)
    {
        var record = store.Find(slot)
            ?? await store.AddAsync(slot, new KeyRecord { Fingerprint = fingerprint, Operation = Guid.NewGuid(), Created = clock.GetUtcNow() });
        if (!await IsSettledAsync(context, record, fingerprint))
        {
            context.Features.Set(new KeyedOperation(record.Operation));
            await CarryOutAsync(context, slot, record);
        }
    }

    private async Task CarryOutAsync(HttpContext context, string slot, KeyRecord record)
    {
        var sent = context.Features.GetRequiredFeature<IHttpResponseBodyFeature>();
        using var body = new MemoryStream();
        context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(body));
        try
        {
            await next(context);
            await context.Response.CompleteAsync();
        }
        finally
        {
            context.Features.Set(sent);
        }

        var response = context.Response;
        if (response.StatusCode < 500 && response.StatusCode != StatusCodes.Status429TooManyRequests && body.Length <= options.Value.AnswerBytes)
        {
            await KeepAsync(context, slot, record, body.ToArray());
        }

        if (body.Length > 0)
        {
            await response.Body.WriteAsync(body.GetBuffer().AsMemory(0, (int)body.Length), context.RequestAborted);
        }
    }

    private async Task KeepAsync(HttpContext context, string slot, KeyRecord record, byte[] body)
    {
        var response = context.Response;
        var answer = new KeyedAnswer
        {
            Status = response.StatusCode,
            Headers = KeptHeaders.Where(response.Headers.ContainsKey).ToDictionary(name => name, name => response.Headers[name].ToString()),
            Body = body,
        };
        try
        {
            await store.SaveAsync(
                slot, record with { Answer = answer }, isSecret: context.GetEndpoint()?.Metadata.GetMetadata<SecretAnswerAttribute>() is not null);
        }
        catch (IOException error)
        {
            // It is done: repeated, it is carried out again under its operation id, and nothing is done twice.
            LogNotKept(logger, context.TraceIdentifier, error);
        }
    }

    private static async Task ReplayAsync(HttpResponse response, KeyedAnswer answer)
    {
        response.StatusCode = answer.Status;
        foreach (var (name, value) in answer.Headers)
        {
            response.Headers[name] = value;
        }

        response.Headers[ReplayedHeader] = "true";
        if (answer.Body.Length > 0)
        {
            response.ContentLength = answer.Body.Length;
            await response.Body.WriteAsync(answer.Body);
        }
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    [LoggerMessage(Level = LogLevel.Error, Message = "What is kept of the idempotency key {Slot} cannot be read")]
    private static partial void LogDamaged(ILogger logger, string slot, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The answer to {Request} could not be kept for its idempotency key")]
    private static partial void LogNotKept(ILogger logger, string request, Exception exception);
}
