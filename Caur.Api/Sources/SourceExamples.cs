using Caur.Api.Builds;
using Caur.Contracts.Packages;
using Caur.Contracts.Sources;

namespace Caur.Api.Sources;

/// <summary>What the description of the routes shows.</summary>
internal static class SourceExamples
{
    private const string Before = "8c1d7be2a90f4c6d3e5b7a810f3c2b7e5d1a4968";

    private static readonly DateTimeOffset Time = BuildExamples.Id.QueuedAt;

    public static RunSummary Run { get; } = new()
    {
        Number = 17,
        Pipeline = "on-commit",
        Cause = RunCause.Webhook,
        State = RunState.Succeeded,
        Summary = "1 scheduled, 0 removed",
        Asked = Time,
        Started = Time.AddSeconds(1),
        Ended = Time.AddSeconds(3),
        From = Before,
        Commit = BuildExamples.Commit,
        Target = "chaotic-aur",
        Builds = 1,
        Attempts = 1,
    };

    public static RunSummary Ordered { get; } = new() { Number = 18, Pipeline = "on-commit", DryRun = true, State = RunState.Waiting, Asked = Time.AddMinutes(1) };

    public static RunView View { get; } = new()
    {
        Run = Run,
        Steps = [new RunStepView("decide", Time.AddSeconds(1), Time.AddSeconds(2), RunStepState.Done, "1 to build, 0 to remove")],
        Decisions =
        [
            new RunDecision { Pkgbase = "guile1.8", Kind = RunDecisionKind.Build, Reasons = ["changed: .SRCINFO, PKGBUILD"], Builds = [BuildExamples.Id.ToString()] },
        ],
    };

    public static SourceView Source { get; } = new()
    {
        Id = "chaotic-aur",
        Url = "https://gitlab.com/chaotic-aur/pkgbuilds.git",
        Following = true,
        Webhook = true,
        Commit = BuildExamples.Commit,
        CheckedAt = Time.AddMinutes(1),
        Last = Run,
    };

    public static PackageWhy Why { get; } = new()
    {
        Source = "chaotic-aur",
        Pkgbase = "guile1.8",
        Summary = ["scheduled by run 17 (on-commit) at 0f3c2b7e5d: changed: .SRCINFO, PKGBUILD"],
        Commit = BuildExamples.Commit,
        Tracked = new TrackedPackage { Version = "1.8.8-9", Upstream = "aur" },
        CheckedAt = Time.AddSeconds(3),
        CheckedBy = 17,
        Decisions =
        [
            new DecidedPackage
            {
                Time = Time.AddSeconds(3),
                Run = 17,
                Pipeline = "on-commit",
                Commit = BuildExamples.Commit,
                Kind = RunDecisionKind.Build,
                Reasons = ["changed: .SRCINFO, PKGBUILD"],
                Builds = [BuildExamples.Id.ToString()],
            },
        ],
    };
}
