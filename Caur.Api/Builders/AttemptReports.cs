using Caur.Contracts.Builds;
using Caur.Protocol.Builders;

namespace Caur.Api.Builders;

/// <summary>The agent's result in the words of the grains.</summary>
internal static class AttemptReports
{
    private const int LongestMessage = 2000;

    public static AttemptReport From(AttemptResult result, BuildAttempt attempt) => new()
    {
        Attempt = attempt,
        End = EndOf(result.Outcome),
        Message = BuilderWords.OneLine(result.Message.Length > LongestMessage ? result.Message[..LongestMessage] : result.Message),
        ExitCode = result.ExitCode,
        Archives =
        [
            .. result.Archives.Select(archive => new LandedArchive
            {
                FileName = archive.FileName,
                Size = archive.Size,
                Sha256 = archive.Sha256,
            }),
        ],
        ImageDigest = result.ImageDigest is { } digest ? BuilderWords.OneLine(digest) : null,
        Started = result.Started,
        Finished = result.Finished,
    };

    private static AttemptEnd EndOf(AttemptOutcome outcome) => outcome switch
    {
        AttemptOutcome.Built => AttemptEnd.Built,
        AttemptOutcome.AlreadyBuilt => AttemptEnd.AlreadyBuilt,
        AttemptOutcome.Skipped => AttemptEnd.Skipped,
        AttemptOutcome.Failed => AttemptEnd.Failed,
        AttemptOutcome.TimedOut => AttemptEnd.TimedOut,
        AttemptOutcome.Stalled => AttemptEnd.Stalled,
        AttemptOutcome.OutOfMemory => AttemptEnd.OutOfMemory,
        AttemptOutcome.Cancelled => AttemptEnd.Cancelled,
        AttemptOutcome.HandedBack => AttemptEnd.HandedBack,
        _ => AttemptEnd.SystemError,
    };
}
