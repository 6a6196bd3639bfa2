using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Caur.Grains.Builds;
using FsCheck;
using FsCheck.Fluent;

namespace Caur.Tests.Builds;

public sealed class BuildMachineTests
{
    private static readonly BuildId Build = BuildId.Parse("repo/x86_64/a/1");
    private static readonly DateTimeOffset Now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly BuildRequest Request = new() { Package = Build.Package, SourceRepository = "s", Commit = "c" };
    private static readonly FinalVerdict Failed = new(BuildState.Failed, "no");
    private static readonly FinalVerdict Cancelled = new(BuildState.Cancelled, "not wanted");

    [Fact]
    public void Accept_WhenNew_Runs()
    {
        var (record, current) = BuildMachine.Accept(new BuildRecord(), Request, Attempt(1), Now);

        current.ShouldBeTrue();
        record.State.ShouldBe(BuildState.Running);
        record.Attempts.ShouldHaveSingleItem().ShouldSatisfyAllConditions(
            attempt => attempt.Number.ShouldBe(1), attempt => attempt.Accepted.ShouldBe(Now), attempt => attempt.End.ShouldBeNull());
    }

    [Fact]
    public void Accept_WhenRepeated_ChangesNothing()
    {
        var running = Running(1);
        BuildMachine.Accept(running, Request, Attempt(1), Now).ShouldBe((running, true));
    }

    [Fact]
    public void Accept_WhenTheNumberIsUsed_IsRefused()
    {
        var running = Running(2);
        BuildMachine.Accept(running, Request, Attempt(2, "other"), Now).ShouldBe((running, false));
        BuildMachine.Accept(running, Request, Attempt(1), Now).ShouldBe((running, false));
    }

    [Fact]
    public void Accept_WhenHigher_EndsTheOneBefore()
    {
        var (record, current) = BuildMachine.Accept(Running(1), Request, Attempt(2, "other"), Now);

        current.ShouldBeTrue();
        record.Attempts.Select(attempt => attempt.End).ShouldBe([AttemptEnd.BuilderLost, null]);
        record.IsRunning(Attempt(1)).ShouldBeFalse();
        record.IsRunning(Attempt(2, "other")).ShouldBeTrue();
    }

    [Theory]
    [InlineData(BuildState.Publishing)]
    [InlineData(BuildState.Published)]
    [InlineData(BuildState.Cancelled)]
    public void Accept_WhenPublishingOrFinal_IsRefused(BuildState state)
    {
        var record = Running(1) with { State = state };
        BuildMachine.Accept(record, Request, Attempt(2), Now).ShouldBe((record, false));
    }

    [Fact]
    public void Uploading_WhenCurrent_IsNotedOnce()
    {
        var uploading = BuildMachine.Uploading(Running(1), Attempt(1));

        uploading.State.ShouldBe(BuildState.Uploading);
        BuildMachine.Uploading(uploading, Attempt(1)).ShouldBeSameAs(uploading);
        BuildMachine.Uploading(uploading, Attempt(2)).ShouldBeSameAs(uploading);
    }

    [Fact]
    public void Complete_WhenBuilt_Publishes()
    {
        var archive = new LandedArchive { FileName = "a-1-1-any.pkg.tar.zst", Size = 1, Sha256 = "00" };
        var (record, current) = BuildMachine.Complete(Running(1), Report(1, AttemptEnd.Built) with { Archives = [archive] }, null, Now);

        current.ShouldBeTrue();
        record.State.ShouldBe(BuildState.Publishing);
        record.Archives.ShouldBe([archive]);
        record.Attempts[0].End.ShouldBe(AttemptEnd.Built);
    }

    [Fact]
    public void Complete_WhenFailed_IsFinal()
    {
        var (record, current) = BuildMachine.Complete(Running(1), Report(1, AttemptEnd.Failed) with { ExitCode = 4 }, Failed, Now);

        current.ShouldBeTrue();
        record.ShouldSatisfyAllConditions(
            r => r.State.ShouldBe(BuildState.Failed), r => r.Reason.ShouldBe("no"), r => r.Finished.ShouldBe(Now), r => r.Attempts[0].ExitCode.ShouldBe(4));
    }

    [Fact]
    public void Complete_WhenToBeTriedAgain_Waits()
    {
        var (record, _) = BuildMachine.Complete(Running(1), Report(1, AttemptEnd.BuilderLost), null, Now);

        record.State.ShouldBe(BuildState.Waiting);
        record.Finished.ShouldBeNull();
        BuildMachine.Accept(record, Request, Attempt(2), Now).Current.ShouldBeTrue();
    }

    [Fact]
    public void Complete_WhenRepeated_AnswersAsTheFirstTime()
    {
        var (record, _) = BuildMachine.Complete(Running(1), Report(1, AttemptEnd.Failed), Failed, Now);

        BuildMachine.Complete(record, Report(1, AttemptEnd.Failed), Failed, Now).ShouldBe((record, true));
        BuildMachine.Complete(record, Report(1, AttemptEnd.Built), null, Now).ShouldBe((record, false));
    }

    [Fact]
    public void Complete_WhenStale_ChangesNothing()
    {
        var record = BuildMachine.Accept(Running(1), Request, Attempt(2, "other"), Now).Next;

        BuildMachine.Complete(record, Report(1, AttemptEnd.Built), null, Now).ShouldBe((record, false));
        BuildMachine.Complete(new BuildRecord(), Report(1, AttemptEnd.Built), null, Now).Current.ShouldBeFalse();
    }

    [Fact]
    public void Close_WhenRunning_EndsItsAttempt()
    {
        var record = BuildMachine.Close(Running(1), Request, Cancelled, Now);

        record.State.ShouldBe(BuildState.Cancelled);
        record.Attempts[0].End.ShouldBe(AttemptEnd.Cancelled);
        BuildMachine.Close(record, Request, Failed, Now).ShouldBeSameAs(record);
    }

    [Fact]
    public void Published_WhenNewsComes_IsFinalOnce()
    {
        var publishing = BuildMachine.Complete(Running(1), Report(1, AttemptEnd.Built), null, Now).Next;
        var published = BuildMachine.Published(publishing, News(1, PublicationState.Published) with { Generation = 7 }, Now);

        published.State.ShouldBe(BuildState.Published);
        published.Generation.ShouldBe(7);
        BuildMachine.Published(published, News(1, PublicationState.Refused), Now).ShouldBeSameAs(published);
    }

    [Fact]
    public void Published_WhenRefused_Fails()
    {
        var publishing = BuildMachine.Complete(Running(1), Report(1, AttemptEnd.Built), null, Now).Next;
        var refused = BuildMachine.Published(publishing, News(1, PublicationState.Refused) with { Reason = "wrong hash" }, Now);

        refused.State.ShouldBe(BuildState.Failed);
        refused.Reason.ShouldContain("wrong hash");
    }

    [Fact]
    public void Published_WhenPending_KeepsTheReasonAndIsNotFinal()
    {
        var publishing = BuildMachine.Complete(Running(1), Report(1, AttemptEnd.Built), null, Now).Next;
        var blocked = BuildMachine.Published(publishing, News(1, PublicationState.Pending) with { Reason = "no key" }, Now);

        blocked.State.ShouldBe(BuildState.Publishing);
        blocked.Reason.ShouldBe("waits for its publication: no key");
        BuildMachine.Published(blocked, News(1, PublicationState.Pending) with { Reason = "no key" }, Now).ShouldBeSameAs(blocked);
        BuildMachine.Published(publishing, News(2, PublicationState.Published), Now).ShouldBeSameAs(publishing);
    }

    [Fact]
    public void AnyHistory_ReachesOneFinalStateAndHasOneOpenAttemptAtMost() =>
        Prop.ForAll<int[]>(codes =>
        {
            var record = new BuildRecord();
            BuildState? final = null;
            foreach (var code in codes.Select(code => Math.Abs((long)code)))
            {
                var attempt = (int)(code / 8 % 4) + 1;
                var verdict = code / 32 % 2 == 0 ? Failed : null;
                record = (code % 8) switch
                {
                    0 or 1 => BuildMachine.Accept(record, Request, Attempt(attempt), Now).Next,
                    2 => BuildMachine.Uploading(record, Attempt(attempt)),
                    3 => BuildMachine.Complete(record, Report(attempt, AttemptEnd.Built), null, Now).Next,
                    4 => BuildMachine.Complete(record, Report(attempt, AttemptEnd.Failed), verdict, Now).Next,
                    5 when code / 64 % 8 == 0 => BuildMachine.Close(record, Request, Cancelled, Now),
                    6 => BuildMachine.Published(record, News(attempt, PublicationState.Published), Now),
                    _ => BuildMachine.Published(record, News(attempt, PublicationState.Refused), Now),
                };
                record.Attempts.SkipLast(1).ShouldAllBe(view => view.End != null);
                record.Attempts.Select(view => view.Number).ShouldBe(record.Attempts.Select(view => view.Number).Distinct().Order());
                (record.Attempts.Any(view => view.End == null) && record.State is not (BuildState.Running or BuildState.Uploading)).ShouldBeFalse();
                if (final is { } state)
                {
                    record.State.ShouldBe(state);
                }

                final ??= record.State.IsFinal() ? record.State : null;
                record.Finished.HasValue.ShouldBe(final is not null);
            }
        }).Check(Config.QuickThrowOnFailure.WithQuietOnSuccess(true));

    private static BuildRecord Running(int number) => BuildMachine.Accept(new BuildRecord(), Request, Attempt(number), Now).Next;

    private static BuildAttempt Attempt(int number, string builder = "b") => new(Build, number, new BuilderId(builder, "0"));

    private static AttemptReport Report(int number, AttemptEnd end) => new() { Attempt = Attempt(number), End = end };

    private static PublicationNews News(int attempt, PublicationState state) => new() { Build = Build, Attempt = attempt, State = state };
}
