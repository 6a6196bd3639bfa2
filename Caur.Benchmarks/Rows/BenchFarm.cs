using System.Collections.Immutable;
using System.Diagnostics.Metrics;
using System.Net.Http.Headers;
using Caur.Api.Auth;
using Caur.Api.Builders;
using Caur.Benchmarks.Engines;
using Caur.Benchmarks.Running;
using Caur.Builder.Link;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Logs;
using Caur.Contracts.Queue;
using Caur.Grains.Queue;
using Caur.Grains.Repositories;
using Caur.Protocol.Builders;
using Caur.Silo.Hub;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Orleans;

namespace Caur.Benchmarks.Rows;

/// <summary>The hub in this process, as it is composed for users: grains, engine with its file, log files, sessions, gateway. Only its
/// repositories are in memory, it has no key and no agent, and it is silent.</summary>
internal sealed class BenchFarm : IAsyncDisposable
{
    public const string Arch = "x86_64";
    public static readonly TargetId Target = new("farm", Arch);

    private readonly WebApplication _hub;
    private readonly MeterListener _listener = new();
    private readonly TaskCompletionSource[] _marks;
    private readonly int[] _counts;
    private int _finished;

    private BenchFarm(WebApplication hub, int[] counts)
    {
        _hub = hub;
        _counts = counts;
        _marks = [.. counts.Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))];
    }

    public MemoryPublisher Publisher => (MemoryPublisher)_hub.Services.GetRequiredService<IRepositoryPublisher>();

    public IClusterClient Client => _hub.Services.GetRequiredService<IClusterClient>();

    public IBuildQueueGrain Queue => Client.GetGrain<IBuildQueueGrain>(Arch);

    public Uri Url => new(_hub.Urls.Single());

    /// <summary>How many builds have reached a final state.</summary>
    public int Finished => Volatile.Read(ref _finished);

    /// <summary>Starts one over an empty folder.</summary>
    /// <param name="folder">Where its data lies.</param>
    /// <param name="clock">Its time.</param>
    /// <param name="counts">After so many builds that reached their final state <see cref="ReachedAsync"/> tells.</param>
    public static async Task<BenchFarm> StartAsync(string folder, TimeProvider? clock = null, params int[] counts)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["PACKAGE_REPOS"] = """{"packages":{"url":"https://example.org/packages.git"}}""",
            ["PACKAGE_TARGET_REPOS"] = """{"farm":{}}""",
        };
        var settings = new HubSettings { DataFolder = folder, WebPort = 0, RunAgent = false, Variable = variables.GetValueOrDefault };
        var hub = HubHost.Build(settings, builder =>
        {
            builder.Logging.ClearProviders();
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            foreach (var service in builder.Services
                .Where(static service => service.ServiceType == typeof(IHostedService))
                .Where(static service => service.ImplementationType == typeof(HubService) || service.ImplementationType == typeof(GpgAgentService))
                .ToList())
            {
                builder.Services.Remove(service);
            }

            builder.Services.AddSingleton<IRepositoryPublisher>(new MemoryPublisher());
            builder.Services.AddSingleton<ITrustedKeys, NoKeys>();
            if (clock is not null)
            {
                // Its hours are nobody's: who waits for an answer waits as long as it takes.
                builder.Services.AddSingleton(clock);
                builder.Services.WaitForAnswers(TimeSpan.FromDays(1));
            }
        });
        var farm = new BenchFarm(hub, counts);
        farm.Listen();
        await hub.StartAsync();
        return farm;
    }

    /// <summary>Orders for packages with their edges.</summary>
    public static ImmutableArray<BuildRequest> Requests(IEnumerable<GeneratedFolder> folders, BuildPriority priority = BuildPriority.Manual) =>
    [
        .. folders.Select(folder => new BuildRequest
        {
            Package = new PackageKey(Target, folder.Pkgbase),
            SourceRepository = "packages",
            Commit = "0123456789abcdef0123456789abcdef01234567",
            DependsOn = [.. folder.After],
            Pkgnames = [.. folder.Pkgnames],
            Priority = priority,
        }),
    ];

    /// <summary>Queues builds in one call.</summary>
    public Task<ImmutableArray<QueuedReply>> EnqueueAsync(IEnumerable<GeneratedFolder> folders, BuildPriority priority = BuildPriority.Manual) =>
        Queue.EnqueueAsync(new EnqueueRequest { Operation = Guid.NewGuid(), Builds = Requests(folders, priority) });

    public IBuildGrain Build(BuildId build) => Client.GetGrain<IBuildGrain>(build.ToString());

    public IBuildLogGrain Log(BuildId build) => Client.GetGrain<IBuildLogGrain>(build.ToString());

    /// <summary>A session for one builder.</summary>
    public GrainBuilderSession NewSession() => ActivatorUtilities.CreateInstance<GrainBuilderSession>(_hub.Services);

    /// <summary>A builder that has joined over a link.</summary>
    public async Task<LinkSession> LinkAsync(string name, CancellationToken cancellationToken)
    {
        var token = await TokenAsync(name, cancellationToken);
        var session = new LinkSession(new LinkAgentOptions { Gateway = Url, Token = () => token }, TimeProvider.System, NullLogger<LinkSession>.Instance);
        var hello = new BuilderHello { Name = name, Instance = "0", BootId = Guid.NewGuid(), Architectures = [Arch], Slots = 8 };
        var reply = await session.HelloAsync(hello, new Drain.NoAgent(), cancellationToken);
        BenchRun.Check(reply.Accepted, $"{name} may not join: {reply.Reason}");
        return session;
    }

    /// <summary>A token that is good for one builder's name.</summary>
    public async Task<string> TokenAsync(string builder, CancellationToken cancellationToken) =>
        (await _hub.Services.GetRequiredService<TokenStore>().CreateAsync(TokenRole.Builder, builder, null, cancellationToken)).Token;

    /// <summary>A client of the gateway with an admin's token.</summary>
    public async Task<HttpClient> ClientAsync()
    {
        var (_, token) = await _hub.Services.GetRequiredService<TokenStore>().CreateAsync(TokenRole.Admin, "bench", null, CancellationToken.None);
        var client = new HttpClient { BaseAddress = Url, Timeout = TimeSpan.FromMinutes(5) };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }

    /// <summary>Completes when the number of builds that was named at the start has reached a final state.</summary>
    public Task ReachedAsync(int mark) => _marks[mark].Task;

    public async ValueTask DisposeAsync()
    {
        await _hub.StopAsync();
        await _hub.DisposeAsync();
        _listener.Dispose();
    }

    private void Listen()
    {
        var meters = _hub.Services.GetRequiredService<IMeterFactory>();
        _ = _hub.Services.GetRequiredService<QueueInstruments>();
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Scope == meters && instrument.Name == "caur.builds.finished")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((_, count, _, _) =>
        {
            var finished = Interlocked.Add(ref _finished, (int)count);
            for (var i = 0; i < _counts.Length; i++)
            {
                if (finished >= _counts[i])
                {
                    _marks[i].TrySetResult();
                }
            }
        });
        _listener.Start();
    }

    private sealed class NoKeys : ITrustedKeys
    {
        public ValueTask<IReadOnlyList<string>> GetAsync(CancellationToken cancellationToken) => ValueTask.FromResult<IReadOnlyList<string>>([]);
    }
}
