using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Caur.Api.Builders;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Protocol.Builders;
using Caur.Silo.Hub;
using Caur.Storage.Signing;
using Caur.Tests.Api;
using Caur.Tests.Cli;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Orleans;

namespace Caur.Tests.Deploy;

/// <summary>A hub as <c>caur database</c> composes it, over a data folder that outlives it, and a builder of it that ends builds as a test
/// wants: key, signatures, repositories, logs and history are the real ones.</summary>
internal sealed class WorkedFarm : IAsyncDisposable, IBuilderAgent
{
    public static readonly TargetId Target = new("farm", "x86_64");

    private static readonly Dictionary<string, string> Settings = new()
    {
        ["PACKAGE_REPOS"] = """{"sources":{"url":"/nonexistent"}}""",
        ["PACKAGE_TARGET_REPOS"] = """{"farm":{}}""",
    };

    private readonly WebApplication _app;
    private bool _hasBuilder;

    private WorkedFarm(string data)
    {
        Data = data;
        _app = QuietHub.Build(new HubSettings { DataFolder = data, WebPort = 0, RunAgent = false, Variable = name => Settings.GetValueOrDefault(name) });
    }

    /// <summary>The settings of every hub over such a folder.</summary>
    public static IReadOnlyDictionary<string, string> Variables => Settings;

    public string Data { get; }

    public HttpClient Http { get; private set; } = null!;

    public GpgSigner Signer => _app.Services.GetRequiredService<GpgSigner>();

    /// <summary>What stands in pacman's configuration.</summary>
    public string Server => $"{Http.BaseAddress}repos/$repo/$arch";

    private IBuildQueueGrain Queue => _app.Services.GetRequiredService<IClusterClient>().GetGrain<IBuildQueueGrain>(Target.Arch);

    private GrainBuilderSession Session => _app.Services.GetRequiredService<GrainBuilderSession>();

    public static async Task<WorkedFarm> StartAsync(string data)
    {
        var farm = new WorkedFarm(data);
        await farm._app.StartAsync();
        farm.Http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{new Uri(farm._app.Urls.First().Replace("[::]", "localhost", StringComparison.Ordinal)).Port}") };
        await ApiHub.UntilAsync(async () => await farm.StatusAsync("/health/startup") == HttpStatusCode.OK, "the start");
        farm.Http.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(Path.Combine(data, "admin.token"))).Trim());
        return farm;
    }

    public async Task<HttpStatusCode> StatusAsync(string path)
    {
        using var answer = await Http.GetAsync(path);
        return answer.StatusCode;
    }

    public async Task<JsonElement> GetAsync(string path) => JsonSerializer.Deserialize<JsonElement>(await Http.GetStringAsync(path));

    /// <summary>Runs <c>caur</c> as its admin.</summary>
    public Task<CliRun> RunAsync(params string[] arguments) => CliRun.RunAsync(arguments, new Dictionary<string, string>
    {
        ["CAUR_URL"] = Http.BaseAddress!.ToString(),
        ["CAUR_TOKEN"] = Http.DefaultRequestHeaders.Authorization!.Parameter!,
    });

    /// <summary>Queues packages, which wait.</summary>
    public async Task<BuildId[]> EnqueueAsync(params BuildRequest[] builds) =>
        [.. (await Queue.EnqueueAsync(new EnqueueRequest { Operation = Guid.NewGuid(), Builds = [.. builds] })).Select(reply => reply.Build)];

    public static BuildRequest Request(string pkgbase, params string[] dependsOn) => new()
    {
        Package = new PackageKey(Target, pkgbase),
        SourceRepository = "sources",
        Commit = new string('a', 40),
        DependsOn = [.. dependsOn],
        Pkgnames = [pkgbase],
    };

    /// <summary>What waits or runs, by name.</summary>
    public async Task<string[]> QueuedAsync() => [.. (await Queue.GetAsync()).Items.Select(item => item.Build.Pkgbase).Order(StringComparer.Ordinal)];

    /// <summary>Queues a package and ends its build.</summary>
    public async Task<BuildId> BuildAsync(string pkgbase, AttemptOutcome outcome = AttemptOutcome.Built, string version = "1.0-1")
    {
        var build = (await EnqueueAsync(Request(pkgbase))).ShouldHaveSingleItem();
        await WorkAsync(outcome, version);
        return build;
    }

    /// <summary>Ends the build that is next.</summary>
    public async Task WorkAsync(AttemptOutcome outcome = AttemptOutcome.Built, string version = "1.0-1")
    {
        if (!_hasBuilder)
        {
            _hasBuilder = true;
            (await Session.HelloAsync(
                new BuilderHello { Name = "worker", Instance = "0", BootId = Guid.NewGuid(), Architectures = [Target.Arch], Slots = 4 }, this, default)).Accepted.ShouldBeTrue();
        }

        BuildOrder? order = null;
        await ApiHub.UntilAsync(
            async () => (order = (await Session.TakeAsync(1, default)).SingleOrDefault()) is not null && await Session.AcceptAsync(order.Attempt, default), "an order");
        var attempt = order!.Attempt;
        var build = BuildId.Parse(attempt.Build);
        await Session.AppendLogAsync(new LogChunk { Attempt = attempt, Sequence = 0, Offset = 0, Bytes = Encoding.ASCII.GetBytes($"making {build.Pkgbase}\n") }, default);
        ArchiveInfo[] archives = [];
        if (outcome == AttemptOutcome.Built)
        {
            (await Session.ProgressAsync(attempt, AttemptStep.Uploading, default)).ShouldBeTrue();
            var package = new BuiltPackage(build.Pkgbase, version) { Pkgbase = build.Pkgbase };
            var bytes = package.ToArchive();
            archives = [new ArchiveInfo(package.FileName, bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes)))];
            (await Session.UploadAsync(attempt, archives[0], _ => new(new MemoryStream(bytes)), default)).Stored.ShouldBeTrue();
        }

        var now = TimeProvider.System.GetUtcNow();
        (await Session.CompleteAsync(
            new AttemptResult { Attempt = attempt, Outcome = outcome, Archives = archives, Started = now - TimeSpan.FromSeconds(7), Finished = now }, default)).ShouldBeTrue();
        await ApiHub.UntilAsync(async () => await Queue.FindAsync(build) is null, $"the end of {build}");
    }

    /// <summary>Ends as SIGTERM does.</summary>
    public async ValueTask DisposeAsync()
    {
        Http?.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    void IBuilderAgent.WorkAvailable()
    {
    }

    void IBuilderAgent.Cancel(AttemptRef attempt, string reason)
    {
    }

    void IBuilderAgent.Drain()
    {
    }

    void IBuilderAgent.Rejoin()
    {
    }
}
