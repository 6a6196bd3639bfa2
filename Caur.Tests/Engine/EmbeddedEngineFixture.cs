using System.Diagnostics.Metrics;
using Caur.Embedded;
using Caur.Embedded.Storage;
using Caur.Tests.Engine.Conformance;
using Caur.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Caur.Tests.Engine;

/// <summary>The embedded engine on a file of its own and a clock that stands still.</summary>
public sealed class EmbeddedEngineFixture : IEngineFixture
{
    private readonly DirectoryInfo _folder;
    private readonly bool _ownsFolder;
    private readonly ErrorLog _log = new();
    private IHost? _host;

    public EmbeddedEngineFixture()
    {
        _folder = Directory.CreateTempSubdirectory("caur-engine-");
        _ownsFolder = true;
    }

    /// <summary>In a folder that is somebody else's.</summary>
    internal EmbeddedEngineFixture(string folder) => _folder = new DirectoryInfo(folder);

    public IClusterClient Client => Services.GetRequiredService<IClusterClient>();

    public IServiceProvider Services => _host!.Services;

    public TimeSpan LongestAdvance => TimeSpan.MaxValue;

    /// <summary>What was logged as an error, with its exception.</summary>
    internal IReadOnlyCollection<string> Errors => _log.Errors;

    internal ManualClock Clock { get; } = new();

    internal string DatabasePath => Path.Combine(_folder.FullName, "caur.db");

    internal Action<EmbeddedEngineOptions, IServiceCollection> Configure { get; init; } = static (_, _) => { };

    internal IReadOnlyList<Type> GrainClasses { get; init; } = ConformanceGrains.Classes;

    public async ValueTask InitializeAsync()
    {
        var host = Build();
        try
        {
            await host.StartAsync();
        }
        catch
        {
            host.Dispose();
            _host = null;
            throw;
        }
    }

    public Task AdvanceAsync(TimeSpan span)
    {
        Clock.Advance(span);
        return Task.CompletedTask;
    }

    public async Task RestartAsync()
    {
        await StopAsync();
        await InitializeAsync();
    }

    public Task<bool> TryDamageAsync(IAddressable grain, string stateName)
    {
        using var connection = new SqliteConnection(DatabasePath, readOnly: false);
        using var update = connection.Prepare("UPDATE grain_state SET data=X'00FF7B' WHERE grain=?1 AND name=?2");
        update.Bind(1, grain.GetGrainId().ToString()).Bind(2, stateName).Step();
        return Task.FromResult(connection.Changes == 1);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (_ownsFolder)
        {
            _folder.Delete(recursive: true);
        }
    }

    /// <summary>Whether a meter is of the engine that runs now or is just being started here.</summary>
    internal bool Owns(Meter meter) => _host is { } host && ReferenceEquals(meter.Scope, host.Services.GetRequiredService<IMeterFactory>());

    internal IHost Build()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Logging.SetMinimumLevel(LogLevel.Error).AddProvider(_log);
        builder.Services.AddEmbeddedEngine(options =>
        {
            options.DatabasePath = DatabasePath;
            options.Serializer = new JsonStateSerializer();
            options.Clock = Clock;
            options.StorageNames.Add(ConformanceGrains.NamedStorage);
            foreach (var grainClass in GrainClasses)
            {
                options.GrainClasses.Add(grainClass);
            }

            Configure(options, builder.Services);
        });
        return _host = builder.Build();
    }

    internal async Task StopAsync()
    {
        if (_host is not null)
        {
            await _host.StopAsync();
            _host.Dispose();
            _host = null;
        }
    }
}
