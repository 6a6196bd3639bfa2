using Caur.Api.Audit;
using Caur.Protocol.Link;
using Caur.Storage.Landing;
using Microsoft.AspNetCore.Http;

namespace Caur.Api.Link;

/// <summary>Archives that builders bring by SFTP: they are told where, and say when it lies there.</summary>
internal static class IncomingUploads
{
    /// <summary>Whether a request is about such an archive.</summary>
    public static bool IsMeant(HttpRequest request) => request.Headers[UploadProtocol.By] is [UploadProtocol.Sftp];

    /// <summary>Says where it is to lie, and how much of it does. Without a place it cannot come that way now, and can by another.</summary>
    public static async Task FindAsync(HttpContext context, UploadEndpoints.Upload upload, string file, LandingZone landing, LinkOptions options)
    {
        var (build, number) = (upload.Attempt.Build.ToString(), upload.Attempt.Number);
        var part = await landing.FindAsync(build, number, file, upload.Size, upload.Sha256, context.RequestAborted);
        if (part.IsComplete)
        {
            // It may have come by the gateway, or been taken by a hub that ended before it had removed it.
            landing.ForgetIncoming(build, number, file, upload.Size, upload.Sha256);
            UploadEndpoints.Answer(context, part.Offset, isComplete: true);
            return;
        }

        var incoming = landing.Expect(build, number, file, upload.Size, upload.Sha256);
        if (incoming.Result is { } refused)
        {
            await UploadEndpoints.RefuseAsync(context, UploadEndpoints.StatusOf(refused), refused.Status == LandingStatus.NoSpace ? "no-room" : "content", refused.Text);
            return;
        }

        UploadEndpoints.Answer(context, incoming.Offset, isComplete: false);
        if (incoming.Name is { } name)
        {
            var folder = options.SftpPath is { Length: > 0 } shown ? $"{shown.TrimEnd('/')}/{LandingZone.IncomingFolderName}" : landing.IncomingFolder;
            context.Response.Headers[UploadProtocol.Place] = Uri.EscapeDataString($"{folder}/{name}");
        }
    }

    /// <summary>Takes over what lies there. That goes on when whoever asked is gone, and so the line of the audit log is that of the taking,
    /// however many asked for it, and not of their requests.</summary>
    public static async Task<PieceResult> TakeAsync(
        HttpContext context, UploadEndpoints.Upload upload, string file, LandingZone landing, PieceOfWrite audited, PieceAudit audit)
    {
        var line = PieceAudit.LineOf(context);
        var taking = landing.TakeAsync(
            upload.Attempt.Build.ToString(), upload.Attempt.Number, file, upload.Size, upload.Sha256, taken => WriteAsync(taken, line, audit), context.RequestAborted);
        audited.IsWrittenElsewhere = true;
        return await taking;
    }

    private static async Task WriteAsync(Task<PieceResult> taken, AuditEntry line, PieceAudit audit)
    {
        var (status, outcome) = taken.IsCompletedSuccessfully
            ? await taken switch
            {
                { Result: { IsThere: true } whole } => (StatusCodes.Status204NoContent, whole.Text),
                { Result: { } result } => (UploadEndpoints.StatusOf(result), result.Text),
                _ => (StatusCodes.Status409Conflict, null as string),
            }
            : (StatusCodes.Status500InternalServerError, taken.Exception?.InnerException?.Message);
        await audit.WriteAsync(line, status, outcome);
    }
}
