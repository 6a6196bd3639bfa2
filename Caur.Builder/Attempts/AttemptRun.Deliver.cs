using Caur.Builder.Timing;
using Caur.Builder.Tracing;
using Caur.Protocol.Builders;

namespace Caur.Builder.Attempts;

internal sealed partial class AttemptRun
{
    /// <summary>Brings the archives to the landing zone. From here on nothing is cancelled.</summary>
    private async Task<Verdict> DeliverAsync()
    {
        IReadOnlyList<FoundArchive> found;
        try
        {
            found = await ArchiveCollector.CollectAsync(_folder.Output, _control.Stopping);
            _namcap = await ArchiveCollector.NamcapAsync(_folder.Output, _control.Stopping);
        }
        catch (BadOutputException error)
        {
            return Verdict.Failed($"The result is refused: {error.Message}.");
        }

        if (found.Count == 0)
        {
            return Verdict.Failed("The build ended without an error, but left no package archive. Does the PKGBUILD change PKGDEST or PKGEXT?");
        }

        if (!_control.TryStartUploading())
        {
            return Verdict.Of(await _control.Stop);
        }

        if (!await _session.ProgressAsync(AttemptStep.Uploading))
        {
            return Lose();
        }

        foreach (var archive in found)
        {
            if (await UploadAsync(archive) is { } problem)
            {
                return problem;
            }
        }

        _archives = [.. found.Select(f => f.Info)];
        return new(AttemptOutcome.Built, "");
    }

    private async Task<Verdict?> UploadAsync(FoundArchive archive)
    {
        using var span = AttemptSpans.Step("upload");
        span?.SetTag("caur.archive", archive.Info.FileName);
        span?.SetTag("caur.bytes", archive.Info.Size);
        var backoff = new Backoff(_services.Time);
        var room = new Backoff(_services.Time);
        while (true)
        {
            var reply = await _session.UploadAsync(archive, _options.Attempts.UploadTimeout);
            if (reply.Stored)
            {
                _services.Instruments.OnUploaded(archive.Info.Size);
                return null;
            }

            if (reply.Stale)
            {
                return Lose();
            }

            if (reply.NoRoom)
            {
                // What took hours to build is not thrown away for a disk that somebody is about to tidy up.
                if (room.Tries == 0)
                {
                    LogNoRoom(_services.Logger, _order.Attempt, archive.Info.FileName, reply.Reason ?? "");
                }

                await room.WaitAsync(_control.Silenced);
                continue;
            }

            if (backoff.Tries >= _options.Attempts.UploadRetries)
            {
                return Verdict.SystemError($"The archive {archive.Info.FileName} was not stored: {reply.Reason ?? "no reason was given"}");
            }

            await backoff.WaitAsync(_control.Silenced);
        }
    }

    private Verdict Lose()
    {
        _control.RequestStop(StopKind.Lost, "the control plane says that it is stale");
        return Verdict.SystemError("The attempt was stale.");
    }
}
