using Caur.Embedded;
using Caur.Embedded.Storage;
using Caur.Grains.State;
using Caur.Silo.Engines;
using Caur.Silo.Hub;
using Caur.Storage.Files;
using Caur.Tests.Grains;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Caur.Tests.Engine;

/// <summary>The engine that a test's farm runs on: here the embedded one, in one host.</summary>
internal sealed class TestEngine : IAsyncDisposable
{
    private readonly IHost _host;

    private TestEngine(IHost host) => _host = host;

    public IClusterClient Client => Services.GetRequiredService<IClusterClient>();

    /// <summary>Of the host that grains run in; of one of them when there are several.</summary>
    public IServiceProvider Services => _host.Services;

    /// <summary>The grains that are in memory.</summary>
    public IReadOnlyList<GrainId> Activations => ActivationsOf(Services);

    /// <summary>Whether what is idle is so by the clock that a test gives it.</summary>
    public static bool IdlesByItsClock => true;

    /// <summary>The grains in memory of any host that grains run in.</summary>
    public static IReadOnlyList<GrainId> ActivationsOf(IServiceProvider services) =>
        [.. services.GetRequiredService<EmbeddedEngine>().Activations.All.Select(static activation => activation.GrainId)];

    /// <summary>Starts it with the grains of the farm. Calls are answered within a day of the clock.</summary>
    public static async Task<TestEngine> StartAsync(TestEngineOptions options)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        var services = builder.Services;
        services.AddEmbeddedEngine(engine =>
        {
            engine.DatabasePath = options.StatePath;
            engine.Clock = options.Clock;
            // A clock that a test moves must not end the calls that are on their way.
            engine.ResponseTimeout = TimeSpan.FromDays(1);
            engine.StorageNames.Add(GrainStorageNames.Farm);
            engine.GrainAssemblies.Add(typeof(GrainStorageNames).Assembly);
        });
        options.Configure(builder);
        if (options.Storage is { } wrap)
        {
            var storage = services.Single(service =>
                service.ServiceType == typeof(IGrainStorage) && service.IsKeyedService && service.ServiceKey is GrainStorageNames.Farm);
            services.Remove(storage);
            services.AddKeyedSingleton(
                GrainStorageNames.Farm, (provider, key) => wrap((IGrainStorage)storage.KeyedImplementationFactory!(provider, key)));
        }

        var host = builder.Build();
        await host.StartAsync();
        return new TestEngine(host);
    }

    /// <summary>Adds the engine as the hub is composed with it.</summary>
    public static IServiceCollection AddTo(IServiceCollection services, DataFolders folders) => services.AddFarmEngine(folders);

    /// <summary>A hub's settings with what this build's hub wants beside them.</summary>
    public static HubSettings Complete(HubSettings settings) => settings;

    /// <summary>What a hub's process over that folder wants in its environment.</summary>
    public static IReadOnlyDictionary<string, string> Environment(string dataFolder) => new Dictionary<string, string>();

    /// <summary>The services of the host that has this grain in memory.</summary>
    public IServiceProvider ServicesOf(GrainId grain) => Services;

    /// <summary>Waits until no grain has work. What is held back by a test is work without end: this ends after a while all the same.</summary>
    public async Task SettleAsync()
    {
        var activations = Services.GetRequiredService<EmbeddedEngine>().Activations;
        for (int tries = 0, quiet = 0; tries < 100 && quiet < 2; tries++)
        {
            quiet = activations.All.All(activation => !activation.IsBusy) ? quiet + 1 : 0;
            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}

/// <summary>The records that an engine keeps, as they lie in its storage, whether it runs or not.</summary>
internal static class EngineRecords
{
    public static List<FarmRecord> All(string statePath)
    {
        using var connection = new SqliteConnection(statePath, readOnly: false);
        using var rows = connection.Prepare("SELECT grain, name, data FROM grain_state ORDER BY grain, name");
        var found = new List<FarmRecord>();
        while (rows.Step())
        {
            found.Add(new FarmRecord(rows.Text(0), rows.Text(1), rows.Bytes(2)));
        }

        return found;
    }

    /// <summary>Puts other bytes into a record that is there.</summary>
    public static void Write(string statePath, FarmRecord record)
    {
        using var connection = new SqliteConnection(statePath, readOnly: false);
        using var update = connection.Prepare("UPDATE grain_state SET data=?1 WHERE grain=?2 AND name=?3")
            .Bind(1, record.Data).Bind(2, record.Grain).Bind(3, record.Name);
        update.Step();
        connection.Changes.ShouldBe(1);
    }

    /// <summary>Removes a record that is there.</summary>
    public static void Remove(string statePath, FarmRecord record)
    {
        using var connection = new SqliteConnection(statePath, readOnly: false);
        using var delete = connection.Prepare("DELETE FROM grain_state WHERE grain=?1 AND name=?2").Bind(1, record.Grain).Bind(2, record.Name);
        delete.Step();
        connection.Changes.ShouldBe(1);
    }

    /// <summary>The reminders: whose, and their names.</summary>
    public static List<(string Grain, string Name)> Reminders(string statePath)
    {
        using var connection = new SqliteConnection(statePath, readOnly: true);
        using var rows = connection.Prepare("SELECT grain, name FROM reminder ORDER BY grain, name");
        var found = new List<(string, string)>();
        while (rows.Step())
        {
            found.Add((rows.Text(0), rows.Text(1)));
        }

        return found;
    }

    /// <summary>Keeps what a copy of the folder of <paramref name="statePath"/> does not have; here it has everything.</summary>
    public static void Save(string statePath, string folder) => File.Exists(Path.Combine(folder, Path.GetFileName(statePath))).ShouldBeTrue();

    /// <summary>Brings back what was kept, after the copy of the folder was brought back.</summary>
    public static void Restore(string statePath, string folder) => File.Exists(Path.Combine(folder, Path.GetFileName(statePath))).ShouldBeTrue();
}

/// <summary>An engine's storage alone, with the serializer of the farm's state.</summary>
internal sealed class TestStorage : IAsyncDisposable
{
    private readonly IHost _host;

    private TestStorage(IHost host) => _host = host;

    public IGrainStorage Storage => _host.Services.GetRequiredService<IGrainStorage>();

    public static async Task<TestStorage> OpenAsync(string statePath)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddEmbeddedEngine(options =>
        {
            options.DatabasePath = statePath;
            options.Serializer = new GrainStateSerializer();
            options.Clock = new ManualClock();
        });
        var host = builder.Build();
        await host.StartAsync();
        return new TestStorage(host);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.StopAsync();
        _host.Dispose();
    }
}
