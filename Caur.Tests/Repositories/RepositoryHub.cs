using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Runtime.Versioning;
using System.Security.Cryptography;
using Caur.Api.Auth;
using Caur.Api.Builders;
using Caur.Contracts.Builds;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Caur.Silo.Hub;
using Caur.Storage.Files;
using Caur.Storage.Landing;
using Caur.Storage.Repositories;
using Caur.Storage.Signing;
using Caur.Tests.Api;
using Caur.Tests.Cli;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;

namespace Caur.Tests.Repositories;

/// <summary>Grains, engine, gateway and store of the hub over a folder that outlives it, with one repository <c>farm/x86_64</c>. Packages
/// come from a test, not from builders.</summary>
[SupportedOSPlatform("linux")]
internal sealed class RepositoryHub : IAsyncDisposable
{
    public static readonly TargetId Target = new("farm", "x86_64");

    private readonly WebApplication _app;
    private readonly LogLines _log = new();

    /// <summary>Later than those of the hub before, as with a real one.</summary>
    private long _timestamp = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();

    private RepositoryHub(string folder, GpgSigner signer, IPublicationProbe? probe)
    {
        Folders = DataFolders.Resolve(folder);
        _app = TestGateway.Build(Folders, services =>
        {
            services.AddSingleton(Microsoft.Extensions.Options.Options.Create(new FarmOptions { TargetRepositories = { [Target.Name] = new TargetRepositoryOptions() } }));
            services.AddSingleton(signer);
            services.AddSingleton<ITrustedKeys, FarmKeys>();
            if (probe is not null)
            {
                services.AddSingleton(probe);
            }
        }, _log);
    }

    public DataFolders Folders { get; }

    public string Url => _app.Urls.Single();

    public IReadOnlyCollection<string> Log => _log.Lines;

    public ITargetRepositoryGrain Repository => _app.Services.GetRequiredService<IClusterClient>().GetGrain<ITargetRepositoryGrain>(Target.ToString());

    public static async Task<RepositoryHub> StartAsync(string folder, GpgSigner signer, IPublicationProbe? probe = null)
    {
        var hub = new RepositoryHub(folder, signer, probe);
        await hub._app.StartAsync();
        return hub;
    }

    /// <summary>Makes the first generation of a repository that no hub has yet: these pkgbases with their packages.</summary>
    public static async Task SeedAsync(string folder, GpgSigner signer, params (string Pkgbase, BuiltPackage[] Packages)[] pkgbases)
    {
        var folders = DataFolders.Resolve(folder);
        folders.Create();
        var landing = Path.Combine(folder, "seed");
        Directory.CreateDirectory(landing);
        var builds = new List<BuildToPublish>();
        foreach (var (pkgbase, packages) in pkgbases)
        {
            var archives = new List<OfferedArchive>();
            foreach (var package in packages)
            {
                var bytes = (package with { Pkgbase = pkgbase }).ToArchive();
                var path = Path.Combine(landing, package.FileName);
                await File.WriteAllBytesAsync(path, bytes);
                archives.Add(new OfferedArchive(path, bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes))));
            }

            builds.Add(new BuildToPublish { Build = $"{Target}/{pkgbase}/1", Pkgbase = pkgbase, Archives = archives });
        }

        using var store = new RepositoryStore(folders.Repositories, Target.Name, Target.Arch, signer, TimeProvider.System);
        var proposal = await store.PlanAsync(new PublicationRequest { Id = "seed", Builds = builds }, CancellationToken.None);
        (await store.ApplyAsync(proposal.Plan.ShouldNotBeNull(), CancellationToken.None)).Generation.ShouldBe(1);
    }

    public async Task<string> TokenAsync(TokenRole role) =>
        (await _app.Services.GetRequiredService<TokenStore>().CreateAsync(role, $"the {role}", null, CancellationToken.None)).Token;

    public async Task<HttpClient> ClientAsync(TokenRole role)
    {
        var client = new HttpClient { BaseAddress = new Uri(Url) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", await TokenAsync(role));
        return client;
    }

    /// <summary>Runs <c>caur</c> against this hub.</summary>
    public Task<CliRun> RunAsync(string token, params string[] arguments) => CliRun.RunAsync(
        arguments, new Dictionary<string, string> { ["CAUR_URL"] = Url, ["CAUR_TOKEN"] = token });

    /// <summary>Orders the publication of a pkgbase as if a build had made its packages; it comes later than those before.</summary>
    public async Task<BuildId> OrderAsync(string pkgbase, params BuiltPackage[] packages)
    {
        var build = new BuildId(new PackageKey(Target, pkgbase), Interlocked.Increment(ref _timestamp));
        var archives = new List<LandedArchive>();
        foreach (var package in packages)
        {
            var bytes = (package with { Pkgbase = pkgbase }).ToArchive();
            var hash = Convert.ToHexStringLower(SHA256.HashData(bytes));
            using var stream = new MemoryStream(bytes);
            (await _app.Services.GetRequiredService<LandingZone>().StoreAsync(
                build.ToString(), 1, package.FileName, bytes.Length, hash, stream, CancellationToken.None)).IsThere.ShouldBeTrue();
            archives.Add(new LandedArchive { FileName = package.FileName, Size = bytes.Length, Sha256 = hash });
        }

        await Repository.PublishAsync(new PublishOrder { Build = build, Attempt = 1, Archives = [.. archives] });
        return build;
    }

    /// <summary>Publishes packages, each its own pkgbase.</summary>
    public async Task PublishAsync(params BuiltPackage[] packages)
    {
        foreach (var build in await Task.WhenAll(packages.Select(package => OrderAsync(package.Pkgbase ?? package.Name, package))))
        {
            (await PublishedAsync(build)).State.ShouldBe(PublicationState.Published);
        }
    }

    public Task<PublicationNews> PublishedAsync(BuildId build) => UntilAsync(
        () => Repository.GetPublicationAsync(build, 1), news => news.State != PublicationState.Pending, $"the publication of {build}");

    /// <summary>Waits until the repository has nothing left to do: it tells of a publication before it clears its record.</summary>
    public Task SettledAsync() => UntilAsync(() => Repository.GetAsync(), static view => view.Pending == 0, "the end of all orders");

    public async Task<RepositoryChangeView> ChangeAsync(RepositoryChange change)
    {
        await Repository.ChangeAsync(change);
        return await ChangedAsync(change.Operation);
    }

    public async Task<RepositoryChangeView> ChangedAsync(Guid operation) => (await UntilAsync(
        () => Repository.GetChangeAsync(operation), view => view?.State != RepositoryChangeState.Pending, $"the end of {operation}"))!;

    /// <summary>What is published, as <c>name version</c>, by name.</summary>
    public async Task<string[]> PackagesAsync() =>
        [.. (await Repository.GetPackagesAsync(null, int.MaxValue)).Packages.Select(package => $"{package.Pkgname} {package.Version}")];

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static async Task<T> UntilAsync<T>(Func<Task<T>> read, Func<T, bool> isEnd, string what)
    {
        using var limit = new CancellationTokenSource(TestTimeouts.Longest, TimeProvider.System);
        while (true)
        {
            var value = await read();
            if (isEnd(value))
            {
                return value;
            }

            limit.IsCancellationRequested.ShouldBeFalse($"{what} did not come: {value}");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None);
        }
    }

    private sealed class LogLines : ILoggerProvider, ILogger
    {
        private readonly ConcurrentQueue<string> _lines = new();

        public IReadOnlyCollection<string> Lines => _lines;

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _lines.Enqueue($"{logLevel}: {formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}
