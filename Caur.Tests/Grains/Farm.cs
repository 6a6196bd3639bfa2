using System.Text;
using Caur.Api.Logs;
using Caur.Contracts.Builds;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Logs;
using Caur.Contracts.Queue;
using Caur.Contracts.Repositories;
using Caur.Contracts.Sources;
using Caur.Grains.Hosting;
using Caur.Grains.Repositories;
using Caur.Storage.Files;
using Caur.Storage.Logs;
using Caur.Tests.Engine;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;

namespace Caur.Tests.Grains;

/// <summary>The control plane on the engine of this build, with a clock that stands still, storage that fails as told and repositories in
/// memory. What the log calls an error fails the test that did not expect it: that is where exceptions of one-way calls end.</summary>
internal sealed class Farm : IAsyncDisposable
{
    public static readonly TargetId Target = new("repo", "x86_64");

    private readonly TemporaryFolder _folder = new();
    private readonly ErrorLog _log = new();
    private Action<Farm, IHostApplicationBuilder>? _configure;
    private TestEngine? _engine;

    private Farm()
    {
    }

    public ManualClock Clock { get; } = new();

    public StorageFaults Faults { get; } = new();

    public FakePublisher Publisher { get; } = new();

    /// <summary>Set when the test provokes what is logged as an error.</summary>
    public bool ExpectsErrors { get; set; }

    public IReadOnlyCollection<string> Errors => _log.Errors;

    public IClusterClient Client => _engine!.Client;

    public IServiceProvider Services => _engine!.Services;

    /// <summary>The services of the host that has this grain in memory.</summary>
    public IServiceProvider ServicesOf(IAddressable grain) => _engine!.ServicesOf(grain.GetGrainId());

    /// <summary>The grains that are in memory.</summary>
    public IReadOnlyList<GrainId> Activations => _engine!.Activations;

    public IBuildQueueGrain Queue => Client.GetGrain<IBuildQueueGrain>("x86_64");

    public string SourceFolder => _folder["source"];

    public string DatabasePath => _folder["caur.db"];

    public string LogFolder => _folder["logs"];

    /// <summary>Where a build's log lies when it has ended. A folder of that name keeps it from ending.</summary>
    public string FinishedLog(BuildId build) =>
        Path.Combine(LogFolder, build.Pkgbase, $"{build.Timestamp}.{build.Target.Name}.{build.Arch}.log");

    /// <param name="expectsErrors">As <see cref="ExpectsErrors"/>.</param>
    /// <param name="configure">Further services, for each host that runs on it.</param>
    public static async Task<Farm> StartAsync(bool expectsErrors = false, Action<Farm, IHostApplicationBuilder>? configure = null)
    {
        var farm = new Farm { ExpectsErrors = expectsErrors, _configure = configure };
        await farm.StartHostAsync();
        return farm;
    }

    public static BuildRequest Request(string pkgbase, params string[] dependsOn) => new()
    {
        Package = new PackageKey(Target, pkgbase),
        SourceRepository = "packages",
        Commit = "0123456789",
        DependsOn = [.. dependsOn],
        Pkgnames = [pkgbase],
    };

    public async Task<BuildId> EnqueueAsync(string pkgbase, params string[] dependsOn) =>
        (await Queue.EnqueueAsync(new EnqueueRequest { Operation = Guid.NewGuid(), Builds = [Request(pkgbase, dependsOn)] }))[0].Build;

    /// <summary>Queues a build, and lets a builder join that can take it.</summary>
    public async Task<(BuildId Build, ScriptedBuilder Builder)> EnqueueAndJoinAsync(string pkgbase)
    {
        var build = await EnqueueAsync(pkgbase);
        var builder = new ScriptedBuilder(this);
        await builder.JoinAsync();
        return (build, builder);
    }

    public IBuildGrain Build(BuildId build) => Client.GetGrain<IBuildGrain>(build.ToString());

    public IBuildLogGrain Log(BuildId build) => Client.GetGrain<IBuildLogGrain>(build.ToString());

    public ITargetRepositoryGrain Repository() => Client.GetGrain<ITargetRepositoryGrain>(Target.ToString());

    public ISourceRepositoryGrain Source(string id) => Client.GetGrain<ISourceRepositoryGrain>(id);

    public async Task<string> ReadLogAsync(BuildId build)
    {
        var key = new LogKey(build.Pkgbase, build.Timestamp, build.Target.Name, build.Arch);
        await using var stream = Services.GetRequiredService<BuildLogStore>().OpenRead(key).ShouldNotBeNull();
        using var reader = new StreamReader(stream);
        return await reader.ReadToEndAsync();
    }

    /// <summary>What a follower is given until the log ends.</summary>
    public async Task<string> FollowAsync(BuildId build)
    {
        using var log = new MemoryStream();
        var key = new LogKey(build.Pkgbase, build.Timestamp, build.Target.Name, build.Arch);
        // As a gateway does, where the log may grow elsewhere.
        using var news = Services.GetService<LogNews>()?.Listen(key);
        await foreach (var piece in Services.GetRequiredService<BuildLogStore>().FollowAsync(key, 0, TestContext.Current.CancellationToken))
        {
            await log.WriteAsync(piece, TestContext.Current.CancellationToken);
        }

        return Encoding.UTF8.GetString(log.ToArray());
    }

    /// <summary>Lets time pass, second by second, so that timers tick as they would and end what they began.</summary>
    public async Task AdvanceAsync(TimeSpan span)
    {
        for (var passed = TimeSpan.Zero; passed < span; passed += TimeSpan.FromSeconds(1))
        {
            Clock.Advance(TimeSpan.FromSeconds(1));
            await SettleAsync();
        }
    }

    /// <summary>Lets time pass until something is so.</summary>
    public async Task AdvanceUntilAsync(Func<Task<bool>> condition, string phase, int seconds = 300)
    {
        for (var i = 0; i < seconds; i++)
        {
            if (await condition())
            {
                return;
            }

            await AdvanceAsync(TimeSpan.FromSeconds(1));
        }

        throw new TimeoutException($"{phase} did not happen within {seconds} s of the farm's time");
    }

    /// <summary>Waits, while the clock stands, until something is so. Timers that are due at once do tick.</summary>
    public async Task UntilAsync(Func<Task<bool>> condition, string phase)
    {
        using var limit = new CancellationTokenSource(TestTimeouts.Longest, TimeProvider.System);
        while (!await condition())
        {
            if (limit.IsCancellationRequested)
            {
                throw new TimeoutException($"{phase} did not happen");
            }

            Clock.Advance(TimeSpan.Zero);
            await SettleAsync();
        }
    }

    public async Task<BuildView> WaitForAsync(BuildId build, BuildState state)
    {
        BuildView? view = null;
        await UntilAsync(async () => (view = await Build(build).GetAsync())?.State == state, $"{build} {state}, but {view?.State}: {view?.Reason}");
        await UntilAsync(async () => !state.IsFinal() || await Queue.FindAsync(build) is null, $"{build} leaves the queue");
        return view!;
    }

    /// <param name="meanwhile">What happens while it is down.</param>
    public async Task RestartAsync(Func<Task>? meanwhile = null)
    {
        await StopHostAsync();
        await (meanwhile?.Invoke() ?? Task.CompletedTask);
        Clock.Advance(TimeSpan.FromSeconds(1));
        await StartHostAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopHostAsync();
        _folder.Dispose();
        if (!ExpectsErrors)
        {
            _log.Errors.ShouldBeEmpty();
        }
    }

    /// <summary>Waits until no grain has work, so that time does not run away from those that wait for the disk. A publication that a
    /// test holds back is work without end: this ends after a while all the same.</summary>
    private Task SettleAsync() => _engine!.SettleAsync();

    private async Task StartHostAsync()
    {
        Directory.CreateDirectory(LogFolder);
        _engine = await TestEngine.StartAsync(new TestEngineOptions
        {
            StatePath = DatabasePath,
            Clock = Clock,
            Configure = Configure,
            Storage = storage => new FaultyStorage(storage, Faults),
        });
    }

    private void Configure(IHostApplicationBuilder builder)
    {
        builder.Logging.AddProvider(_log);
        var services = builder.Services;
        services.AddSingleton<TimeProvider>(Clock);
        services.AddSingleton(DataFolders.Resolve(_folder["data"]));
        services.AddSingleton(_ => new BuildLogStore(LogFolder));
        services.AddSingleton<IRepositoryPublisher>(Publisher);
        services.Configure<FarmOptions>(options =>
        {
            options.SourceRepositories["packages"] = new SourceRepositoryOptions { Url = SourceFolder };
            options.TargetRepositories[Target.Name] = new TargetRepositoryOptions();
        });
        services.AddCaurGrains();
        _configure?.Invoke(this, builder);
    }

    private async Task StopHostAsync()
    {
        if (_engine is { } engine)
        {
            _engine = null;
            await engine.DisposeAsync();
        }
    }
}
