using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Caur.Api.Auth;
using Caur.Silo.Configuration;
using Caur.Silo.Engines;
using Caur.Tests.Farm;
using Caur.Tests.Link;
using Caur.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Runtime;

namespace Caur.Tests.Engine.Cluster;

/// <summary>A farm as a cluster of processes: two control silos, two gateways, linked builders and one that is a silo, and a Redis.</summary>
internal sealed class ClusterFarm : IAsyncDisposable
{
    private readonly HubProcess?[] _controls = new HubProcess?[2];
    private readonly BuilderProcess?[] _gateways = new BuilderProcess?[2];
    private readonly List<BuilderProcess> _builders = [];
    private readonly int[] _gatewayPorts = [FarmSetup.FindPort(), FarmSetup.FindPort()];
    private readonly int[] _controlPorts = [FarmSetup.FindPort(), FarmSetup.FindPort()];
    private readonly (int Silo, int Gateway)[] _siloPorts = [.. Enumerable.Range(0, 3).Select(static _ => (FarmSetup.FindPort(), FarmSetup.FindPort()))];
    private readonly string _cluster = $"t{Guid.NewGuid():N}"[..9];
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(60) };
    private IHost? _client;

    private ClusterFarm(FarmSetup setup)
    {
        Setup = setup;
        Redis = new RedisProcess(setup["redis"]);
    }

    public FarmSetup Setup { get; }

    public RedisProcess Redis { get; }

    /// <summary>What the processes said, for a test that failed.</summary>
    public string Said => string.Join(
        "\n\n",
        [
            .. _controls.Select(static (control, i) => $"control {i}:\n{control?.Output}"), .. _gateways.Select(static (gateway, i) => $"gateway {i}:\n{gateway?.Output}"),
            .. _builders.Select(static builder => $"builder:\n{builder.Output}"),
        ]);

    public HubProcess Control(int i) => _controls[i]!;

    /// <summary>Begins a farm with all of its processes and the packages p00 and on.</summary>
    public static async Task<ClusterFarm> StartAsync(int packages, string body)
    {
        var farm = new ClusterFarm(await FarmSetup.CreateAsync());
        try
        {
            for (var i = 0; i < packages; i++)
            {
                await farm.Setup.Sources.AddAsync(NameOf(i), "pkgver=1", $$"""
                    package() {
                      {{body}}
                      install -d "$pkgdir/usr/bin"
                      printf '#!/bin/sh\necho {{NameOf(i)}} runs\n' >"$pkgdir/usr/bin/{{NameOf(i)}}"
                      chmod 755 "$pkgdir/usr/bin/{{NameOf(i)}}"
                    }
                    """);
            }

            // One that no builder fits: ordered again and again it is a durable write that costs no build.
            await farm.Setup.Sources.AddAsync("waits", "pkgver=1");
            Directory.CreateDirectory(Path.Combine(farm.Setup.Sources.Path, "waits", ".CI"));
            await File.WriteAllTextAsync(Path.Combine(farm.Setup.Sources.Path, "waits", ".CI", "config"), "BUILDER_CLASS=99\n");
            await farm.Setup.Sources.CommitAsync();
            await farm.Redis.StartAsync();

            // The first makes key and token.
            await farm.StartControlAsync(0);
            await Task.WhenAll(farm.StartControlAsync(1), farm.StartGatewayAsync(0), farm.StartGatewayAsync(1));
            await farm.AddBuilderAsync("linked-0", 0, isSilo: false);
            await farm.AddBuilderAsync("linked-1", 1, isSilo: false);
            await farm.AddBuilderAsync("silo-2", 1, isSilo: true);
            return farm;
        }
        catch (Exception error)
        {
            var said = farm.Said;
            await farm.DisposeAsync();
            throw new InvalidOperationException($"{error.Message}\n{said}", error);
        }
    }

    public static string NameOf(int i) => string.Create(CultureInfo.InvariantCulture, $"p{i:00}");

    public async Task StartControlAsync(int i) => _controls[i] = await HubProcess.StartAsync(Setup.Data, _controlPorts[i], new Dictionary<string, string>(Variables($"control-{i}", i)));

    public async Task StartGatewayAsync(int i)
    {
        var gateway = BuilderProcess.Start(
            ["--cluster", "--web-port", _gatewayPorts[i].ToString(CultureInfo.InvariantCulture), "--data", Setup.Data], Variables($"gateway-{i}", null), verb: "web");
        _gateways[i] = gateway;
        await UntilAsync(() => Task.FromResult(gateway.Output.Contains("The gateway is up", StringComparison.Ordinal)), () => $"that a gateway is up:\n{gateway.Output}");
    }

    public Task KillControlAsync(int i) => _controls[i]!.KillAsync();

    public Task KillGatewayAsync(int i) => _gateways[i]!.KillAsync();

    /// <summary>Ends a control silo as a service manager does, and starts it again.</summary>
    public async Task RestartControlAsync(int i)
    {
        (await Control(i).StopAsync()).ShouldBe(0, Control(i).Output);
        await StartControlAsync(i);
    }

    /// <summary>The same with a gateway.</summary>
    public async Task RestartGatewayAsync(int i)
    {
        await _gateways[i]!.TerminateAsync();
        (await _gateways[i]!.EndAsync()).ShouldBe(0, _gateways[i]!.Output);
        await StartGatewayAsync(i);
    }

    public async Task AddBuilderAsync(string name, int gateway, bool isSilo)
    {
        var tokens = new TokenStore(Path.Combine(Setup.Data, "tokens.json"), TimeProvider.System);
        Dictionary<string, string> variables = new(Variables(name, isSilo ? 2 : null))
        {
            ["CAUR_URL"] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_gatewayPorts[gateway]}/"),
            ["CAUR_TOKEN"] = (await tokens.CreateAsync(TokenRole.Builder, name, null, CancellationToken.None)).Token,
            ["CAUR_DATA"] = Setup[name],
            ["CAUR_SLOTS"] = "1",
            ["CAUR_BUILDER_NETWORK"] = "host",
            ["BUILDER_HOSTNAME"] = name,
        };
        var builder = BuilderProcess.Start(isSilo ? ["--silo"] : [], variables);
        _builders.Add(builder);
        await UntilAsync(() => Task.FromResult(builder.Output.Contains("joined", StringComparison.Ordinal)), () => $"that {name} joins:\n{builder.Output}");
    }

    /// <summary>The control silo on which a grain stands; null when it stands on none.</summary>
    public async Task<int?> OwnerAsync<TGrain>(string key)
        where TGrain : IGrainWithStringKey
    {
        if (_client is null)
        {
            var builder = Host.CreateEmptyApplicationBuilder(null);
            builder.Services.AddSingleton(TimeProvider.System);
            builder.Services.AddFarmClient(ClusterSettings.Read(name => Variables("test", null).GetValueOrDefault(name)));
            _client = builder.Build();
            await _client.StartAsync();
        }

        var grains = _client.Services.GetRequiredService<IClusterClient>();
        var address = await grains.GetGrain<IManagementGrain>(0).GetActivationAddress(grains.GetGrain<TGrain>(key));
        var found = address is null ? -1 : Array.FindIndex(_siloPorts, ports => ports.Silo == address.Endpoint.Port);
        return found < 0 ? null : found;
    }

    /// <summary>Asks a gateway, and the other one when it does not answer; throws what the second said.</summary>
    public async Task<JsonElement> AskAsync(HttpMethod method, string path, object? body = null)
    {
        for (var i = 0; ; i++)
        {
            try
            {
                using var request = new HttpRequestMessage(method, string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_gatewayPorts[i]}{path}"));
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(Path.Combine(Setup.Data, "admin.token"))).Trim());
                request.Content = body is null ? null : JsonContent.Create(body);
                using var answer = await _http.SendAsync(request);
                var text = await answer.Content.ReadAsStringAsync();
                return answer.IsSuccessStatusCode ? JsonSerializer.Deserialize<JsonElement>(text) : throw new HttpRequestException($"{path}: {(int)answer.StatusCode} {text}");
            }
            catch (Exception error) when (i == 0 && error is HttpRequestException or TaskCanceledException)
            {
                // The other one.
            }
        }
    }

    public Task<JsonElement> ScheduleAsync(params string[] packages) => AskAsync(HttpMethod.Post, "/api/queue/schedule", new
    {
        source_repo = "sources",
        target_repo = "farm",
        packages = packages.Select(static package => new { pkgbase = package }),
    });

    public async Task UntilAsync(Func<Task<bool>> condition, Func<string> what, TimeSpan? within = null)
    {
        using var limit = new CancellationTokenSource(within ?? TestTimeouts.Longest, TimeProvider.System);
        while (true)
        {
            Exception? last = null;
            try
            {
                if (await condition())
                {
                    return;
                }
            }
            catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
            {
                last = error;
            }

            if (limit.IsCancellationRequested)
            {
                throw new TimeoutException($"{what()}\n{last?.Message}\n{Said}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, CancellationToken.None);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_client is not null)
        {
            await _client.StopAsync();
            _client.Dispose();
        }

        foreach (var process in _builders.Concat(_gateways.OfType<BuilderProcess>()))
        {
            await process.DisposeAsync();
        }

        foreach (var control in _controls.OfType<HubProcess>())
        {
            await control.DisposeAsync();
        }

        await Redis.DisposeAsync();
        _http.Dispose();
        Setup.Dispose();
    }

    private Dictionary<string, string> Variables(string name, int? silo) => new()
    {
        ["PACKAGE_REPOS"] = JsonSerializer.Serialize(new Dictionary<string, object> { ["sources"] = new { url = Setup.Sources.Path } }),
        ["PACKAGE_TARGET_REPOS"] = """{"farm":{}}""",
        ["BUILDER_IMAGE"] = Setup.Engine.BuilderImage,
        ["DOCKER_HOST"] = $"unix://{Setup.Engine.SocketPath}",
        ["CAUR_SLOTS"] = "0",
        ["CAUR_STALL_TIMEOUT"] = "120",
        ["BUILDER_TIMEOUT"] = "300",
        ["CAUR_REPOSITORY_URL"] = string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_gatewayPorts[1]}"),
        ["CAUR_REDIS"] = Redis.Address,
        ["CAUR_CLUSTER_ID"] = _cluster,
        ["CAUR_SILO_NAME"] = name,
        ["CAUR_SILO_ADDRESS"] = "127.0.0.1",
        ["CAUR_SILO_PORT"] = (silo is { } i ? _siloPorts[i].Silo : 11111).ToString(CultureInfo.InvariantCulture),
        ["CAUR_SILO_GATEWAY_PORT"] = (silo is { } j ? _siloPorts[j].Gateway : 30000).ToString(CultureInfo.InvariantCulture),
        ["DOTNET_TieredPGO"] = "0",
    };
}
