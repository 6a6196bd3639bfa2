using Caur.Contracts.Builds;
using Caur.Grains.Queue;

namespace Caur.Grains.Builds;

/// <summary>What follows from the end of an attempt.</summary>
/// <param name="Verdict">The build's final state, or null when it publishes or is tried again.</param>
/// <param name="Loss">Whether the attempt counts as lost to builders or engines.</param>
/// <param name="Pause">How long to wait before the next try.</param>
internal sealed record AttemptDecision(FinalVerdict? Verdict, bool Loss, TimeSpan Pause)
{
    /// <summary>Decides.</summary>
    /// <param name="report">How the attempt ended.</param>
    /// <param name="losses">How many attempts of the build were lost before.</param>
    /// <param name="ending">What somebody wanted of the build while it ran; it wins unless archives are there.</param>
    public static AttemptDecision For(AttemptReport report, int losses, FinalVerdict? ending)
    {
        if (report.End == AttemptEnd.Built)
        {
            return new AttemptDecision(null, false, TimeSpan.Zero);
        }

        if (ending is not null)
        {
            return new AttemptDecision(ending, false, TimeSpan.Zero);
        }

        switch (report.End)
        {
            case AttemptEnd.HandedBack:
                return new AttemptDecision(null, false, TimeSpan.Zero);
            case AttemptEnd.BuilderLost or AttemptEnd.SystemError when losses + 1 >= QueueState.MaxLosses:
                return new AttemptDecision(
                    new FinalVerdict(BuildState.SystemError, $"{losses + 1} attempts were lost; the last: {Describe(report)}"), true, TimeSpan.Zero);
            case AttemptEnd.BuilderLost:
                return new AttemptDecision(null, true, TimeSpan.Zero);
            case AttemptEnd.SystemError:
                return new AttemptDecision(null, true, TimeSpan.FromSeconds(5 * Math.Pow(4, losses)));
            default:
                return new AttemptDecision(new FinalVerdict(StateOf(report.End), Describe(report)), false, TimeSpan.Zero);
        }
    }

    private static BuildState StateOf(AttemptEnd end) => end switch
    {
        AttemptEnd.AlreadyBuilt => BuildState.AlreadyBuilt,
        AttemptEnd.Skipped => BuildState.Skipped,
        AttemptEnd.TimedOut => BuildState.TimedOut,
        AttemptEnd.Stalled => BuildState.Stalled,
        AttemptEnd.OutOfMemory => BuildState.OutOfMemory,
        AttemptEnd.Cancelled => BuildState.Cancelled,
        _ => BuildState.Failed,
    };

    private static string Describe(AttemptReport report) => report.Message.Length > 0
        ? report.Message
        : report.End switch
        {
            AttemptEnd.AlreadyBuilt => "this version is in the repository already",
            AttemptEnd.Skipped => "skipped by the package's own files",
            AttemptEnd.Failed => $"the build failed with exit code {report.ExitCode}",
            AttemptEnd.TimedOut => "it ran longer than it may",
            AttemptEnd.Stalled => "it said nothing for longer than it may",
            AttemptEnd.OutOfMemory => "it wanted more memory than it may have",
            AttemptEnd.Cancelled => "cancelled on the builder",
            AttemptEnd.BuilderLost => $"{report.Attempt.Builder} is gone",
            _ => $"{report.Attempt.Builder} could not run it",
        };
}
