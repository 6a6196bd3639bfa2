using System.Diagnostics;
using System.Text.Json;
using Caur.Contracts.Queue;
using Caur.Contracts.Repositories;
using Caur.Tests.Support;

namespace Caur.Tests.Engine.Cluster;

/// <summary>A cluster of real processes, of which each dies while builds run.</summary>
public sealed class ClusterTests
{
    private const int Packages = 48;

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(6);

    [Fact]
    public async Task Farm_WhenEachOfItsProcessesDiesUnderLoad_LosesNoBuildAndPublishesNoneTwice()
    {
        await using var farm = await ClusterFarm.StartAsync(Packages, "for i in $(seq 20); do echo line $i; sleep 0.2; done");
        await using var pauses = new Pauses(farm);
        var ordered = await OrderAsync(farm, 0, Packages / 2);
        await farm.UntilAsync(async () => await PublishedAsync(farm, ordered) > 0, static () => "that something is published", Longest);
        pauses.Told("nothing");

        var owner = await OwnerAsync<IBuildQueueGrain>(farm, "x86_64");
        await farm.KillControlAsync(owner);
        await pauses.GoesOnAsync();
        pauses.Told("the queue's silo killed");
        await farm.StartControlAsync(owner);

        ordered.AddRange(await OrderAsync(farm, Packages / 2, Packages));
        await farm.UntilAsync(
            async () => (await farm.AskAsync(HttpMethod.Get, "/api/v1/queue")).GetProperty("items").EnumerateArray().Any(static item => StateOf(item) is "Uploading" or "Publishing"),
            static () => "that something is being published", Longest);
        owner = await OwnerAsync<ITargetRepositoryGrain>(farm, "farm/x86_64");
        await farm.KillControlAsync(owner);
        await pauses.GoesOnAsync();
        pauses.Told("the publishing silo killed");
        await farm.StartControlAsync(owner);

        await farm.KillGatewayAsync(0);
        await pauses.GoesOnAsync();
        pauses.Told("a gateway killed");
        await farm.StartGatewayAsync(0);

        await farm.Redis.KillAsync();
        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System, TestContext.Current.CancellationToken);
        await farm.Redis.StartAsync();
        await pauses.GoesOnAsync();
        pauses.Told("Redis killed, and back after 2 s");

        await farm.RestartControlAsync(0);
        await farm.RestartControlAsync(1);
        await farm.RestartGatewayAsync(0);
        await farm.RestartGatewayAsync(1);
        await pauses.GoesOnAsync();
        pauses.Told("everything restarted, one after the other");

        await CheckAsync(farm, ordered);
        var said = await farm.Setup.InstallAsync(farm.Control(0), [ClusterFarm.NameOf(0), ClusterFarm.NameOf(Packages - 1)], $"{ClusterFarm.NameOf(0)}; {ClusterFarm.NameOf(Packages - 1)}");
        said.ShouldContain($"{ClusterFarm.NameOf(Packages - 1)} runs");
    }

    /// <summary>Every build that was ordered is published, by one attempt of its own, and the repository has each of them once.</summary>
    private static async Task CheckAsync(ClusterFarm farm, List<string> ordered)
    {
        await farm.UntilAsync(
            async () => (await ViewsAsync(farm, ordered)).TrueForAll(static view => view.GetProperty("final").GetBoolean()), static () => "that all builds end", Longest);
        foreach (var view in await ViewsAsync(farm, ordered))
        {
            StateOf(view).ShouldBe("Published", $"{view}\n{farm.Said}");
            view.GetProperty("view").GetProperty("attempts").EnumerateArray().Count(static attempt => attempt.GetProperty("end").GetString() == "Built").ShouldBe(1, view.ToString());
        }

        var published = (await farm.AskAsync(HttpMethod.Get, "/api/v1/repositories/farm/x86_64/packages?limit=1000")).GetProperty("packages").EnumerateArray()
            .Select(static package => package.GetProperty("pkgname").GetString()!).Order(StringComparer.Ordinal).ToList();
        published.ShouldBe([.. Enumerable.Range(0, Packages).Select(ClusterFarm.NameOf)]);
        (await Processes.RunAsync("bash", ["-c", "for x in *.pkg.tar.zst; do gpg --homedir \"$1\" --batch --verify $x.sig $x || exit 1; done", "verify", Path.Combine(farm.Setup.Data, "keys")],
            folder: Path.Combine(farm.Setup.Data, "repos", "farm", "x86_64"))).ExitCode.ShouldBe(0);
    }

    private static async Task<List<string>> OrderAsync(ClusterFarm farm, int from, int to)
    {
        var reply = await farm.ScheduleAsync([.. Enumerable.Range(from, to - from).Select(ClusterFarm.NameOf)]);
        return [.. reply.GetProperty("builds").EnumerateArray().Select(static build => build.GetProperty("build").GetString()!)];
    }

    private static async Task<List<JsonElement>> ViewsAsync(ClusterFarm farm, List<string> builds)
    {
        List<JsonElement> views = [];
        foreach (var build in builds)
        {
            views.Add(await farm.AskAsync(HttpMethod.Get, $"/api/v1/builds/{build}"));
        }

        return views;
    }

    private static async Task<int> PublishedAsync(ClusterFarm farm, List<string> builds) => (await ViewsAsync(farm, builds)).Count(static view => StateOf(view) == "Published");

    private static string? StateOf(JsonElement view) => view.GetProperty("state").GetString();

    private static async Task<int> OwnerAsync<TGrain>(ClusterFarm farm, string key)
        where TGrain : Orleans.IGrainWithStringKey
    {
        int? owner = null;
        await farm.UntilAsync(async () => (owner = await farm.OwnerAsync<TGrain>(key)) is not null, static () => "that somebody owns it");
        return owner!.Value;
    }

    /// <summary>Reads and writes all the time, and knows for how long nobody answered.</summary>
    private sealed class Pauses : IAsyncDisposable
    {
        private readonly CancellationTokenSource _end = new();
        private readonly ClusterFarm _farm;
        private readonly Probe _reads = new();
        private readonly Probe _writes = new();
        private readonly Task _asking;

        public Pauses(ClusterFarm farm)
        {
            _farm = farm;
            _asking = Task.WhenAll(
                _reads.RunAsync(() => farm.AskAsync(HttpMethod.Get, "/api/v1/queue?limit=1"), _end.Token),
                _writes.RunAsync(() => farm.ScheduleAsync("waits"), _end.Token));
        }

        /// <summary>Waits until a read and a write that begin now are answered.</summary>
        public async Task GoesOnAsync()
        {
            var (reads, writes) = (_reads.Answers, _writes.Answers);
            await _farm.UntilAsync(() => Task.FromResult(_reads.Answers > reads + 1 && _writes.Answers > writes + 1), static () => "that the farm answers again", TimeSpan.FromMinutes(2));
        }

        public void Told(string what) => TestContext.Current.TestOutputHelper?.WriteLine(
            FormattableString.Invariant($"{what}: nobody answered a read for {_reads.Take().TotalSeconds:0.0} s, a write for {_writes.Take().TotalSeconds:0.0} s at the longest"));

        public async ValueTask DisposeAsync()
        {
            await _end.CancelAsync();
            await _asking;
            _end.Dispose();
        }
    }

    private sealed class Probe
    {
        private long _last = Stopwatch.GetTimestamp();
        private long _longest;
        private int _answers;

        public int Answers => Volatile.Read(ref _answers);

        public async Task RunAsync(Func<Task> ask, CancellationToken cancellationToken)
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                try
                {
                    await ask();
                    var now = Stopwatch.GetTimestamp();
                    Volatile.Write(ref _longest, Math.Max(Volatile.Read(ref _longest), now - _last));
                    _last = now;
                    Interlocked.Increment(ref _answers);
                }
                catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
                {
                    // The pause goes on.
                }

                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, CancellationToken.None);
            }
        }

        /// <summary>The longest pause since this was asked before.</summary>
        public TimeSpan Take() => Stopwatch.GetElapsedTime(0, Interlocked.Exchange(ref _longest, 0));
    }
}
