using System.Diagnostics;

namespace Caur.Tests.Fire;

/// <summary>Faults that outlast the leases of what runs.</summary>
public sealed class BeyondLeaseTests
{
    private static readonly TimeSpan BuildTime = TimeSpan.FromMinutes(2);

    /// <summary>Longer than a busy machine lets a builder wait for its turn: whoever is alive keeps what it has.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task Faults_ThatOutlastTheLease_GiveEachBuildToAnotherBuilderOnce()
    {
        NetworkHost.Require();
        await using var farm = await FireFarm.StartAsync(Lease, packages: 3);
        var killed = await farm.AddBuilderAsync("killed");
        var onKilled = await farm.RunOnAsync(killed);
        var frozen = await farm.AddBuilderAsync("frozen");
        var onFrozen = await farm.RunOnAsync(frozen);
        var cut = await farm.AddBuilderAsync("cut", host: await NetworkHost.CreateAsync());
        var onCut = await farm.RunOnAsync(cut);
        string[] builds = [onKilled, onFrozen, onCut];

        var begin = Stopwatch.GetTimestamp();
        await Task.WhenAll(killed.KillAsync(), frozen.FreezeAsync(), cut.Host!.CutAsync());

        // Two of them come to an end that nobody can be told of.
        await FireFarm.LetGoAsync(frozen, onFrozen);
        await FireFarm.LetGoAsync(cut, onCut);
        foreach (var build in builds)
        {
            await farm.SaysAsync(build, $"did not renew its lease for {Lease.TotalSeconds:0} s. The build is tried again.");
        }

        FireFarm.Say($"killed, frozen, cut off: given back within {Stopwatch.GetElapsedTime(begin).TotalSeconds:0.0} s");
        var spare = await farm.AddBuilderAsync("spare", null, null, ("CAUR_SLOTS", "3"));
        foreach (var build in builds)
        {
            await farm.SaysAsync(build, $"on builder {spare.Name}, attempt 2");
        }

        killed.Start();
        await Task.WhenAll(frozen.ThawAsync(), cut.Host!.RestoreAsync());
        FireBuilder[] late = [killed, frozen, cut];
        await Task.WhenAll(late.Select(static builder => Task.WhenAll(builder.ReadyAsync(), builder.NothingLeftAsync())));
        await farm.GoOnAsync(builds);

        (await Invariants.CheckAsync(farm, BuildTime, builds)).ShouldAllBe(static end => Invariants.AttemptsOf(end) == 2);
        killed.Said.ShouldContain("belongs to no current attempt and is removed");
        await farm.EndAsync([spare, .. late]);
    }
}
