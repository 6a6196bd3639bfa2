using System.Collections.Immutable;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Caur.Grains.Hosting;
using Caur.Grains.Repositories;
using Caur.Storage.Files;
using Caur.Storage.Landing;
using Caur.Storage.Logs;
using Caur.Storage.Processes;
using Caur.Storage.Repositories;
using Caur.Storage.Signing;
using Caur.Tests.Engine;
using Caur.Tests.Storage.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Storage;

namespace Caur.Tests.Publication;

/// <summary>What a hub has to do with publication, all of it real: grains on the engine of this build, landing zone, store, gpg, logs. Builds
/// come to it from no builder: a test lands their archives and says that they are built.</summary>
[SupportedOSPlatform("linux")]
internal sealed class PublicationHub : IAsyncDisposable
{
    private static readonly BuilderId Builder = new("test", "0");
    private static long _timestamp = 1_700_000_000_000;

    private readonly TestEngine _engine;
    private readonly DataFolders _folders;

    private PublicationHub(TestEngine engine, DataFolders folders) => (_engine, _folders) = (engine, folders);

    public IClusterClient Client => _engine.Client;

    public IServiceProvider Services => _engine.Services;

    public DataFolders Folders => _folders;

    public LandingZone Landing => Services.GetRequiredService<LandingZone>();

    public static async Task<PublicationHub> StartAsync(string data, GpgOptions gpg, PublicationHubOptions? options = null)
    {
        options ??= new PublicationHubOptions();
        var folders = DataFolders.Resolve(data);
        folders.Create();
        var engine = await TestEngine.StartAsync(new TestEngineOptions
        {
            StatePath = folders.Database,
            Clock = options.Clock,
            Configure = builder => Configure(builder, folders, gpg, options),
            Storage = options.Storage,
        });
        return new PublicationHub(engine, folders);
    }

    public static BuildId NewBuild(TargetId target, string pkgbase) =>
        BuildId.Parse($"{target}/{pkgbase}/{Interlocked.Increment(ref _timestamp)}");

    /// <summary>Lays archives into the landing zone, as an upload does, and says what the order to publish them is.</summary>
    public static async Task<PublishOrder> LandAsync(LandingZone landing, TargetId target, string pkgbase, params BuiltPackage[] packages)
    {
        var build = NewBuild(target, pkgbase);
        var archives = ImmutableArray.CreateBuilder<LandedArchive>();
        foreach (var package in packages)
        {
            var bytes = (package.Pkgbase is null ? package with { Pkgbase = pkgbase } : package).ToArchive();
            archives.Add(await LandAsync(landing, build, package.FileName, bytes));
        }

        return new PublishOrder { Build = build, Attempt = 1, Pkgnames = [.. packages.Select(package => package.Name)], Archives = archives.ToImmutable() };
    }

    public static async Task<LandedArchive> LandAsync(LandingZone landing, BuildId build, string fileName, byte[] bytes)
    {
        var archive = new LandedArchive { FileName = fileName, Size = bytes.Length, Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes)) };
        using var stream = new MemoryStream(bytes);
        (await landing.StoreAsync(build.ToString(), 1, fileName, bytes.Length, archive.Sha256, stream, CancellationToken.None)).IsThere.ShouldBeTrue();
        return archive;
    }

    public Task<PublishOrder> LandAsync(TargetId target, string pkgbase, params BuiltPackage[] packages) => LandAsync(Landing, target, pkgbase, packages);

    /// <summary>Reports a build as built: from here on it publishes by itself. Repeating it changes nothing.</summary>
    public async Task CompleteAsync(PublishOrder order)
    {
        var build = Build(order.Build);
        var attempt = new BuildAttempt(order.Build, order.Attempt, Builder);
        await build.AcceptAsync(
            new BuildRequest { Package = order.Build.Package, SourceRepository = "packages", Commit = "0123456789", Pkgnames = order.Pkgnames },
            attempt);
        await build.CompleteAsync(new AttemptReport { Attempt = attempt, End = AttemptEnd.Built, Archives = order.Archives }, null);
    }

    public IBuildGrain Build(BuildId build) => Client.GetGrain<IBuildGrain>(build.ToString());

    public ITargetRepositoryGrain Repository(TargetId target) => Client.GetGrain<ITargetRepositoryGrain>(target.ToString());

    public IRepositoryPublisher Publisher => Services.GetRequiredService<IRepositoryPublisher>();

    /// <summary>Waits until a build is as wanted; timers tick meanwhile when the clock is a test's.</summary>
    public async Task<BuildView> UntilAsync(BuildId build, Func<BuildView, bool> condition, string phase)
    {
        BuildView? view = null;
        await UntilAsync(async () => (view = await Build(build).GetAsync()) is not null && condition(view), () => $"{phase}, but {build} is {view?.State}: {view?.Reason}");
        return view!;
    }

    public Task<BuildView> PublishedAsync(BuildId build) => UntilAsync(build, view => view.State == BuildState.Published, "it is published");

    public async Task UntilAsync(Func<Task<bool>> condition, Func<string> phase)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60), TimeProvider.System);
        while (!await condition())
        {
            if (limit.IsCancellationRequested)
            {
                throw new TimeoutException($"{phase()} after 60 s");
            }

            (Services.GetRequiredService<TimeProvider>() as ManualClock)?.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }
    }

    public async Task<string> ReadLogAsync(BuildId build)
    {
        await using var stream = Services.GetRequiredService<BuildLogStore>().OpenRead(new LogKey(build.Pkgbase, build.Timestamp, build.Target.Name, build.Arch));
        using var reader = new StreamReader(stream.ShouldNotBeNull());
        return await reader.ReadToEndAsync();
    }

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    private static void Configure(IHostApplicationBuilder builder, DataFolders folders, GpgOptions gpg, PublicationHubOptions options)
    {
        builder.Logging.SetMinimumLevel(LogLevel.None);
        var services = builder.Services;
        services.AddSingleton(options.Clock);
        services.AddSingleton(folders);
        services.AddSingleton(new LandingZone(folders.Landing));
        services.AddSingleton(_ => new BuildLogStore(folders.Logs));
        services.AddSingleton(new GpgSigner(gpg, new ProcessRunner(TimeProvider.System)));
        services.AddSingleton(options.Store);
        if (options.Probe is { } probe)
        {
            services.AddSingleton(probe);
        }

        services.AddCaurGrains();
    }
}

/// <summary>What differs from a hub as it is.</summary>
internal sealed record PublicationHubOptions
{
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    public IPublicationProbe? Probe { get; init; }

    public Func<IGrainStorage, IGrainStorage>? Storage { get; init; }

    public RepositoryStoreOptions Store { get; init; } = new();
}
