using Caur.Api.Auth;
using Caur.Api.Hosting;
using Caur.Api.Idempotency;
using Caur.Api.Writes;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Caur.Api.Audit;

/// <summary>Writes the two lines of every write to the audit log: one before it is carried out, without which it is not, and one with the
/// outcome before the answer begins.</summary>
internal sealed partial class AuditMiddleware(RequestDelegate next, AuditLog audit, PieceAudit pieces, ILogger<AuditMiddleware> logger)
{
    private const int MaxPath = 500;

    public async Task InvokeAsync(HttpContext context)
    {
        if (!context.IsWrite())
        {
            await next(context);
            return;
        }

        if (context.GetEndpoint()?.Metadata.GetMetadata<PieceOfWriteAttribute>() is not null)
        {
            context.Response.OnStarting(() => EndPieceAsync(context));
            await next(context);
            return;
        }

        var begun = await audit.AppendAsync(Describe(context, AuditEvent.Begun));
        var ended = false;

        // Here and not behind the call: the answer to an exception is made further out, and counts too.
        context.Response.OnStarting(() => EndAsync(context.Response.StatusCode, null));
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            await EndAsync(StatusCodes.Status499ClientClosedRequest, "the client went away; it may have been done");
            throw;
        }

        async Task EndAsync(int status, string? outcome)
        {
            if (ended)
            {
                return;
            }

            ended = true;
            try
            {
                await audit.AppendAsync(new AuditEntry
                {
                    Event = AuditEvent.Ended,
                    Of = begun,
                    Request = context.TraceIdentifier,
                    Status = status,
                    Outcome = outcome,
                    Replayed = context.Features.Get<KeyedOperation>() is { IsReplayed: true } ? true : null,
                });
            }
            catch (AuditException error)
            {
                // It is done: saying that it is not would be worse than a line less.
                LogNoOutcome(logger, context.TraceIdentifier, status, error);
            }
        }
    }

    private async Task EndPieceAsync(HttpContext context)
    {
        var (status, piece) = (context.Response.StatusCode, context.Features.Get<PieceOfWrite>());
        if (piece is not { IsWrittenElsewhere: true } && (status >= StatusCodes.Status400BadRequest || piece?.Outcome is not null))
        {
            await pieces.WriteAsync(PieceAudit.LineOf(context), status, piece?.Outcome);
        }
    }

    /// <summary>Who asks for what.</summary>
    public static AuditEntry Describe(HttpContext context, AuditEvent what)
    {
        var body = context.Features.Get<WriteBody>();
        var token = TokenIdentity.Of(context.User);
        return new AuditEntry
        {
            Event = what,
            Request = context.TraceIdentifier,
            Token = token?.Id,
            Name = token?.Name,
            Role = token?.Role.ToString(),
            Address = ClientAddress.Of(context)?.ToString(),
            Method = context.Request.Method,
            Route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText,
            Path = Cut(context.Request.Path.ToUriComponent() + context.Request.QueryString.ToUriComponent()),
            Target = Target(context, body) is { } target ? Cut(target) : null,
            Body = body is null ? null : BodySummary.Of(body.Json, body.Length, context.Request.ContentType),
        };
    }

    private static string Cut(string path) => path.Length > MaxPath ? $"{path.AsSpan(0, MaxPath)}..." : path;

    private static string? Target(HttpContext context, WriteBody? body)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<TargetRouteAttribute>()?.Target(context) is { } target)
        {
            return target.ToString();
        }

        return body?.Json is { ValueKind: System.Text.Json.JsonValueKind.Object } json
            && json.TryGetProperty("target_repo", out var name) && name.ValueKind == System.Text.Json.JsonValueKind.String
            && BodySummary.Of(name, 1, null) is { } cut
                ? cut.GetString()
                : null;
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The outcome of {Request}, status {Status}, is not in the audit log")]
    private static partial void LogNoOutcome(ILogger logger, string request, int status, Exception exception);
}
