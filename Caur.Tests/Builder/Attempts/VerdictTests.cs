using Caur.Builder.Attempts;
using Caur.Protocol.Builders;

namespace Caur.Tests.Builder.Attempts;

public sealed class VerdictTests
{
    [Theory]
    [InlineData(0, false, AttemptOutcome.Built)]
    [InlineData(0, true, AttemptOutcome.Built)]
    [InlineData(1, true, AttemptOutcome.OutOfMemory)]
    [InlineData(137, true, AttemptOutcome.OutOfMemory)]
    [InlineData(120, true, AttemptOutcome.OutOfMemory)]
    [InlineData(121, true, AttemptOutcome.OutOfMemory)]
    [InlineData(121, false, AttemptOutcome.SystemError)]
    [InlineData(122, false, AttemptOutcome.OutOfMemory)]
    [InlineData(137, false, AttemptOutcome.SystemError)]
    [InlineData(143, false, AttemptOutcome.SystemError)]
    [InlineData(143, true, AttemptOutcome.OutOfMemory)]
    [InlineData(130, false, AttemptOutcome.Failed)]
    [InlineData(13, true, AttemptOutcome.AlreadyBuilt)]
    [InlineData(77, false, AttemptOutcome.Skipped)]
    [InlineData(123, false, AttemptOutcome.Failed)]
    [InlineData(null, false, AttemptOutcome.SystemError)]
    public void Of_WhenTheContainerExited_GoesByCodeAndMemory(int? code, bool outOfMemory, AttemptOutcome outcome) =>
        Judge(new ContainerEnd(EndCause.Exited, code, outOfMemory)).Outcome.ShouldBe(outcome);

    [Theory]
    [InlineData(nameof(EndCause.WallTime), AttemptOutcome.TimedOut)]
    [InlineData(nameof(EndCause.Silence), AttemptOutcome.Stalled)]
    public void Of_WhenTheAgentEndedIt_GoesByTheCauseWhateverTheCode(string cause, AttemptOutcome outcome)
    {
        foreach (var code in (int?[])[0, 13, 130, 137, null])
        {
            Judge(new ContainerEnd(Enum.Parse<EndCause>(cause), code, false)).Outcome.ShouldBe(outcome);
        }
    }

    [Theory]
    [InlineData(nameof(StopKind.Cancelled), AttemptOutcome.Cancelled)]
    [InlineData(nameof(StopKind.HandedBack), AttemptOutcome.HandedBack)]
    public void Of_WhenSomebodyAsked_GivesTheReason(string kind, AttemptOutcome outcome)
    {
        var verdict = Judge(new ContainerEnd(EndCause.Stopped, 0, true, new StopRequest(Enum.Parse<StopKind>(kind), "for a reason")));
        verdict.Outcome.ShouldBe(outcome);
        verdict.Message.ShouldContain("for a reason");
    }

    [Theory]
    [InlineData("hello", true)]
    [InlineData("@weird_+name.x-1", true)]
    [InlineData("-x", false)]
    [InlineData(".x", false)]
    [InlineData("a/b", false)]
    [InlineData("a b", false)]
    [InlineData("a\n", false)]
    [InlineData("", false)]
    public void Problem_WhenThePkgbaseIs_AcceptsWhatMakepkgDoes(string pkgbase, bool legal) =>
        (OrderCheck.Problem(Order() with { Pkgbase = pkgbase }) is null).ShouldBe(legal);

    [Fact]
    public void Problem_WhenAnyPartIsIllegal_SaysWhich()
    {
        OrderCheck.Problem(Order()).ShouldBeNull();
        OrderCheck.Problem(Order() with { Commit = "main" }).ShouldNotBeNull().ShouldContain("main");
        OrderCheck.Problem(Order() with { TargetRepository = "../x" }).ShouldNotBeNull();
        OrderCheck.Problem(Order() with { Image = "-x" }).ShouldNotBeNull();
        OrderCheck.Problem(Order() with { Timeout = TimeSpan.Zero }).ShouldNotBeNull();
        OrderCheck.Problem(Order() with { Timeout = TimeSpan.FromDays(100) }).ShouldNotBeNull();
        OrderCheck.Problem(Order() with { Repositories = [new("caur", ["http://x\nSigLevel = Never"])] }).ShouldNotBeNull();
        OrderCheck.Problem(Order() with { Repositories = [new("caur]\n[x", ["http://x"])] }).ShouldNotBeNull();
        OrderCheck.Problem(Order() with { Published = ["a\nb"] }).ShouldNotBeNull();
        OrderCheck.Problem(Order() with { Environment = new Dictionary<string, string> { ["A=B"] = "" } }).ShouldNotBeNull();
    }

    private static Verdict Judge(ContainerEnd end) => Verdict.Of(end, 77, TimeSpan.FromHours(1), TimeSpan.FromMinutes(30), 1 << 30);

    private static BuildOrder Order() => new()
    {
        Attempt = new("caur/x86_64/a/1", 1),
        Pkgbase = "a",
        TargetRepository = "caur",
        Arch = "x86_64",
        SourceRepository = "s",
        SourceUrl = "/x",
        Commit = new string('a', 40),
        Image = "x",
    };
}
