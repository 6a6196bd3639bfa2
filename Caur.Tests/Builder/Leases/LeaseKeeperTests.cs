using Caur.Builder;
using Caur.Builder.Attempts;
using Caur.Builder.Leases;
using Caur.Protocol.Builders;
using Caur.Tests.Support;
using Microsoft.Extensions.Logging.Abstractions;

namespace Caur.Tests.Builder.Leases;

public sealed class LeaseKeeperTests : IDisposable
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);
    private readonly FakeSession _session = new();
    private readonly ManualTimeProvider _time = new();
    private readonly BuilderOptions _options = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly LeaseKeeper _keeper;
    private readonly AttemptControl _one = new(new("t/a/one/1", 1));
    private readonly AttemptControl _two = new(new("t/a/two/1", 1));

    public LeaseKeeperTests()
    {
        _keeper = new(_session, _options, _time, NullLogger<LeaseKeeper>.Instance);
        _keeper.Joined(new HelloReply { Accepted = true });
        _keeper.TryHold(_one).ShouldBeTrue();
        _keeper.TryHold(_two).ShouldBeTrue();
    }

    public void Dispose()
    {
        _stop.Cancel();
        _stop.Dispose();
        _keeper.Dispose();
    }

    [Fact]
    public async Task Run_WhenTimeGoesOn_RenewsAllInOneCallAlsoWithNothingRunning()
    {
        var run = _keeper.RunAsync(_stop.Token);
        await _time.AdvanceArmedAsync(Every);
        await _session.UntilAsync(s => s.Renewals.Count == 1, "a renewal");
        _session.Renewals[0].ShouldBe([_one.Attempt, _two.Attempt], ignoreOrder: true);
        _keeper.Release(_one);
        _keeper.Release(_two);
        await _time.AdvanceArmedAsync(Every);
        await _session.UntilAsync(s => s.Renewals.Count == 2, "a renewal");
        _session.Renewals[1].ShouldBeEmpty();
        run.IsCompleted.ShouldBeFalse();
    }

    [Fact]
    public async Task Renew_WhenTheAnswerNamesAttempts_EndsThese()
    {
        _session.OnRenew = _ => new RenewReply(true, [_one.Attempt], [_two.Attempt, new("t/a/unknown/1", 1)]);
        (await _keeper.RenewNowAsync(_one, _stop.Token)).ShouldBeFalse();
        (await _one.Stop).Kind.ShouldBe(StopKind.Lost);
        _one.Silenced.IsCancellationRequested.ShouldBeTrue();
        (await _two.Stop).Kind.ShouldBe(StopKind.Cancelled);
        _two.Silenced.IsCancellationRequested.ShouldBeFalse();
    }

    [Fact]
    public async Task Renew_WhenTheSessionIsUnknown_AsksToJoinAndEndsNothing()
    {
        var asked = new TaskCompletionSource();
        _keeper.SessionUnknown = () => asked.TrySetResult();
        var known = false;
        _session.OnRenew = _ => new RenewReply(known, known ? [] : [_one.Attempt], []);
        var renewed = _keeper.RenewNowAsync(_one, _stop.Token);
        await asked.Task.DefaultTimeout("the wish to join");
        known = true;
        await _time.AdvanceArmedAsync(TimeSpan.FromMilliseconds(200));
        (await renewed.DefaultTimeout("the renewal")).ShouldBeTrue();
        _one.Stop.IsCompleted.ShouldBeFalse();
    }

    [Fact]
    public async Task Run_WhenTheLinkIsDown_KeepsTheAttemptsUntilTheGraceIsOver()
    {
        _session.OnRenew = _ => throw new IOException("down");
        var run = _keeper.RunAsync(_stop.Token);
        var most = TimeSpan.FromSeconds(30) + _options.LeaseGrace;
        var start = _time.GetUtcNow();
        while (!_one.Stop.IsCompleted)
        {
            (_time.GetUtcNow() - start).ShouldBeLessThan(most + TimeSpan.FromSeconds(30));
            await _time.AdvanceArmedAsync(Every);
        }

        (_time.GetUtcNow() - start).ShouldBeGreaterThan(most);
        (await _one.Stop).Kind.ShouldBe(StopKind.Lost);
        (await _two.Stop).Reason.ShouldContain("no word");
        run.IsCompleted.ShouldBeFalse();
    }

    [Fact]
    public void RequestStop_WhenUploading_OnlyLossCounts()
    {
        _one.TryStartUploading().ShouldBeTrue();
        _one.RequestStop(StopKind.Cancelled, "too late");
        _one.RequestStop(StopKind.HandedBack, "too late");
        _one.Stop.IsCompleted.ShouldBeFalse();
        _one.RequestStop(StopKind.Lost, "gone");
        _one.Silenced.IsCancellationRequested.ShouldBeTrue();
        _two.RequestStop(StopKind.Cancelled, "in time");
        _two.TryStartUploading().ShouldBeFalse();
    }
}
