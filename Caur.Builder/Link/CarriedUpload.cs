using System.Net;
using Caur.Builder.Timing;
using Caur.Protocol.Builders;
using Caur.Protocol.Link;

namespace Caur.Builder.Link;

/// <summary>Archives that go to the hub's machine by SFTP: the gateway says where, and is told when they lie there. Whatever is in that way's way, they
/// go through the gateway instead, for a while.</summary>
/// <param name="calls">The way to the gateway.</param>
/// <param name="carrier">The other way.</param>
/// <param name="told">What the hub says of the server.</param>
/// <param name="options">What was configured.</param>
/// <param name="time">The clock.</param>
/// <param name="logger">Is told when that way is not gone.</param>
internal sealed partial class CarriedUpload(
    UploadCalls calls, IArchiveCarrier carrier, Func<SftpServer?> told, LinkAgentOptions options, TimeProvider time, ILogger logger)
{
    /// <summary>How often in a row nothing may be gained for an archive of which a part lies there already.</summary>
    private const int TriesWithoutGain = 3;

    private long _failedAt = long.MinValue;

    /// <summary>Sends what is not there yet.</summary>
    /// <param name="path">The archive's path at the gateway.</param>
    /// <param name="archive">Which.</param>
    /// <param name="open">Opens it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>Null when it is to go through the gateway.</returns>
    public async Task<UploadReply?> SendAsync(
        string path, ArchiveInfo archive, Func<CancellationToken, ValueTask<Stream>> open, CancellationToken cancellationToken)
    {
        var server = told();
        if (carrier.Target(server) is not { } target || IsPaused())
        {
            return null;
        }

        var backoff = new Backoff(time);
        var had = 0L;
        string? problem = null;
        while (true)
        {
            var there = await AskAsync(HttpMethod.Head, path, archive, cancellationToken);
            if (there.Reply is { } end)
            {
                // More than the disk has, when it is only asked about.
                return IsEnd(end) || there.Status == HttpStatusCode.UnprocessableEntity ? end : GoThroughGateway(target, end.Reason ?? "");
            }

            if (there.Place is not { } place)
            {
                return GoThroughGateway(target, problem ?? "the hub takes none by SFTP now: its version is older, or its disk has no room for an archive in two places");
            }

            if (problem is not null)
            {
                if (there.Offset > had)
                {
                    backoff.Reset();
                }
                else if (backoff.Tries >= (there.Offset > 0 ? TriesWithoutGain : 0))
                {
                    return GoThroughGateway(target, problem);
                }

                LogContinued(logger, archive.FileName, target, there.Offset, problem);
                await backoff.WaitAsync(cancellationToken);
            }

            had = there.Offset;
            problem = null;
            if (there.Offset < archive.Size)
            {
                await using var content = await open(cancellationToken);
                if (content is not FileStream file)
                {
                    return null;
                }

                problem = await carrier.CarryAsync(server, place, there.Offset, file.SafeFileHandle, options.UploadSilence, cancellationToken);
                if (problem is not null)
                {
                    continue;
                }
            }

            var taken = await AskAsync(HttpMethod.Put, path, archive, cancellationToken);
            if (taken.Reply is { } reply)
            {
                // Also where it is not what was named: who knows what lay there, or what wrote to it.
                return IsEnd(reply) ? reply : GoThroughGateway(target, reply.Reason ?? "");
            }

            problem = $"what was brought to {place} is not where the hub looks for it, or not all of it: is that the landing zone's folder there (LANDING_ZONE_ADVERTISED_PATH)?";
        }
    }

    /// <summary>What would be the same through the gateway.</summary>
    private static bool IsEnd(UploadReply reply) => reply is { Stored: true } or { NoRoom: true } or { Stale: true };

    private Task<UploadAnswer> AskAsync(HttpMethod method, string path, ArchiveInfo archive, CancellationToken cancellationToken) => calls.AskAsync(
        new HttpRequestMessage(method, path) { Headers = { { UploadProtocol.By, UploadProtocol.Sftp } } }, archive, null, cancellationToken);

    private bool IsPaused() => Interlocked.Read(ref _failedAt) is var since and not long.MinValue && time.GetElapsedTime(since) < options.CarrierPause;

    private UploadReply? GoThroughGateway(string target, string problem)
    {
        // Archives that come at the same time say it once.
        if (!IsPaused())
        {
            Interlocked.Exchange(ref _failedAt, time.GetTimestamp());
            LogThroughGateway(logger, target, options.CarrierPause.TotalMinutes, problem);
        }

        return null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Archives do not go to {Target} by SFTP, but through the gateway for the next {Minutes} minutes: {Problem}")]
    private static partial void LogThroughGateway(ILogger logger, string target, double minutes, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Archive} goes on to {Target} at byte {Offset}: {Problem}")]
    private static partial void LogContinued(ILogger logger, string archive, string target, long offset, string problem);
}
