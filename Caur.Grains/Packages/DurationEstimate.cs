using Caur.Contracts.Builds;
using Caur.Contracts.Packages;

namespace Caur.Grains.Packages;

/// <summary>How long a build will probably take, by those that ended. Decides only.</summary>
internal static class DurationEstimate
{
    /// <summary>So many of the newest attempts that built are asked: enough that one on a loaded builder does not count, few enough that
    /// a package that grew is believed soon.</summary>
    public const int Asked = 5;

    /// <summary>No estimate is shorter, so that a chain of many builds is never nothing.</summary>
    public static readonly TimeSpan Shortest = TimeSpan.FromSeconds(1);

    /// <summary>No estimate is longer: more than the longest limit that a package can ask for, and far from where sums overflow.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    /// <summary>The median of the newest <see cref="Asked"/> attempts that built for an architecture. Without one,
    /// <see cref="BuildRequest.UnknownDuration"/>, or the longest that an attempt ran before it failed, if that is longer: it takes at
    /// least as long as that. Between <see cref="Shortest"/> and <see cref="Longest"/>.</summary>
    /// <param name="history">The builds that ended, in any order.</param>
    /// <param name="arch">The architecture.</param>
    public static TimeSpan For(IEnumerable<FinishedBuild> history, string arch)
    {
        var known = history.Where(build => build.Build.Arch == arch).ToList();
        var built = Newest(known).Select(build => build.Duration).Order().ToList();
        var estimate = built.Count > 0
            ? Median(built)
            : known.Where(SaysAtLeast).Select(build => build.Duration).Append(BuildRequest.UnknownDuration).Max();
        return TimeSpan.FromTicks(Math.Clamp(estimate.Ticks, Shortest.Ticks, Longest.Ticks));
    }

    /// <summary>Those of an architecture's builds that its estimate is made of.</summary>
    public static IEnumerable<FinishedBuild> Newest(IEnumerable<FinishedBuild> builds) => builds
        .Where(build => build.End == AttemptEnd.Built)
        .OrderByDescending(build => build, BuildHistory.Order)
        .Take(Asked);

    /// <summary>True for an attempt that worked until it ended. One that stalled waited for the most of its time, and how long one took
    /// that was lost is how long nobody noticed.</summary>
    private static bool SaysAtLeast(FinishedBuild build) =>
        build.End is AttemptEnd.Failed or AttemptEnd.TimedOut or AttemptEnd.OutOfMemory or AttemptEnd.Cancelled;

    private static TimeSpan Median(List<TimeSpan> sorted)
    {
        var (low, high) = (sorted[(sorted.Count - 1) / 2], sorted[sorted.Count / 2]);
        return low + ((high - low) / 2);
    }
}
