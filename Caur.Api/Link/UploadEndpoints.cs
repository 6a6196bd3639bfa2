using System.Globalization;
using Caur.Api.Audit;
using Caur.Api.Auth;
using Caur.Api.Documentation;
using Caur.Api.Problems;
using Caur.Api.Writes;
using Caur.Contracts.Builders;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Protocol.Link;
using Caur.Storage.Landing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using Orleans;

namespace Caur.Api.Link;

/// <summary>Archives of builders on other machines, in pieces. A cut upload goes on where it was; what has the wrong hash is refused and
/// begins anew.</summary>
internal static class UploadEndpoints
{
    private const string Route = "/api/v1/builders/{name}/{instance}/uploads/{file}";
    private const string ProblemType = "urn:caur:upload:";

    public static void MapUploads(this IEndpointRouteBuilder app)
    {
        // Asked by HEAD, which is routed as the GET that it stands for.
        Describe(app.MapGet(Route, FindAsync)).WithName("FindUpload")
            .Documented(
                "Ask how much of an archive is there.",
                $"In the header `{UploadProtocol.Offset}`; `{UploadProtocol.Complete}: ?1` says that it is whole. With `{UploadProtocol.By}: {UploadProtocol.Sftp}` it is about an archive that "
                + $"comes by SFTP: `{UploadProtocol.Place}` says where it is to lie.");
        Describe(app.MapPut(Route, AppendAsync)).WithName("Upload").WithMetadata(new StreamedBodyAttribute(), new PieceOfWriteAttribute())
            .Documented(
                "Bring the next bytes of an archive.",
                $"The header `{UploadProtocol.Offset}` says where the first byte of the body stands: where the upload goes on. The answer says how much is there then, and "
                + $"`{UploadProtocol.Complete}: ?1` when it was all, with the right hash. What came before a request was cut is kept. "
                + $"With `{UploadProtocol.By}: {UploadProtocol.Sftp}` it has no body: what lies where it was told is taken over.")
            .Refuses(StatusCodes.Status404NotFound, "What came by SFTP cannot be read.", "what came by SFTP cannot be read: its mode is not for others")
            .Refuses(StatusCodes.Status409Conflict, "It goes on elsewhere, or somebody else sends the same now.", "the upload goes on at byte 1048576")
            .Refuses(StatusCodes.Status422UnprocessableEntity, "It is not what was named and begins anew, or more was named than the disk has.", "SHA-256 ... was named, ... came")
            .Refuses(StatusCodes.Status507InsufficientStorage, "There is no room.", "no room for 1048576 bytes in the landing zone");
    }

    private static RouteHandlerBuilder Describe(RouteHandlerBuilder route) => route
        .RequireAuthorization(AuthPolicies.Link)
        .WithMetadata(new BuilderRouteAttribute("name"))
        .WithTags("builders")
        .Parameter("name", "The builder's name, which is the token's.", "stormwing")
        .Parameter("instance", "Which agent of that name.", "0")
        .Parameter("file", "The archive's file name.", "guile1.8-1.8.8-1-x86_64.pkg.tar.zst")
        .WantsToken("builder")
        .AnswersNothing(StatusCodes.Status204NoContent, $"How much is there, in the header {UploadProtocol.Offset}.")
        .Refuses(StatusCodes.Status400BadRequest, "That names no archive.", "build, attempt, size and sha256 are wanted")
        .Refuses(StatusCodes.Status410Gone, "The attempt is not this builder's, or not any more.", "the attempt is not this builder's")
        .Refuses(StatusCodes.Status503ServiceUnavailable, "The builder has no link now.", "ask again when the builder has joined");

    private static async Task FindAsync(HttpContext context, string name, string instance, string file, IGrainFactory grains, LandingZone landing, LinkInstruments instruments, IOptions<LinkOptions> links)
    {
        if (await ReadAsync(context, name, instance, file, grains, instruments) is { } upload)
        {
            if (IncomingUploads.IsMeant(context.Request))
            {
                await IncomingUploads.FindAsync(context, upload, file, landing, links.Value);
                return;
            }

            var part = await landing.FindAsync(upload.Attempt.Build.ToString(), upload.Attempt.Number, file, upload.Size, upload.Sha256, context.RequestAborted);
            Answer(context, part.Offset, part.IsComplete);
        }
    }

    private static async Task AppendAsync(
        HttpContext context, string name, string instance, string file, IGrainFactory grains, LandingZone landing, LinkInstruments instruments, PieceAudit audit)
    {
        if (await ReadAsync(context, name, instance, file, grains, instruments) is not { } upload)
        {
            return;
        }

        var (attempt, size, sha256) = upload;
        var audited = PieceOfWrite.Of(context, attempt.Build.Target.ToString(), new
        {
            builder = attempt.Builder.ToString(),
            build = attempt.Build.ToString(),
            attempt = attempt.Number,
            file,
            bytes = size,
            sha256,
        });
        if (IncomingUploads.IsMeant(context.Request))
        {
            await AnswerAsync(context, await IncomingUploads.TakeAsync(context, upload, file, landing, audited, audit), size, audited, instruments);
            return;
        }

        if (!long.TryParse(context.Request.Headers[UploadProtocol.Offset], NumberStyles.None, CultureInfo.InvariantCulture, out var offset))
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "offset", $"the header {UploadProtocol.Offset} with a whole number is wanted");
            return;
        }

        var piece = await landing.AppendAsync(
            upload.Attempt.Build.ToString(), upload.Attempt.Number, file, upload.Size, upload.Sha256, offset, context.Request.Body, context.RequestAborted);
        if (piece.Result is { IsThere: true })
        {
            landing.ForgetIncoming(attempt.Build.ToString(), attempt.Number, file, size, sha256);
        }

        await AnswerAsync(context, piece, size, audited, instruments);
    }

    private static async Task AnswerAsync(HttpContext context, PieceResult piece, long size, PieceOfWrite audited, LinkInstruments instruments)
    {
        switch (piece)
        {
            case { IsBusy: true }:
                await RefuseAsync(context, StatusCodes.Status423Locked, "busy", "another request writes this archive now: ask again in a moment");
                break;
            case { Result: { IsThere: true } whole }:
                audited.Outcome = whole.Text;
                Answer(context, size, isComplete: true);
                break;
            case { Result: { } result }:
                audited.Outcome = result.Text;
                instruments.Refused(LinkInstruments.Upload);
                await RefuseAsync(
                    context,
                    StatusOf(result),
                    result.Status == LandingStatus.NoSpace ? "no-room" : "content",
                    result.Text);
                break;
            case { IsElsewhere: true }:
                Answer(context, piece.Offset, isComplete: false);
                context.Response.StatusCode = StatusCodes.Status409Conflict;
                break;
            default:
                Answer(context, piece.Offset, isComplete: false);
                break;
        }
    }

    /// <summary>The status of a refusal.</summary>
    public static int StatusOf(LandingResult result) => result.Status switch
    {
        LandingStatus.NoSpace => StatusCodes.Status507InsufficientStorage,
        LandingStatus.BadName => StatusCodes.Status400BadRequest,
        LandingStatus.NotReadable => StatusCodes.Status404NotFound,
        _ => StatusCodes.Status422UnprocessableEntity,
    };

    /// <summary>Says how much of an archive is there.</summary>
    public static void Answer(HttpContext context, long offset, bool isComplete)
    {
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        context.Response.Headers[UploadProtocol.Offset] = offset.ToString(CultureInfo.InvariantCulture);
        context.Response.Headers[UploadProtocol.Complete] = isComplete ? "?1" : "?0";
        context.Response.Headers.CacheControl = "no-store";
    }

    /// <summary>What is brought, by whom; null when it was refused.</summary>
    private static async Task<Upload?> ReadAsync(HttpContext context, string name, string instance, string file, IGrainFactory grains, LinkInstruments instruments)
    {
        var query = context.Request.Query;
        if (!Names.IsValid(name) || !Names.IsValid(instance) || !BuildId.TryParse(query["build"], CultureInfo.InvariantCulture, out var build)
            || !int.TryParse(query["attempt"], NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number < 1
            || !long.TryParse(query["size"], NumberStyles.None, CultureInfo.InvariantCulture, out var size) || query["sha256"] is not [{ Length: 64 } sha256])
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, "name", $"build, attempt, size and sha256 of {(file.Length > 80 ? "the file" : file)} are wanted");
            return null;
        }

        var attempt = new BuildAttempt(build, number, new BuilderId(name, instance));
        switch (await grains.GetGrain<IBuilderGrain>(attempt.Builder.ToString()).StandingAsync(attempt))
        {
            case AttemptStanding.Current:
                return new Upload(attempt, size, sha256);
            case AttemptStanding.Unknown:
                context.Response.Headers.RetryAfter = "1";
                await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "not-joined", "the builder has no link now: ask again when it has joined");
                return null;
            default:
                instruments.Refused(LinkInstruments.Stale);
                await RefuseAsync(context, StatusCodes.Status410Gone, "stale", "the attempt is not this builder's, or not any more");
                return null;
        }
    }

    /// <summary>Refuses, for a reason that has a name.</summary>
    public static Task RefuseAsync(HttpContext context, int status, string type, string detail) => Refusals.WriteAsync(context, status, detail, ProblemType + type);

    /// <summary>An archive that a builder may bring.</summary>
    internal sealed record Upload(BuildAttempt Attempt, long Size, string Sha256);
}
