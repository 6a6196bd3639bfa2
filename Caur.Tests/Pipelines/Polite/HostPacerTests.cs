using Caur.Pipelines.Polite;
using Caur.Tests.Support;

namespace Caur.Tests.Pipelines.Polite;

public sealed class HostPacerTests
{
    private static readonly TimeSpan Delay = TimeSpan.FromSeconds(5);

    private readonly ManualTimeProvider _time = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EnterAsync_WhenHostHasADelay_StartsThatFarApart()
    {
        using var pacer = Pacer(new PoliteOptions { HostDelay = Delay });
        (await pacer.EnterAsync("a", Token)).IsGiven.ShouldBeTrue();

        var second = pacer.EnterAsync("a", Token);
        second.IsCompleted.ShouldBeFalse();
        _time.Next.ShouldBe(Delay);
        _time.Advance(Delay);
        (await second.DefaultTimeout("the second start")).IsGiven.ShouldBeTrue();
    }

    [Fact]
    public async Task EnterAsync_WhenTwoWaitForTheSamePause_DoNotStartTogether()
    {
        using var pacer = Pacer(new PoliteOptions { HostDelay = Delay });
        await pacer.EnterAsync("a", Token);

        Task[] waiting = [pacer.EnterAsync("a", Token), pacer.EnterAsync("a", Token)];
        await _time.ArmedAsync(Delay, timers: 2);
        _time.Advance(Delay);
        await Task.WhenAny(waiting).DefaultTimeout("one of them");
        await _time.ArmedAsync(Delay);
        waiting.Count(task => task.IsCompleted).ShouldBe(1);

        _time.Advance(Delay);
        await Task.WhenAll(waiting).DefaultTimeout("the other");
    }

    [Fact]
    public async Task EnterAsync_WhenAnotherHostIsAsked_DoesNotWait()
    {
        using var pacer = Pacer(new PoliteOptions { HostDelay = Delay });
        await pacer.EnterAsync("a", Token);
        (await pacer.EnterAsync("b", Token).DefaultTimeout("another host")).IsGiven.ShouldBeTrue();
    }

    [Fact]
    public async Task EnterAsync_WhenHostHasAllItBears_WaitsForATurnToEnd()
    {
        using var pacer = Pacer(new PoliteOptions { PerHost = 2 });
        var first = await pacer.EnterAsync("a", Token);
        await pacer.EnterAsync("A", Token);

        var third = pacer.EnterAsync("a", Token);
        third.IsCompleted.ShouldBeFalse();
        first.Value!.Dispose();
        (await third.DefaultTimeout("a free place")).IsGiven.ShouldBeTrue();
    }

    [Fact]
    public async Task EnterAsync_WhenCancelledWhileWaiting_GivesItsPlaceBack()
    {
        using var pacer = Pacer(new PoliteOptions { PerHost = 1, HostDelay = Delay });
        (await pacer.EnterAsync("a", Token)).Value!.Dispose();
        using var cancelled = new CancellationTokenSource();
        var waiting = pacer.EnterAsync("a", cancelled.Token);
        await cancelled.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(waiting);

        _time.Advance(Delay);
        (await pacer.EnterAsync("a", Token).DefaultTimeout("the place")).IsGiven.ShouldBeTrue();
    }

    [Fact]
    public async Task EnterAsync_AfterFailures_WaitsTwiceAsLongEachTime()
    {
        var backOff = TimeSpan.FromSeconds(30);
        using var pacer = Pacer(new PoliteOptions { BackOff = backOff });
        foreach (var expected in (TimeSpan[])[backOff, 2 * backOff, 4 * backOff])
        {
            pacer.Failed("a");
            var waiting = pacer.EnterAsync("a", Token);
            _time.Next.ShouldBe(expected);
            _time.Advance(expected);
            (await waiting.DefaultTimeout("the end of the rest")).Value!.Dispose();
        }

        pacer.Succeeded("a");
        pacer.Failed("a");
        _ = pacer.EnterAsync("a", Token);
        _time.Next.ShouldBe(backOff);
    }

    [Fact]
    public async Task EnterAsync_WhenSeveralFailTogether_CountsThemOnce()
    {
        using var pacer = Pacer(new PoliteOptions { GiveUpAfter = 2 });
        pacer.Failed("a");
        pacer.Failed("a");
        pacer.Failed("a");
        var waiting = pacer.EnterAsync("a", Token);
        _time.Advance(TimeSpan.FromSeconds(30));
        (await waiting.DefaultTimeout("the end of the rest")).IsGiven.ShouldBeTrue();
    }

    [Fact]
    public async Task EnterAsync_WhenHostFailsAgainAndAgain_IsRefusedAtOnce()
    {
        using var pacer = Pacer(new PoliteOptions { GiveUpAfter = 2, BackOff = TimeSpan.FromSeconds(1) });
        pacer.Failed("a");
        _time.Advance(TimeSpan.FromMinutes(1));
        pacer.Failed("a");
        var refused = await pacer.EnterAsync("a", Token).DefaultTimeout("a refusal");
        refused.Problem.ShouldBe("a failed twice in a row and is not asked again in this run");
    }

    [Theory]
    [InlineData(60, true)]
    [InlineData(100_000_000, false)]
    public async Task EnterAsync_WhenHostAskedToBeLeftAlone_WaitsOrSaysSo(int seconds, bool waits)
    {
        using var pacer = Pacer(new PoliteOptions());
        pacer.Failed("a", TimeSpan.FromSeconds(seconds));
        var entering = pacer.EnterAsync("a", Token);
        if (waits)
        {
            _time.Next.ShouldBe(TimeSpan.FromSeconds(seconds));
            _time.Advance(TimeSpan.FromSeconds(seconds));
        }

        var turn = await entering.DefaultTimeout("a turn or a refusal");
        turn.IsGiven.ShouldBe(waits);
        turn.Problem.ShouldBe(waits ? null : "a asked to be left alone for longer than this run waits");
    }

    private HostPacer Pacer(PoliteOptions options) => new(options, _time);
}
