using Caur.Contracts.Packages;
using Caur.Contracts.Sources;
using Caur.Grains.Packages;

namespace Caur.Tests.Following;

public sealed class DecisionHistoryTests
{
    /// <summary>There is a run every half hour, and what did something is asked for days later.</summary>
    [Fact]
    public void With_RunsThatFoundNothing_KeepsWhatOthersDid()
    {
        var history = new BuildHistory().With(Decision(1, RunDecisionKind.Build, "changed"));
        for (var run = 2; run <= 100; run++)
        {
            history = history.With(Decision(run, RunDecisionKind.None, $"no newer AUR timestamp since {run / 10}"));
        }

        history = history.With(Decision(101, RunDecisionKind.Skipped, "clone failed twice: away"));
        history = history.With(Decision(102, RunDecisionKind.Skipped, "clone failed twice: away"));
        history = history.With(Decision(103, RunDecisionKind.Skipped, "clone failed twice: full"));

        history.Decisions.Select(one => one.Run).ShouldBe([1, 100, 102, 103]);
        history.Decisions[1].Reasons.ShouldBe(["no newer AUR timestamp since 10"]);
    }

    [Fact]
    public void With_ADecisionThatIsToldAgain_KnowsItOnce()
    {
        var history = new BuildHistory().With(Decision(1, RunDecisionKind.Build, "changed")).With(Decision(2, RunDecisionKind.Build, "changed"));

        history.With(Decision(2, RunDecisionKind.Build, "changed")).Decisions.Select(one => one.Run).ShouldBe([1, 2]);
    }

    private static DecidedPackage Decision(long run, RunDecisionKind kind, string reason) =>
        new() { Run = run, Pipeline = "on-schedule", Kind = kind, Reasons = [reason], Time = DateTimeOffset.UnixEpoch };
}
