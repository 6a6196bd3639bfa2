using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Packages;

namespace Caur.Grains.Builds;

/// <summary>What a build that ended tells its package.</summary>
internal static class BuildNews
{
    /// <summary>The news; null while the build goes on, and when no builder ever had it: nothing was learned from it.</summary>
    public static FinishedBuild? For(BuildId build, BuildRecord record)
    {
        if (!record.State.IsFinal() || record.AttemptCount == 0 || record.Attempts[^1] is not { End: { } end, Ended: { } ended } last)
        {
            return null;
        }

        var duration = ended - last.Accepted;
        return new FinishedBuild
        {
            Build = build,
            State = record.State,
            End = end,
            Builder = last.Builder,
            Started = last.Accepted,
            // The clock may have been set back meanwhile.
            Duration = duration < TimeSpan.Zero ? TimeSpan.Zero : duration,
        };
    }
}
