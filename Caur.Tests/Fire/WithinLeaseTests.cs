using System.Diagnostics;
using System.Globalization;
using Caur.Tests.Link;

namespace Caur.Tests.Fire;

/// <summary>Faults that are over before the leases of what runs are: nobody loses anything, and no attempt is made again.</summary>
public sealed class WithinLeaseTests(PatientFarm fixture) : IClassFixture<PatientFarm>, IAsyncDisposable
{
    private static readonly TimeSpan BuildTime = TimeSpan.FromMinutes(2);

    private FireFarm Farm => fixture.Farm;

    /// <summary>The next test finds an empty farm, whatever became of this one.</summary>
    public async ValueTask DisposeAsync() => await Farm.AbandonAsync();

    /// <summary>And when all that is over, two of the builders are ended as a service manager does it, in the middle of their work.</summary>
    [Fact]
    public async Task Faults_OfBuilderHostCableGatewayAndHub_ChangeNothingAndSigtermHandsBackOrFinishes()
    {
        NetworkHost.Require();
        var gateway = await Farm.StartGatewayAsync();
        var killed = await Farm.AddBuilderAsync("killed");
        var onKilled = await Farm.RunOnAsync(killed);
        var frozen = await Farm.AddBuilderAsync("frozen", null, null, ("CAUR_BUILDER_SHUTDOWN", "finish"), ("CAUR_BUILDER_SHUTDOWN_TIME", "120"));
        var onFrozen = await Farm.RunOnAsync(frozen);
        var cut = await Farm.AddBuilderAsync("cut", host: await NetworkHost.CreateAsync());
        var onCut = await Farm.RunOnAsync(cut);
        var behind = await Farm.AddBuilderAsync("behind", new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{FireFarm.PortOf(gateway)}/")));
        var onBehind = await Farm.RunOnAsync(behind);
        FireBuilder[] all = [killed, frozen, cut, behind];
        string[] builds = [onKilled, onFrozen, onCut, onBehind];

        var begin = Stopwatch.GetTimestamp();
        await Task.WhenAll(killed.KillAsync(), frozen.FreezeAsync(), cut.Host!.CutAsync(), gateway.KillAsync());
        await Task.WhenAll(all.Select(static builder => builder.StateAsync("Lost")));
        FireFarm.Say($"killed, frozen, cut off, without its gateway: noticed within {Stopwatch.GetElapsedTime(begin).TotalSeconds:0.0} s");

        begin = Stopwatch.GetTimestamp();
        killed.Start();
        await Task.WhenAll(frozen.ThawAsync(), cut.Host!.RestoreAsync(), Farm.StartGatewayAsync(gateway));
        await Task.WhenAll(all.Select(static builder => builder.ReadyAsync()));
        FireFarm.Say($"started again, thawed, connected: back after {Stopwatch.GetElapsedTime(begin).TotalSeconds:0.0} s");
        await Farm.GoOnAsync(builds);

        // While four builders build.
        begin = Stopwatch.GetTimestamp();
        await Farm.RestartHubAsync();
        await Task.WhenAll(all.Select(static builder => builder.ReadyAsync()));
        FireFarm.Say($"the hub killed and started again: all four back after {Stopwatch.GetElapsedTime(begin).TotalSeconds:0.0} s");
        await Farm.GoOnAsync(builds);

        await HandBackAndFinishAsync((killed, onKilled), (frozen, onFrozen), (cut, onCut));
        var ends = (await Invariants.CheckAsync(Farm, BuildTime, builds)).Select(Invariants.EndsOf).ToList();
        ends[0].ShouldBe(["HandedBack", "Built"]);
        ends.Skip(1).ShouldAllBe(static end => end.SequenceEqual(new[] { "Built" }));
        killed.Said.ShouldContain("was taken over in container");
        await Farm.EndAsync(all);
    }

    /// <summary>The link is TCP, so bytes come in order and once. A message is lost only with the connection that it was on, and comes twice only
    /// because it is sent again over the next one: when it was its answer that was lost.</summary>
    [Fact]
    public async Task Messages_LostRepeatedAndLate_ChangeNothing()
    {
        await using var proxy = new CutProxy(Farm.Setup.Port);
        var far = await Farm.AddBuilderAsync("far", proxy.Url);

        // The order does not arrive, and comes again; nobody hears that it was accepted; and when it has ended, nobody hears that this is known.
        var first = await LoseAnswerAsync(proxy, async () => (await Farm.ScheduleAsync(1))[0], "Assigned", "Running");
        await Farm.SpeaksAsync(first, far);
        var second = (await Farm.ScheduleAsync(1))[0];
        await LoseAnswerAsync(proxy, () => { Farm.LetGo(first); return Task.FromResult(first); }, "Publishing", "Published");
        await LoseAnswerAsync(proxy, () => Task.FromResult(second), "Running");
        await Farm.Hub.SettledAsync(first, BuildTime);

        // And whatever it is.
        var lost = (Requests: 0, Answers: 0);
        using var peace = new CancellationTokenSource();
        var trouble = TroubleAsync(proxy, more => lost = (lost.Requests + more.Requests, lost.Answers + more.Answers), peace.Token);
        try
        {
            await Farm.SpeaksAsync(second, far);
            await Farm.UntilAsync(() => Task.FromResult(lost is { Requests: > 0, Answers: > 0 }), () => $"that requests and answers are lost, not {lost}");
        }
        finally
        {
            await peace.CancelAsync();
            await trouble;
        }

        FireFarm.Say($"connections that were cut with requests on them, and with answers: {lost}");

        // One direction is silent for longer than a link bears.
        foreach (var hold in (Action[])[proxy.HoldAnswers, proxy.HoldRequests])
        {
            hold();
            await far.StateAsync("Lost");
            proxy.Thaw();
            await far.ReadyAsync();
        }

        await Farm.GoOnAsync(second);
        foreach (var end in await Invariants.CheckAsync(Farm, BuildTime, first, second))
        {
            // An order whose acceptance was lost may have been handed back before it began.
            end.GetProperty("view").GetProperty("attempts").EnumerateArray().SkipLast(1).ShouldAllBe(static attempt => attempt.GetProperty("end").GetString() == "HandedBack");
        }

        await Farm.EndAsync(far);
    }

    [Fact]
    public async Task Drain_WhileABuilderBuilds_LetsItFinishAndGivesItNoMoreUntilItIsResumed()
    {
        var builder = await Farm.AddBuilderAsync("drained");
        var first = await Farm.RunOnAsync(builder);
        await Farm.DrainAsync(builder, drain: true);
        await builder.StateAsync("Draining");
        var second = (await Farm.ScheduleAsync(1))[0];
        await Farm.GoOnAsync(first);
        Farm.LetGo(first);
        (await Farm.Hub.SettledAsync(first, BuildTime)).GetProperty("state").GetString().ShouldBe("Published");
        await builder.NothingLeftAsync();
        await builder.StateAsync("Draining");
        (await Farm.ViewAsync(second)).GetProperty("state").GetString().ShouldBe("Waiting");
        await Farm.DrainAsync(builder, drain: false);

        (await Invariants.CheckAsync(Farm, BuildTime, first, second)).ShouldAllBe(static end => Invariants.AttemptsOf(end) == 1);
        await Farm.EndAsync(builder);
    }

    /// <summary>Ends a builder that hands back, as they do unless told otherwise, and one that finishes; a third one is the next that is free.</summary>
    private async Task HandBackAndFinishAsync(
        (FireBuilder Builder, string Build) handsBack, (FireBuilder Builder, string Build) finishes, (FireBuilder Builder, string Build) next)
    {
        var (ending, finishing) = (handsBack.Builder.TerminateAsync(), finishes.Builder.TerminateAsync());
        await Farm.UntilAsync(() => Task.FromResult(finishes.Builder.Said.Contains("mode Finish", StringComparison.Ordinal)), () => $"that it ends; it said:\n{finishes.Builder.Said}");
        await ending;
        (await Farm.ViewAsync(handsBack.Build)).GetProperty("state").GetString().ShouldBe("Waiting");
        await Farm.SaysAsync(handsBack.Build, $"attempt 1 ended: Handed back: the agent of builder {handsBack.Builder.Name} ends");

        // It ends when its build does, and not before.
        await Farm.GoOnAsync(finishes.Build);
        finishing.IsCompleted.ShouldBeFalse(finishes.Builder.Said);
        Farm.LetGo(finishes.Build, next.Build);
        await finishing;
        await Farm.SaysAsync(handsBack.Build, $"on builder {next.Builder.Name}, attempt 2", () => next.Builder.Said);
    }

    /// <summary>Does something, and lets nobody hear the answers behind which the hub shows a build in a state.</summary>
    /// <returns>The build.</returns>
    private async Task<string> LoseAnswerAsync(CutProxy proxy, Func<Task<string>> act, params string[] states)
    {
        proxy.HoldAnswers();
        var build = await act();
        var state = "";
        await Farm.UntilAsync(
            async () =>
            {
                state = (await Farm.ViewAsync(build)).GetProperty("state").GetString()!;
                if (states.Contains(state, StringComparer.Ordinal))
                {
                    return true;
                }

                // What was held until now, and nothing that comes after it.
                proxy.Thaw();
                proxy.HoldAnswers();
                return false;
            },
            () => $"that {build}, which is {state}, is {string.Join(" or ", states)}");
        await Farm.UntilAsync(() => Task.FromResult(proxy.Held.Answers > 0), () => "an answer");
        proxy.CutOpen().Answers.ShouldBePositive();
        proxy.Thaw();
        return build;
    }

    /// <summary>Loses answers, loses requests, is late; again and again, with a moment in between.</summary>
    private static async Task TroubleAsync(CutProxy proxy, Action<(int Requests, int Answers)> lost, CancellationToken peace)
    {
        while (!peace.IsCancellationRequested)
        {
            foreach (var hold in (Action[])[proxy.HoldAnswers, proxy.HoldRequests])
            {
                hold();
                while (proxy.Held is (0, 0) && !peace.IsCancellationRequested)
                {
                    await WaitAsync(0.1);
                }

                lost(proxy.CutOpen());
                proxy.Thaw();
                await WaitAsync(0.8);
            }

            proxy.Late = TimeSpan.FromSeconds(0.7);
            await WaitAsync(1.5);
            proxy.Late = TimeSpan.Zero;
        }

        Task WaitAsync(double seconds) => Task.Delay(TimeSpan.FromSeconds(seconds), TimeProvider.System, peace).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }
}
