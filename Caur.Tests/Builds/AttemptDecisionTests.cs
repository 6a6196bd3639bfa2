using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Grains.Builds;
using Caur.Grains.Queue;

namespace Caur.Tests.Builds;

public sealed class AttemptDecisionTests
{
    private static readonly FinalVerdict Ending = new(BuildState.Cancelled, "not wanted");

    [Theory]
    [InlineData(AttemptEnd.AlreadyBuilt, BuildState.AlreadyBuilt)]
    [InlineData(AttemptEnd.Skipped, BuildState.Skipped)]
    [InlineData(AttemptEnd.Failed, BuildState.Failed)]
    [InlineData(AttemptEnd.TimedOut, BuildState.TimedOut)]
    [InlineData(AttemptEnd.Stalled, BuildState.Stalled)]
    [InlineData(AttemptEnd.OutOfMemory, BuildState.OutOfMemory)]
    [InlineData(AttemptEnd.Cancelled, BuildState.Cancelled)]
    public void For_WhenThePackageDecided_IsFinal(AttemptEnd end, BuildState state)
    {
        var decision = AttemptDecision.For(Report(end), 0, null);

        decision.Verdict.ShouldNotBeNull().State.ShouldBe(state);
        decision.Verdict.Reason.ShouldNotBeEmpty();
        decision.Loss.ShouldBeFalse();
    }

    [Fact]
    public void For_WhenItSaidWhy_KeepsTheWords() =>
        AttemptDecision.For(Report(AttemptEnd.Failed) with { Message = "check() failed" }, 0, null).Verdict!.Reason.ShouldBe("check() failed");

    [Fact]
    public void For_WhenHandedBack_TriesAgainAtOnceAndCountsNothing() =>
        AttemptDecision.For(Report(AttemptEnd.HandedBack), QueueState.MaxLosses, null).ShouldBe(new AttemptDecision(null, false, TimeSpan.Zero));

    [Fact]
    public void For_WhenTheBuilderIsLost_TriesAgainAtOnce() =>
        AttemptDecision.For(Report(AttemptEnd.BuilderLost), 1, null).ShouldBe(new AttemptDecision(null, true, TimeSpan.Zero));

    [Theory]
    [InlineData(0, 5)]
    [InlineData(1, 20)]
    public void For_WhenTheEngineFailed_TriesAgainAfterAGrowingPause(int losses, int seconds) =>
        AttemptDecision.For(Report(AttemptEnd.SystemError), losses, null)
            .ShouldBe(new AttemptDecision(null, true, TimeSpan.FromSeconds(seconds)));

    [Theory]
    [InlineData(AttemptEnd.BuilderLost)]
    [InlineData(AttemptEnd.SystemError)]
    public void For_WhenLostForTheThirdTime_IsASystemError(AttemptEnd end)
    {
        var decision = AttemptDecision.For(Report(end), QueueState.MaxLosses - 1, null);

        decision.Verdict.ShouldNotBeNull().State.ShouldBe(BuildState.SystemError);
        decision.Verdict.Reason.ShouldContain("3 attempts");
    }

    [Theory]
    [InlineData(AttemptEnd.Failed)]
    [InlineData(AttemptEnd.Cancelled)]
    [InlineData(AttemptEnd.BuilderLost)]
    [InlineData(AttemptEnd.HandedBack)]
    public void For_WhenItsEndWasWanted_EndsAsWanted(AttemptEnd end) =>
        AttemptDecision.For(Report(end), 0, Ending).ShouldBe(new AttemptDecision(Ending, false, TimeSpan.Zero));

    [Fact]
    public void For_WhenBuilt_Publishes() =>
        AttemptDecision.For(Report(AttemptEnd.Built), 0, Ending).ShouldBe(new AttemptDecision(null, false, TimeSpan.Zero));

    private static AttemptReport Report(AttemptEnd end) => new()
    {
        Attempt = new BuildAttempt(BuildId.Parse("repo/x86_64/a/1"), 1, new BuilderId("b", "0")),
        End = end,
    };
}
