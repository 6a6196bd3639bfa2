using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Caur.Tests.Link;
using Caur.Tests.Soak;
using Caur.Tests.Support;

namespace Caur.Tests.Fire;

/// <summary>A farm of several processes whose builders, cables, gateways, clocks, engines and hub fail in any order, for any time, shorter than a lease
/// or longer.</summary>
[SuppressMessage("Security", "CA5394", Justification = "Repeatable on purpose.")]
internal sealed class FireScenario : ISoakScenario
{
    /// <summary>Some faults outlast it, but in a short round, whose one build has to come to a good end on a busy machine.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(6);

    private static readonly TimeSpan LongLease = TimeSpan.FromSeconds(20);

    /// <summary>For how long something burns at most: a round on a slow machine has fewer faults, not a later end.</summary>
    private static readonly TimeSpan BurningTime = TimeSpan.FromSeconds(45);

    public string Name => "leases-under-fire";

    public async Task RunAsync(SoakRound round)
    {
        using var clock = await SteppedClock.CreateAsync(round.Folder, "hub");
        var builds = round.IsShort ? 1 : round.Random.Next(6, 13);
        await using var farm = await FireFarm.StartAsync(round.IsShort ? LongLease : Lease, builds, clock.Variables);
        await using var fire = new Fire(farm, clock, round);
        for (var i = round.IsShort ? 1 : round.Random.Next(2, 5); i > 0; i--)
        {
            await fire.AddBuilderAsync();
        }

        // What runs comes to its end one after the other, whatever burns meanwhile.
        var ordered = await farm.ScheduleAsync(builds);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(round.Cancelled);
        var ending = LetGoAsync();
        var begin = Stopwatch.GetTimestamp();
        for (var faults = round.IsShort ? 1 : round.Random.Next(4, 9); faults > 0 && Stopwatch.GetElapsedTime(begin) < BurningTime; faults--)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(round.Random.Next(200, 2500)), TimeProvider.System, round.Cancelled);
            round.Count(await fire.BurnAsync());
        }

        await ended.CancelAsync();
        await ending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await fire.PutOutAsync();
        var ends = await Invariants.CheckAsync(farm, TimeSpan.FromMinutes(3), fire.Explains, mayGiveUp: true);
        round.Count("builds", ends.Count);
        round.Count("attempts", ends.Sum(Invariants.AttemptsOf));
        foreach (var end in ends.SelectMany(Invariants.EndsOf).GroupBy(static end => end))
        {
            round.Count($"attempts {end.Key}", end.Count());
        }

        await farm.EndAsync([.. farm.Builders]);

        async Task LetGoAsync()
        {
            var random = round.Fork();
            foreach (var build in ordered)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(300, 2000)), TimeProvider.System, ended.Token);
                farm.LetGo(build);
            }
        }
    }

    /// <summary>What burns on one farm: one thing at a time, and now and then the hub beside it.</summary>
    private sealed class Fire(FireFarm farm, SteppedClock clock, SoakRound round) : IAsyncDisposable
    {
        private const string NotPrepared = "The build environment could not be prepared";

        /// <summary>What an attempt may say that was a system's error, by what happened. Whatever else happens loses none in this way.</summary>
        private static readonly Dictionary<string, string[]> Explanations = new()
        {
            ["disks filled"] = ["has no room", "No space left on device", NotPrepared],
            ["engines stopped"] = ["The container engine ", "No container engine answers", "was ended from outside", "could not be learnt", NotPrepared],

            // A build asks the hub for what is in the repository.
            ["hubs killed"] = [NotPrepared],
        };

        private readonly Dictionary<FireBuilder, CutProxy> _proxies = [];
        private readonly Dictionary<FireBuilder, SteppedClock> _clocks = [];
        private readonly Dictionary<FireBuilder, OwnEngine> _engines = [];
        private readonly HashSet<string> _burnt = [];
        private readonly Dictionary<FireBuilder, SmallDisk> _disks = [];
        private readonly List<IAsyncDisposable> _mounted = [];
        private BuilderProcess? _gateway;

        private Random Random => round.Random;

        /// <summary>Adds a builder: on a host of its own, or behind a proxy.</summary>
        public async Task AddBuilderAsync()
        {
            var role = string.Create(CultureInfo.InvariantCulture, $"fire{farm.Builders.Count}");
            var slots = ("CAUR_SLOTS", string.Create(CultureInfo.InvariantCulture, $"{Random.Next(1, 4)}"));
            var disk = Environment.IsPrivilegedProcess && !round.IsShort && Random.Next(3) == 0 ? await SmallDisk.CreateAsync(farm.Setup[$"disk-{role}"], mebibytes: 16) : null;
            _mounted.AddRange(disk is null ? [] : [disk]);
            var engine = OwnEngine.IsPossible && !round.IsShort && _engines.Count == 0 && Random.Next(3) == 0 ? await OwnEngine.StartAsync(farm.Setup[$"engine-{role}"], farm.Setup.Engine) : null;
            _mounted.AddRange(engine is null ? [] : [engine]);
            var own = await SteppedClock.CreateAsync(round.Folder, role);
            var shutdown = new[] { "hand-back", "finish", "leave" }[Random.Next(3)];
            (string, string)[] more =
            [
                slots,
                ("CAUR_BUILDER_SHUTDOWN", shutdown),
                ("CAUR_BUILDER_SHUTDOWN_TIME", "10"),
                .. own.Variables.Select(static variable => (variable.Key, variable.Value)),
                .. disk is null ? Array.Empty<(string, string)>() : [("SHARED_PATH", disk.Folder)],
                .. engine is null ? Array.Empty<(string, string)>() : [("DOCKER_HOST", $"unix://{engine.Socket}")],
            ];
            var proxy = Random.Next(2) == 0 ? new CutProxy(farm.Setup.Port) : null;
            var builder = proxy is not null ? await farm.AddBuilderAsync(role, proxy.Url, null, more)
                : Environment.IsPrivilegedProcess ? await farm.AddBuilderAsync(role, await BehindAsync(), await NetworkHost.CreateAsync(), more)
                : await farm.AddBuilderAsync(role, null, null, more);
            _clocks[builder] = own;
            if (engine is not null)
            {
                _engines[builder] = engine;
            }

            if (proxy is not null)
            {
                _proxies[builder] = proxy;
            }

            if (disk is not null)
            {
                _disks[builder] = disk;
            }
        }

        /// <summary>Some come through a gateway.</summary>
        private async Task<Uri?> BehindAsync()
        {
            if (round.IsShort || Random.Next(2) == 0)
            {
                return null;
            }

            _gateway ??= await farm.StartGatewayAsync();
            return new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{FireFarm.PortOf(_gateway)}/"));
        }

        /// <summary>Lets one thing fail, for less than a lease or for more.</summary>
        /// <returns>What it was.</returns>
        public async Task<string> BurnAsync()
        {
            string? what;
            while ((what = await FailAsync()) is null)
            {
                // It cannot fail on this farm: another thing does.
            }

            _burnt.Add(what);
            return what;
        }

        /// <summary>Whether something that has failed explains what a system's error says.</summary>
        public bool Explains(string message) => _burnt.Any(what => Explanations.GetValueOrDefault(what, []).Any(said => message.Contains(said, StringComparison.Ordinal)));

        private async Task<string?> FailAsync()
        {
            var builder = farm.Builders[Random.Next(farm.Builders.Count)];
            var proxy = _proxies.GetValueOrDefault(builder);
            var pause = TimeSpan.FromSeconds(Random.NextDouble() * (round.IsShort ? 2 : Random.Next(2) == 0 ? 3 : 10));
            switch (Random.Next(12))
            {
                case 0:
                    await builder.KillAsync();
                    await PauseAsync();
                    builder.Start();
                    return "builders killed";
                case 1:
                    await builder.FreezeAsync();
                    await PauseAsync();
                    await builder.ThawAsync();
                    return "builders frozen";
                case 2 when proxy is not null:
                    proxy.Cut();
                    await PauseAsync();
                    proxy.Restore();
                    return "links cut";
                case 2 when builder.Host is not null:
                    await builder.Host.CutAsync();
                    await PauseAsync();
                    await builder.Host.RestoreAsync();
                    return "cables pulled";
                case 3 when proxy is not null:
                    (Random.Next(2) == 0 ? proxy.HoldAnswers : (Action)proxy.HoldRequests)();
                    await Task.Delay(TimeSpan.FromMilliseconds(Random.Next(1500)), TimeProvider.System, round.Cancelled);
                    proxy.CutOpen();
                    proxy.Thaw();
                    return "messages lost";
                case 4 when proxy is not null:
                    proxy.Late = TimeSpan.FromMilliseconds(Random.Next(100, 1500));
                    await PauseAsync();
                    proxy.Late = TimeSpan.Zero;
                    return "messages late";
                case 5:
                    // Forward and back, but not to before the farm's key was made: gpg does not sign then, and a hub that is started then has no
                    // key to show to builds.
                    clock.Set(TimeSpan.FromMinutes(Random.Next(3000)));
                    await farm.BelievesAsync(clock);

                    // A builder's goes back in the end: a process that takes over what another one began knows by the clock alone how long that was.
                    await builder.ReadyAsync();
                    _clocks[builder].Set(TimeSpan.FromMinutes(Random.Next(3000)));
                    await builder.BelievesAsync(_clocks[builder]);
                    _clocks[builder].Set(-TimeSpan.FromMinutes(Random.Next(3000)));
                    return "clocks set";
                case 6:
                    await builder.TerminateAsync();
                    await PauseAsync();
                    builder.Start();
                    return "builders terminated";
                case 7:
                    await builder.ReadyAsync();
                    await farm.DrainAsync(builder, drain: true);
                    await PauseAsync();
                    await farm.DrainAsync(builder, drain: false);
                    return "builders drained";
                case 8 when _disks.Count > 0:
                    var disk = _disks.Values.ElementAt(Random.Next(_disks.Count));
                    await disk.FillAsync();
                    await PauseAsync();
                    disk.Free();
                    return "disks filled";
                case 9 when _gateway is not null:
                    await _gateway.KillAsync();
                    await PauseAsync();
                    _gateway = await farm.StartGatewayAsync(_gateway);
                    return "gateways killed";
                case 10:
                    await farm.RestartHubAsync();
                    return "hubs killed";
                case 11 when _engines.Count > 0:
                    var engine = _engines.Values.ElementAt(Random.Next(_engines.Count));
                    await engine.StopAsync();
                    await PauseAsync();
                    await engine.StartAsync(keepsContainers: Random.Next(2) == 0);
                    return "engines stopped";
                default:
                    return null;
            }

            Task PauseAsync() => Task.Delay(pause, TimeProvider.System, round.Cancelled);
        }

        /// <summary>All is well again.</summary>
        public Task PutOutAsync() => Task.WhenAll(farm.Builders.Select(static builder => builder.ReadyAsync()));

        public async ValueTask DisposeAsync()
        {
            await CleanUp.AllAsync([.. _proxies.Values.Concat(_mounted).Select(static (IAsyncDisposable one) => (Func<Task>)(async () => await one.DisposeAsync()))]);
            foreach (var one in _clocks.Values)
            {
                one.Dispose();
            }
        }
    }
}
