using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Caur.Api.Auth;
using Caur.Tests.Farm;
using Caur.Tests.Link;
using Caur.Tests.Support;

namespace Caur.Tests.Fire;

/// <summary>A farm as several processes: a hub, gateways in front of it, builders on hosts of their own; and packages whose builds run until
/// they are let go, saying numbers meanwhile.</summary>
internal sealed partial class FireFarm : IAsyncDisposable
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(300);

    /// <summary>These processes live for seconds: what they run is not worth being compiled a second time for the way they run it.</summary>
    private static readonly IReadOnlyDictionary<string, string> Thrift = new Dictionary<string, string>
    {
        ["DOTNET_TieredPGO"] = "0",

        // In hexadecimal: what is called less than a thousand times stays as it is.
        ["DOTNET_TC_CallCountThreshold"] = "3E8",
    };

    private readonly FarmSetup _setup;
    private readonly Dictionary<string, string> _variables;
    private readonly List<BuilderProcess> _gateways = [];
    private readonly List<string> _scheduled = [];
    private readonly List<string> _abandoned = [];
    private readonly HashSet<(string Build, int Attempt)> _heard = [];
    private readonly ConcurrentDictionary<string, bool> _letGo = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _end = new();
    private readonly string _suffix = Guid.NewGuid().ToString("N")[..6];
    private readonly Task _lettingGo;
    private volatile FireBuilder[] _builders = [];
    private HubProcess? _hub;
    private int _named;
    private int _passed;

    private FireFarm(FarmSetup setup, TimeSpan lease)
    {
        _setup = setup;
        _variables = new(Thrift)
        {
            ["CAUR_SLOTS"] = "0",
            ["CAUR_LEASE"] = lease.TotalSeconds.ToString(CultureInfo.InvariantCulture),

            // Build containers share this machine's network: quick to start, and the hub is near.
            ["CAUR_REPOSITORY_URL"] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{setup.Port}"),
        };
        _lettingGo = LetGoAsync();
    }

    public FarmSetup Setup => _setup;

    public HubProcess Hub => _hub!;

    public Uri Url => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_setup.Port}/"));

    /// <summary>Every build that was ordered, in that order.</summary>
    public IReadOnlyList<string> Builds => _scheduled;

    public IReadOnlyList<FireBuilder> Builders => _builders;

    /// <summary>Builds of tests that failed, which nobody looks at any more.</summary>
    public IReadOnlyList<string> Abandoned => _abandoned;

    /// <summary>How many hubs were killed.</summary>
    public int HubKills { get; private set; }

    /// <summary>Begins a farm without builders.</summary>
    /// <param name="lease">How long a lease lasts.</param>
    /// <param name="packages">How many packages there are, p00 and on.</param>
    /// <param name="variables">More for the hub's environment.</param>
    public static async Task<FireFarm> StartAsync(TimeSpan lease, int packages, IReadOnlyDictionary<string, string>? variables = null)
    {
        var farm = new FireFarm(await FarmSetup.CreateAsync(), lease);
        try
        {
            for (var i = 0; i < packages; i++)
            {
                await farm.AddPackageAsync(NameOf(i));
            }

            await farm._setup.Sources.CommitAsync();
            foreach (var (name, value) in variables ?? new Dictionary<string, string>())
            {
                farm._variables[name] = value;
            }

            await farm.StartHubAsync();
            return farm;
        }
        catch
        {
            await farm.DisposeAsync();
            throw;
        }
    }

    public static string NameOf(int package) => string.Create(CultureInfo.InvariantCulture, $"p{package:00}");

    /// <summary>The engine that a builder was told.</summary>
    public ContainerEngine Engine(IReadOnlyDictionary<string, string> variables) => _setup.Engine with { SocketPath = variables["DOCKER_HOST"]["unix://".Length..] };

    /// <summary>Starts a hub over the farm's folder, after the one before has ended.</summary>
    public async Task StartHubAsync()
    {
        await EndHubAsync();
        _hub = await _setup.StartHubAsync([.. _variables.Select(variable => (variable.Key, variable.Value))]);
    }

    /// <summary>kill -9, and another.</summary>
    public async Task RestartHubAsync()
    {
        HubKills++;
        await Hub.KillAsync();
        await StartHubAsync();
    }

    /// <summary>The port of a gateway that serves.</summary>
    public static int PortOf(BuilderProcess gateway) => int.Parse(Port().Match(gateway.Output).Groups[1].Value, CultureInfo.InvariantCulture);

    /// <summary>Starts <c>caur web</c> in front of the hub.</summary>
    /// <param name="before">The one that was there before, whose port it has; null for another port.</param>
    public async Task<BuilderProcess> StartGatewayAsync(BuilderProcess? before = null)
    {
        var port = before is null ? FarmSetup.FindPort() : PortOf(before);
        var gateway = BuilderProcess.Start(
            ["--web-port", port.ToString(CultureInfo.InvariantCulture), "--data", _setup["web"]], new Dictionary<string, string>(Thrift) { ["CAUR_URL"] = Url.ToString() }, verb: "web");
        _gateways.Add(gateway);
        await UntilAsync(() => Task.FromResult(gateway.Output.Contains("caur web: serves", StringComparison.Ordinal)), () => $"that a gateway serves; it said:\n{gateway.Output}");
        return gateway;
    }

    /// <summary>Adds a builder with one slot, and starts it.</summary>
    /// <param name="role">What its name begins with.</param>
    /// <param name="url">The gateway it joins; null for the hub itself.</param>
    /// <param name="host">The host it runs on, which is its own from now on; null for this machine.</param>
    /// <param name="more">More for its environment, or other than usual.</param>
    public async Task<FireBuilder> AddBuilderAsync(string role, Uri? url = null, NetworkHost? host = null, params (string Name, string Value)[] more)
    {
        var name = $"{role}-{_suffix}";
        var tokens = new TokenStore(Path.Combine(_setup.Data, "tokens.json"), TimeProvider.System);
        var address = host is null ? url ?? Url : new UriBuilder(url ?? Url) { Host = host.Gateway }.Uri;
        Dictionary<string, string> variables = new(Thrift)
        {
            ["CAUR_URL"] = address.ToString(),
            ["CAUR_TOKEN"] = (await tokens.CreateAsync(TokenRole.Builder, name, null, CancellationToken.None)).Token,
            ["CAUR_DATA"] = _setup[name],
            ["CAUR_SLOTS"] = "1",
            ["CAUR_BUILDER_NETWORK"] = "host",
            ["BUILDER_HOSTNAME"] = name,
            ["DOCKER_HOST"] = $"unix://{_setup.Engine.SocketPath}",
        };
        foreach (var (variable, value) in more)
        {
            variables[variable] = value;
        }

        var builder = new FireBuilder(this, name, variables, host);
        _builders = [.. _builders, builder];
        builder.Start();
        await builder.ReadyAsync();
        return builder;
    }

    /// <summary>Ends builders that have nothing to do any more.</summary>
    public async Task EndAsync(params FireBuilder[] builders)
    {
        await Task.WhenAll(builders.Select(static builder => builder.TerminateAsync()));
        _builders = [.. _builders.Except(builders)];
        foreach (var builder in builders)
        {
            await builder.DisposeAsync();
        }
    }

    /// <summary>Sees to it that builds run, and that what they say now is heard.</summary>
    public async Task GoOnAsync(params IEnumerable<string> builds)
    {
        foreach (var build in builds)
        {
            (await ViewAsync(build)).GetProperty("state").GetString().ShouldBe("Running");
            var before = await SaidAsync();

            // An attempt that had not spoken yet when this began counts from the start.
            await UntilAsync(
                async () => await SaidAsync() is var now && now.Last > 3 + (now.Attempts == before.Attempts ? before.Last : 0), () => $"that more is heard of {build} than {before}");

            async Task<(int Attempts, int Last)> SaidAsync()
            {
                var parts = LogPart.Of(await LogAsync(build));
                return (parts.Count, parts.LastOrDefault()?.Numbers.LastOrDefault() ?? 0);
            }

            await HeardAsync(build);
        }
    }

    /// <summary>Orders packages that were not ordered before.</summary>
    public async Task<IReadOnlyList<string>> ScheduleAsync(int count)
    {
        var names = Enumerable.Range(_named, count).Select(NameOf).ToArray();
        _named += count;
        var reply = await Hub.ScheduleAsync("sources", "farm", names);
        var builds = reply.GetProperty("builds").EnumerateArray().Select(static build => build.GetProperty("build").GetString()!).Order(StringComparer.Ordinal).ToList();
        _scheduled.AddRange(builds);
        return builds;
    }

    /// <summary>Orders a package, and waits until it says something on that builder: the one that has a slot free.</summary>
    public async Task<string> RunOnAsync(FireBuilder builder)
    {
        var build = (await ScheduleAsync(1))[0];
        await SpeaksAsync(build, builder);
        (await LogAsync(build)).ShouldContain($"on builder {builder.Name}, attempt 1");
        return build;
    }

    /// <summary>Lets builds come to their end, on whichever builder they are, and all their later attempts too.</summary>
    public void LetGo(params IEnumerable<string> builds)
    {
        foreach (var build in builds)
        {
            _letGo[NameIn(build)] = true;
        }
    }

    /// <summary>Lets only the attempt of a build end that this builder has.</summary>
    public static Task LetGoAsync(FireBuilder builder, string build) =>
        File.WriteAllTextAsync(Path.Combine(builder.Attempts.Single(folder => folder.EndsWith($"-{NameIn(build)}", StringComparison.Ordinal)), "out", ".go"), "");

    /// <summary>Tells a figure with the test.</summary>
    public static void Say(FormattableString line) => TestContext.Current.TestOutputHelper?.WriteLine(FormattableString.Invariant(line));

    public static string NameIn(string build) => build.Split('/')[2];

    public Task<JsonElement> ViewAsync(string build) => Hub.GetAsync($"/api/v1/builds/{build}");

    public Task<string> LogAsync(string build) => Hub.Http.GetStringAsync($"/api/logs/{NameIn(build)}/{build.Split('/')[3]}?follow=false");

    /// <summary>All that was ordered until now is as it has to be.</summary>
    public void Passed() => _passed = _scheduled.Count;

    /// <summary>Behind each test: what one left that failed is ended, so that the next one finds a farm without builders, gateways and builds.</summary>
    public async Task AbandonAsync()
    {
        var builds = _scheduled[_passed..];
        _scheduled.RemoveRange(_passed, builds.Count);
        _abandoned.AddRange(builds);
        await CleanUp.AllAsync([.. _builders.Select(static builder => AsStep(builder)), .. _gateways.Select(static gateway => AsStep(gateway))]);
        _builders = [];
        _gateways.Clear();
        if (_hub is not { HasEnded: false })
        {
            await StartHubAsync();
        }

        foreach (var build in builds)
        {
            using var answer = await Hub.Http.PostAsync(new Uri($"/api/v1/builds/{build}/cancel", UriKind.Relative), null);
            var state = "";

            // What a builder had, which is gone, is the hub's until the lease ends; what is to be published is so in a moment.
            await UntilAsync(
                async () =>
                {
                    var view = await ViewAsync(build);
                    state = view.GetProperty("state").GetString()!;
                    return view.GetProperty("final").GetBoolean() || state is "Assigned" or "Running" or "Uploading";
                },
                () => $"that {build}, which is {state}, is over");
        }
    }

    /// <summary>Has a builder take no more builds, or take some again.</summary>
    public async Task DrainAsync(FireBuilder builder, bool drain)
    {
        var id = (await BuilderAsync(builder.Name)).ShouldNotBeNull().GetProperty("builder").GetString();
        await Hub.PostAsync($"/api/v1/builders/{id}/{(drain ? "drain" : "resume")}", new { });
    }

    /// <summary>Sees to it that the hub believes a clock: its answers bear the time.</summary>
    public async Task BelievesAsync(SteppedClock clock)
    {
        DateTimeOffset? said = null;
        await UntilAsync(
            async () =>
            {
                using var answer = await Hub.Http.GetAsync(new Uri("/api/v1/builders", UriKind.Relative));
                return (said = answer.Headers.Date) is { } date && clock.Shows(date);
            },
            () => $"that the hub, at whose clock it is {said}, believes that it is {clock.Now}");
    }

    /// <summary>Waits for a text in a build's log.</summary>
    public Task SaysAsync(string build, string text, Func<string>? explanation = null) => UntilAsync(
        async () =>
        {
            using var answer = await Hub.Http.GetAsync(new Uri($"/api/logs/{NameIn(build)}/{build.Split('/')[3]}?follow=false", UriKind.Relative));
            return answer.IsSuccessStatusCode && (await answer.Content.ReadAsStringAsync()).Contains(text, StringComparison.Ordinal);
        },
        () => $"'{text}' in the log of {build}; {explanation?.Invoke()}");

    /// <summary>Waits until a build's container is heard, which no log may forget any more.</summary>
    public async Task SpeaksAsync(string build, FireBuilder builder)
    {
        await SaysAsync(build, $"{NameIn(build)} says 2.", () => builder.Said);
        await HeardAsync(build);
    }

    /// <summary>Whether that attempt was heard while it ran.</summary>
    public bool Heard(string build, int attempt) => _heard.Contains((build, attempt));

    /// <summary>How the hub sees a builder; null when it does not know it.</summary>
    public async Task<string?> PresenceAsync(string builder) => (await BuilderAsync(builder))?.GetProperty("state").GetString();

    /// <summary>Looks now and then until it is so.</summary>
    public async Task UntilAsync(Func<Task<bool>> condition, Func<string> what)
    {
        using var limit = new CancellationTokenSource(TestTimeouts.Longest, TimeProvider.System);
        while (true)
        {
            try
            {
                if (await condition())
                {
                    return;
                }
            }
            catch (HttpRequestException) when (!limit.IsCancellationRequested)
            {
                // No hub just now.
            }

            limit.IsCancellationRequested.ShouldBeFalse($"{what()} did not happen; the hub said:\n{_hub?.Output}");
            await Task.Delay(LookEvery, TimeProvider.System, CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _lettingGo.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await CleanUp.AllAsync([.. _builders.Select(static builder => AsStep(builder)), .. _gateways.Select(static gateway => AsStep(gateway)), EndHubAsync]);
        try
        {
            _setup.Dispose();
        }
        finally
        {
            _end.Dispose();
        }
    }

    private static Func<Task> AsStep(IAsyncDisposable resource) => async () => await resource.DisposeAsync();

    private async Task<JsonElement?> BuilderAsync(string builder)
    {
        var listed = (await Hub.GetAsync("/api/v1/builders")).GetProperty("items").EnumerateArray()
            .Where(one => one.GetProperty("builder").GetString()!.StartsWith($"{builder}/", StringComparison.Ordinal)).ToList();
        return listed.Count == 0 ? null : listed[0];
    }

    private async Task EndHubAsync()
    {
        if (_hub is { } hub)
        {
            _hub = null;
            await hub.DisposeAsync();
        }
    }

    private async Task HeardAsync(string build) =>
        _heard.UnionWith(LogPart.Of(await LogAsync(build)).Where(static part => part.Numbers.Count > 0).Select(part => (build, part.Attempt)));

    private async Task AddPackageAsync(string name)
    {
        var folder = Directory.CreateDirectory(Path.Combine(_setup.Sources.Path, name)).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "PKGBUILD"), $$"""
            pkgname={{name}}
            pkgver=1
            pkgrel=1
            arch=(any)
            build() {
              local n=0 nap
              # Nothing comes from there: to wait for it costs no process.
              exec {nap}<> <(:)
              until [[ -e /caur/out/.go ]]; do echo "{{name}} says $((++n))."; read -rt 0.25 -u "$nap" || true; done
              echo "{{name}} said $n."
            }
            {{SourceFolder.Program(name)}}

            """);
        await File.WriteAllTextAsync(
            Path.Combine(folder, ".SRCINFO"), $"pkgbase = {name}\n\tpkgver = 1\n\tpkgrel = 1\n\tarch = any\n\npkgname = {name}\n");
    }

    [GeneratedRegex(@"serves .* at http://[^ ]*:(\d+)")]
    private static partial Regex Port();

    private async Task LetGoAsync()
    {
        while (true)
        {
            await Task.Delay(LookEvery, TimeProvider.System, _end.Token);
            foreach (var folder in _builders.SelectMany(static builder => builder.Attempts))
            {
                var (go, out_) = (Path.Combine(folder, "out", ".go"), Path.Combine(folder, "out"));
                if (_letGo.ContainsKey(folder[(folder.LastIndexOf('-') + 1)..]) && Directory.Exists(out_) && !File.Exists(go))
                {
                    try
                    {
                        await File.WriteAllTextAsync(go, "", _end.Token);
                    }
                    catch (IOException)
                    {
                        // The folder went meanwhile, or its disk is full.
                    }
                }
            }
        }
    }
}
