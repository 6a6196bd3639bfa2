using System.Globalization;
using Caur.Api.Auth;
using Caur.Api.Builders;
using Caur.Api.Logs;
using Caur.Contracts.Builds;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Logs;
using Caur.Grains.Repositories;
using Caur.Protocol.Builders;
using Caur.Storage.Files;
using Caur.Storage.Logs;
using Caur.Tests.Api;
using Caur.Tests.Grains;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Orleans;

namespace Caur.Tests.Logs;

/// <summary>What a log passes through, for real: a builder's session, the grains on the embedded engine with their state in a file, the log
/// files, and the gateway's routes over HTTP. Another one on the same folder is what comes after a restart.</summary>
internal sealed class LogGateway : IAsyncDisposable
{
    public static readonly BuilderId Builder = new("tester", "0");

    private readonly WebApplication _app;
    private readonly DataFolders _folders;
    private IBuilderSession? _session;

    private LogGateway(WebApplication app, DataFolders folders) => (_app, _folders) = (app, folders);

    public Uri Url => new(_app.Urls.Single());

    public BuildLogStore Store => _app.Services.GetRequiredService<BuildLogStore>();

    public LogFollowers Followers => _app.Services.GetRequiredService<LogFollowers>();

    public static async Task<LogGateway> StartAsync(string folder, Reading reading = Reading.Public)
    {
        var folders = DataFolders.Resolve(folder);
        var app = TestGateway.Build(folders, services =>
        {
            services.AddSingleton<IRepositoryPublisher>(new FakePublisher());
            services.Configure<ReadingOptions>(options => options.Reading = reading);
            services.Configure<FarmOptions>(options => options.TargetRepositories["repo"] = new TargetRepositoryOptions());
        });
        await app.StartAsync();
        return new LogGateway(app, folders);
    }

    /// <summary>The session of the builder that joined.</summary>
    public IBuilderSession Session => _session!;

    public async Task<string> TokenAsync(TokenRole role) =>
        (await _app.Services.GetRequiredService<TokenStore>().CreateAsync(role, "test", null, CancellationToken.None)).Token;

    public string Repositories => _folders.Repositories;

    /// <summary>The path of a build's log at the gateway.</summary>
    public static string PathOf(BuildId build) =>
        string.Create(CultureInfo.InvariantCulture, $"/api/logs/{Uri.EscapeDataString(build.Pkgbase)}/{build.Timestamp}");

    public static string FileOf(string folder, BuildId build, bool finished) => Path.Combine(
        DataFolders.Resolve(folder).Logs,
        build.Pkgbase,
        string.Create(CultureInfo.InvariantCulture, $"{build.Timestamp}.{build.Target.Name}.{build.Arch}{(finished ? ".log" : ".live")}"));

    public string FileOf(BuildId build, bool finished) => FileOf(_folders.Root, build, finished);

    public IGrainFactory Grains => _app.Services.GetRequiredService<IGrainFactory>();

    public IBuildLogGrain Log(BuildId build) => Grains.GetGrain<IBuildLogGrain>(build.ToString());

    public Task BeginAsync(BuildId build, int attempt) => Log(build).BeginAsync(new BuildAttempt(build, attempt, Builder));

    /// <summary>The session of a builder that has joined.</summary>
    public async Task<IBuilderSession> JoinAsync() => _session ??= await HelloAsync();

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private async Task<IBuilderSession> HelloAsync()
    {
        var session = _app.Services.GetRequiredService<GrainBuilderSession>();
        var hello = new BuilderHello
        {
            Name = Builder.Name,
            Instance = Builder.Instance,
            BootId = Guid.NewGuid(),
            Architectures = ["x86_64"],
            Slots = 1,
        };
        (await session.HelloAsync(hello, new Agent(), CancellationToken.None)).Accepted.ShouldBeTrue();
        return session;
    }

    private sealed class Agent : IBuilderAgent
    {
        public void WorkAvailable()
        {
        }

        public void Cancel(AttemptRef attempt, string reason)
        {
        }

        public void Drain()
        {
        }

        public void Rejoin()
        {
        }
    }
}
