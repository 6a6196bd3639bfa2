using System.Text.Json;
using Caur.Api.Builds;
using Caur.Contracts.Builds;
using Caur.Contracts.Queue;
using Caur.Contracts.Sources;

namespace Caur.Api.Queue;

/// <summary>What the description of the routes shows.</summary>
internal static class QueueExamples
{
    public static Guid Operation { get; } = new("6f0f1a52-53a1-4b0e-9d5f-0c8b7e5a4d21");

    public static QueueStats Stats { get; } = new(
        new CountedPackages<ActivePackage>(
            [new ActivePackage("chaotic-aur/x86_64/guile1.8", "stormwing", 9, "https://builds.example.org/logs.html?timestamp=1795249937633&id=guile1.8")]),
        new CountedPackages<WaitingPackage>([new WaitingPackage("chaotic-aur/x86_64/2bwm-git", 1)]),
        new CountedNodes([new IdleNode("catbuilder", "catbuilder")]));

    public static List<Dictionary<string, QueuedPackage>> Packages { get; } =
        [new() { ["guile1.8"] = new QueuedPackage("x86_64", 1, "chaotic-aur", 1795249937633) }];

    public static QueueMetrics Metrics { get; } = new(new QueueMetricsCounts(1204, 17), new QueueMetricsCounts(1180, 2));

    public static ScheduleBody Schedule { get; } = new()
    {
        SourceRepo = "chaotic-aur",
        TargetRepo = "chaotic-aur",
        Commit = BuildExamples.Commit,
        Packages = [new ScheduleBodyPackage { Pkgbase = "guile1.8", BuildClass = JsonSerializer.SerializeToElement(9) }],
        Operation = Operation,
        Priority = BuildPriority.Commit,
    };

    public static ScheduleReply Scheduled { get; } = new() { Commit = BuildExamples.Commit, Builds = [new QueuedBuild(BuildExamples.Id, null, ["gmp"])] };

    public static PromoteBody Promote { get; } = new() { Pkgbase = "guile1.8", TargetRepo = "chaotic-aur" };

    public static PromoteReply Promoted { get; } = new(
        true, "it stands before what came in the last 24 hours; waits for a free builder", [BuildExamples.Id]);

    public static QueueCounts Counts { get; } = new("x86_64", false, 2533, 1840, 8);

    public static QueuePage Page { get; } = new()
    {
        Items =
        [
            new QueuedBuildBody
            {
                Build = BuildExamples.Id,
                Request = BuildExamples.Request,
                State = BuildState.Waiting,
                Wait = WaitReason.Dependency,
                Explanation = "waits for gmp, which it depends on",
                Position = 12,
                Start = new StartBody(BuildExamples.Id.QueuedAt.AddMinutes(7), 420, false, null),
            },
        ],
        Next = BuildExamples.Id.ToString(),
        Queues = [Counts],
    };
}
