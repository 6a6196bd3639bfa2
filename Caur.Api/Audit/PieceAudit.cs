using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Caur.Api.Audit;

/// <summary>Writes the line of a write that comes in many requests, or goes on when its request is gone.</summary>
internal sealed partial class PieceAudit(AuditLog audit, ILogger<PieceAudit> logger)
{
    /// <summary>All but the outcome, for when the request may be gone.</summary>
    public static AuditEntry LineOf(HttpContext context)
    {
        var piece = context.Features.Get<PieceOfWrite>();
        return AuditMiddleware.Describe(context, AuditEvent.Refused) with
        {
            Target = piece?.Target,
            Body = piece is null ? null : BodySummary.Of(piece.What, 1, null),
        };
    }

    /// <summary>Writes it. It is done: saying that it is not, where there can be no line, would be worse than a line less.</summary>
    /// <param name="line">What <see cref="LineOf"/> made.</param>
    /// <param name="status">The answer's.</param>
    /// <param name="outcome">What became of it.</param>
    public async Task WriteAsync(AuditEntry line, int status, string? outcome)
    {
        try
        {
            await audit.AppendAsync(line with
            {
                Event = status < StatusCodes.Status400BadRequest ? AuditEvent.Done : AuditEvent.Refused,
                Status = status,
                Outcome = outcome,
            });
        }
        catch (Exception error) when (error is AuditException or ObjectDisposedException)
        {
            LogNoLine(logger, line.Request, status, error);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The outcome of {Request}, status {Status}, is not in the audit log")]
    private static partial void LogNoLine(ILogger logger, string? request, int status, Exception exception);
}
