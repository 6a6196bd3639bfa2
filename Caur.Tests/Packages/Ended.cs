using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Packages;

namespace Caur.Tests.Packages;

/// <summary>Builds that ended.</summary>
internal static class Ended
{
    private static readonly AttemptEnd[] Ends = Enum.GetValues<AttemptEnd>();

    /// <summary>One that started in that minute, which names it.</summary>
    public static FinishedBuild Build(int minute, TimeSpan duration, AttemptEnd end = AttemptEnd.Built, string arch = "x86_64")
    {
        var started = DateTimeOffset.UnixEpoch + TimeSpan.FromMinutes(minute);
        return new FinishedBuild
        {
            Build = new BuildId(new PackageKey(new TargetId("repo", arch), "a"), started.ToUnixTimeMilliseconds()),
            State = end == AttemptEnd.Built ? BuildState.Published : BuildState.Failed,
            End = end,
            Builder = new BuilderId("builder", "0"),
            Started = started,
            Duration = duration,
        };
    }

    public static FinishedBuild[] Random(Random random, int count) => [.. Enumerable.Range(0, count).Select(number => Build(
        number,
        TimeSpan.FromTicks(random.NextInt64(TimeSpan.FromDays(1).Ticks)),
        random.Next(2) == 0 ? AttemptEnd.Built : Ends[random.Next(Ends.Length)],
        random.Next(3) == 0 ? "aarch64" : "x86_64"))];
}
