using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Caur.Api.Logs;
using Caur.Grains.State;
using Caur.Silo.Configuration;
using Caur.Silo.Engines;
using Caur.Silo.Hub;
using Caur.Storage.Files;
using Caur.Tests.Grains;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans;
using Orleans.Configuration;
using Orleans.Persistence;
using Orleans.Runtime;
using Orleans.Serialization;
using Orleans.Storage;
using Orleans.TestingHost;
using StackExchange.Redis;

namespace Caur.Tests.Engine;

/// <summary>The engine that a test's farm runs on: here a cluster of two silos.</summary>
internal sealed class TestEngine : IAsyncDisposable
{
    private static readonly ConcurrentDictionary<string, IReadOnlyDictionary<string, string>> Environments = new(StringComparer.Ordinal);

    private readonly TestSilos _silos;

    private TestEngine(TestSilos silos) => _silos = silos;

    /// <summary>A client beside the silos: whatever goes through it crosses a connection.</summary>
    public IClusterClient Client => _silos.Client;

    /// <summary>Of the host that grains run in; of one of them when there are several.</summary>
    public IServiceProvider Services => _silos.Silos[0];

    /// <summary>The grains that are in memory.</summary>
    public IReadOnlyList<GrainId> Activations => [.. _silos.Silos.SelectMany(ActivationsOf)];

    /// <summary>Whether what is idle is so by the clock that a test gives it.</summary>
    public static bool IdlesByItsClock => false;

    /// <summary>The grains in memory of any host that grains run in.</summary>
    public static IReadOnlyList<GrainId> ActivationsOf(IServiceProvider services) =>
        [.. TestSilos.ContextsOf(services).Select(static context => context.GrainId)];

    /// <summary>Starts it with the grains of the farm. Calls are answered within a day of the clock.</summary>
    public static async Task<TestEngine> StartAsync(TestEngineOptions options)
    {
        var redis = await TestRedis.ConnectAsync();
        return new TestEngine(await TestSilos.StartAsync(TestSilos.ServiceOf(options.StatePath), options.Clock, TimeSpan.FromDays(1), (silo, host) =>
        {
            const string Inner = "inner";
            TestSilos.AddStorage(silo, options.Storage is null ? GrainStorageNames.Farm : Inner, redis, new GrainStateSerializer());
            if (options.Storage is { } wrap)
            {
                silo.Services.AddKeyedSingleton(GrainStorageNames.Farm, (provider, _) => wrap(provider.GetRequiredKeyedService<IGrainStorage>(Inner)));
            }

            options.Configure(host);
            silo.Services.AddSingleton<LogNews>();
        }));
    }

    /// <summary>Adds the engine as the hub is composed with it: a cluster of one silo.</summary>
    public static IServiceCollection AddTo(IServiceCollection services, DataFolders folders)
    {
        // A test's clock is for grains and their timers: the silo compares its own times with the system's.
        services.UseTimeProviderForBackgroundAreas(TimeProvider.System);
        return services.AddFarmEngine(folders, ClusterSettings.Read(Variables(folders.Root, static _ => null)));
    }

    /// <summary>A hub's settings with what this build's hub wants beside them.</summary>
    public static HubSettings Complete(HubSettings settings) =>
        settings with { Variable = Variables(DataFolders.Resolve(settings.DataFolder, settings.Variable).Root, settings.Variable) };

    /// <summary>The services of the host that has this grain in memory.</summary>
    public IServiceProvider ServicesOf(GrainId grain) =>
        _silos.Silos.Single(silo => TestSilos.ContextsOf(silo).Any(context => context.GrainId == grain));

    /// <summary>What a hub's process over that folder wants in its environment. The ports stay: a silo that comes back at its place takes the one
    /// for dead that was killed there.</summary>
    public static IReadOnlyDictionary<string, string> Environment(string dataFolder) => Environments.GetOrAdd(
        Path.GetFullPath(dataFolder),
        static folder => new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["CAUR_REDIS"] = TestRedis.Address,
            ["CAUR_CLUSTER_ID"] = TestSilos.ServiceOf(folder),
            ["CAUR_SILO_ADDRESS"] = "127.0.0.1",
            ["CAUR_SILO_PORT"] = TestRedis.FreePort().ToString(CultureInfo.InvariantCulture),
            ["CAUR_SILO_GATEWAY_PORT"] = TestRedis.FreePort().ToString(CultureInfo.InvariantCulture),
        });

    private static Func<string, string?> Variables(string folder, Func<string, string?> others) =>
        name => others(name) ?? Environment(folder).GetValueOrDefault(name);

    /// <summary>Waits until no grain has work. What is held back by a test is work without end: this ends after a while all the same.</summary>
    public Task SettleAsync() => _silos.SettleAsync();

    public ValueTask DisposeAsync() => _silos.DisposeAsync();
}

/// <summary>The records that an engine keeps, as they lie in its storage, whether it runs or not.</summary>
internal static class EngineRecords
{
    public static List<FarmRecord> All(string statePath)
    {
        var redis = Connect();
        var prefix = $"{TestSilos.ServiceOf(statePath)}/state/";
        var found = new List<FarmRecord>();
        foreach (var key in redis.GetServers().Single().Keys(pattern: $"{prefix}*", pageSize: 1000))
        {
            var path = ((string)key!)[prefix.Length..];
            var name = path.LastIndexOf('/');
            found.Add(new FarmRecord(path[..name], path[(name + 1)..], (byte[])redis.GetDatabase().HashGet(key, "data")!));
        }

        return [.. found.OrderBy(static record => record.Grain, StringComparer.Ordinal).ThenBy(static record => record.Name, StringComparer.Ordinal)];
    }

    /// <summary>Puts other bytes into a record that is there.</summary>
    public static void Write(string statePath, FarmRecord record)
    {
        Connect().GetDatabase().KeyExists(KeyOf(statePath, record)).ShouldBeTrue();
        Connect().GetDatabase().HashSet(KeyOf(statePath, record), "data", record.Data);
    }

    /// <summary>Removes a record that is there.</summary>
    public static void Remove(string statePath, FarmRecord record) => Connect().GetDatabase().KeyDelete(KeyOf(statePath, record)).ShouldBeTrue();

    /// <summary>The reminders: whose, and their names.</summary>
    public static List<(string Grain, string Name)> Reminders(string statePath) =>
    [
        .. Connect().GetDatabase().SortedSetRangeByRank($"{TestSilos.ServiceOf(statePath)}/reminders")
            .Select(static row => JsonSerializer.Deserialize<string[]>($"[{row}]")!)
            .Select(static parts => (parts[1], parts[2])),
    ];

    /// <summary>Keeps what a copy of the folder of <paramref name="statePath"/> does not have.</summary>
    public static void Save(string statePath, string folder)
    {
        var database = Connect().GetDatabase();
        var rows = Keys(statePath).Select(key => $"{key} {Convert.ToBase64String(database.KeyDump(key)!)}");
        File.WriteAllLines(Path.Combine(folder, "redis"), rows);
    }

    /// <summary>Brings back what was kept, after the copy of the folder was brought back.</summary>
    public static void Restore(string statePath, string folder)
    {
        var database = Connect().GetDatabase();
        database.KeyDelete([.. Keys(statePath)]);
        foreach (var row in File.ReadLines(Path.Combine(folder, "redis")))
        {
            var end = row.LastIndexOf(' ');
            database.KeyRestore(row[..end], Convert.FromBase64String(row[(end + 1)..]));
        }
    }

    private static List<RedisKey> Keys(string statePath) => [.. Connect().GetServers().Single().Keys(pattern: $"{TestSilos.ServiceOf(statePath)}/*", pageSize: 1000)];

    private static RedisKey KeyOf(string statePath, FarmRecord record) => $"{TestSilos.ServiceOf(statePath)}/state/{record.Grain}/{record.Name}";

    // The engine has been started: there is a connection.
    private static IConnectionMultiplexer Connect() => TestRedis.Connection.ShouldNotBeNull();
}

/// <summary>An engine's storage alone, with the serializer of the farm's state.</summary>
internal sealed class TestStorage : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    private TestStorage(IGrainStorage storage, ServiceProvider services) => (Storage, _services) = (storage, services);

    public IGrainStorage Storage { get; }

    public static async Task<TestStorage> OpenAsync(string statePath)
    {
        var redis = await TestRedis.ConnectAsync();
        var services = new ServiceCollection()
            .AddLogging()
            .AddSerializer()
            .AddSingleton<IGrainStorageSerializer, GrainStateSerializer>()
            .Configure<ClusterOptions>(options => options.ServiceId = TestSilos.ServiceOf(statePath))
            .Configure<RedisStorageOptions>(GrainStorageNames.Farm, options =>
            {
                options.CreateMultiplexer = _ => Task.FromResult((redis, true));
                options.DeleteStateOnClear = true;
            })
            .BuildServiceProvider();
        var storage = OrleansStorage.Create(services, GrainStorageNames.Farm);
        var lifecycle = new SiloLifecycleSubject(NullLogger<SiloLifecycleSubject>.Instance);
        storage.Participate(lifecycle);
        await lifecycle.OnStart(CancellationToken.None);
        return new TestStorage(storage, services);
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
