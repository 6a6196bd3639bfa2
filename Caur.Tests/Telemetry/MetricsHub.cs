using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using Caur.Api.Builders;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Protocol.Builders;
using Caur.Silo.Hub;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Orleans;

namespace Caur.Tests.Telemetry;

/// <summary>A whole hub in this process, and a builder of it that says what a test wants.</summary>
internal sealed partial class MetricsHub : IAsyncDisposable, IBuilderAgent
{
    private readonly TemporaryFolder _folder = new();
    private readonly WebApplication _app;
    private bool _isGone;

    private MetricsHub(IReadOnlyDictionary<string, string>? variables)
    {
        _app = QuietHub.Build(new HubSettings
        {
            DataFolder = _folder["data"],
            WebPort = 0,
            RunAgent = false,
            Variable = name => variables?.GetValueOrDefault(name) ?? name switch
            {
                "PACKAGE_REPOS" => """{"sources":{"url":"/nonexistent"}}""",
                "PACKAGE_TARGET_REPOS" => """{"farm":{}}""",
                "GPG_PATH" => _folder["keys"],
                _ => null,
            },
        });
    }

    public HttpClient Http { get; private set; } = null!;

    public static async Task<MetricsHub> StartAsync(IReadOnlyDictionary<string, string>? variables = null)
    {
        var hub = new MetricsHub(variables);
        await hub._app.StartAsync();
        hub.Http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{new Uri(hub._app.Urls.First().Replace("[::]", "localhost", StringComparison.Ordinal)).Port}") };
        while ((await hub.Http.GetAsync("/health/startup")).StatusCode != HttpStatusCode.OK)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }

        hub.Http.DefaultRequestHeaders.Authorization =
            new AuthenticationHeaderValue("Bearer", (await File.ReadAllTextAsync(hub._folder["data", "admin.token"])).Trim());
        return hub;
    }

    /// <summary>Queues packages, has them built in as many ways as there are, and asks for them by every route.</summary>
    public async Task BuildAsync(string prefix, int count)
    {
        AttemptOutcome[] outcomes =
        [
            AttemptOutcome.Failed, AttemptOutcome.Skipped, AttemptOutcome.AlreadyBuilt, AttemptOutcome.TimedOut, AttemptOutcome.Stalled,
            AttemptOutcome.OutOfMemory,
        ];
        var names = Enumerable.Range(0, count).Select(number => $"{prefix}-{number}").ToList();
        var queue = _app.Services.GetRequiredService<IClusterClient>().GetGrain<IBuildQueueGrain>("x86_64");
        var queued = await queue.EnqueueAsync(new EnqueueRequest
        {
            Operation = Guid.NewGuid(),
            Builds = [.. names.Select(Request)],
        });
        var session = _app.Services.GetRequiredService<GrainBuilderSession>();
        (await session.HelloAsync(
            new BuilderHello { Name = $"{prefix}-builder", Instance = "0", BootId = Guid.NewGuid(), Architectures = ["x86_64"], Slots = 100 }, this, default)).Accepted.ShouldBeTrue();
        var built = 0;
        while (built < count - 1)
        {
            foreach (var order in await session.TakeAsync(Math.Min(10, count - 1 - built), default))
            {
                if (!await session.AcceptAsync(order.Attempt, default))
                {
                    // On a slow machine the offer was withdrawn meanwhile; it comes again.
                    continue;
                }

                await session.AppendLogAsync(new LogChunk { Attempt = order.Attempt, Sequence = 0, Offset = 0, Bytes = Encoding.ASCII.GetBytes("hello\n") }, default);
                (await session.CompleteAsync(
                    new AttemptResult
                    {
                        Attempt = order.Attempt,
                        Outcome = outcomes[built % outcomes.Length],
                        Started = TimeProvider.System.GetUtcNow() - TimeSpan.FromSeconds(built % 50),
                        Finished = TimeProvider.System.GetUtcNow(),
                    },
                    default)).ShouldBeTrue();
                built++;
            }
        }

        (await queue.CancelAsync((await queue.GetAsync()).Items.Single().Build, "no more wanted")).Done.ShouldBeTrue();
        foreach (var build in queued.Select(reply => reply.Build).Take(20))
        {
            foreach (var path in (string[])[$"/api/logs/{build.Pkgbase}", $"/api/v1/builds/{build}", $"/api/v1/packages/{build.Pkgbase}/builds", $"/{build.Pkgbase}", $"/repos/{build.Pkgbase}/x/y"])
            {
                (await Http.GetAsync(path)).Dispose();
            }

            using var odd = new HttpRequestMessage(new HttpMethod(build.Pkgbase.Replace("-", "", StringComparison.Ordinal).ToUpperInvariant()), "/api/queue/stats");
            (await Http.SendAsync(odd)).Dispose();
        }

        await session.GoodbyeAsync(default);
    }

    /// <summary>Queues two builds, the second of which depends on the first, in a queue that is paused.</summary>
    public async Task PauseWithAsync(string first, string second)
    {
        var queue = _app.Services.GetRequiredService<IClusterClient>().GetGrain<IBuildQueueGrain>("x86_64");
        await queue.PauseAsync(true);
        await queue.EnqueueAsync(new EnqueueRequest
        {
            Operation = Guid.NewGuid(),
            Builds = [Request(first), Request(second) with { DependsOn = [first] }],
        });
    }

    /// <summary>Sends to every route, with names that mean nothing, by each of its methods and by others, with and without a token and a
    /// body; and to paths that are none.</summary>
    public async Task AskEverythingAsync(string name, string method)
    {
        using var stranger = new HttpClient { BaseAddress = Http.BaseAddress };
        var paths = _app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .SelectMany(route => new[] { Parameter().Replace(route.RoutePattern.RawText!, name), Parameter().Replace(route.RoutePattern.RawText!, Known) })
            .Append($"/{name}.php").Append($"/api/{name}").Append($"/api/logs/{name}/1795249937633").Append($"/api/v1/builds/farm/x86_64/{name}/1795249937633")
            .Append($"/api/v1/packages/sources/{name}").Append($"/api/v1/packages/{name}/builds");
        foreach (var path in paths.Distinct())
        {
            foreach (var verb in (string[])["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", method])
            {
                await TryAsync(Http, verb, path, null);
                await TryAsync(stranger, verb, path, "{}");
                await TryAsync(Http, verb, path, null, isKnown: true);
            }
        }
    }

    /// <summary>Names that the hub knows, when a build of "first" is queued.</summary>
    private static string Known(Match parameter) => parameter.Groups["name"].Value switch
    {
        "source" => "sources",
        "arch" => "x86_64",
        "id" or "pkgbase" => "first",
        "path" => "farm/x86_64/farm.db",
        _ => "farm",
    };

    private static async Task TryAsync(HttpClient http, string method, string path, string? body, bool isKnown = false)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (isKnown)
        {
            // Whatever the client has, it has.
            request.Headers.IfNoneMatch.Add(EntityTagHeaderValue.Any);
        }

        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5), TimeProvider.System);
        try
        {
            (await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token)).Dispose();
        }
        catch (OperationCanceledException)
        {
            // It waits for something to follow.
        }
    }

    [GeneratedRegex(@"\{\**(?<name>\w+)[^}]*\}")]
    private static partial Regex Parameter();

    /// <summary>The metrics, no older than a second.</summary>
    public async Task<MetricsText> MetricsAsync()
    {
        // The queue's numbers are those of its last sweep, which comes once a second.
        await Task.Delay(TimeSpan.FromSeconds(1.5), TimeProvider.System);
        return new MetricsText(await Http.GetStringAsync("/metrics"));
    }

    /// <summary>Ends it, and sends what waits to be sent.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isGone)
        {
            return;
        }

        _isGone = true;
        Http?.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        _folder.Dispose();
    }

    private static BuildRequest Request(string pkgbase) => new()
    {
        Package = new PackageKey(new TargetId("farm", "x86_64"), pkgbase),
        SourceRepository = "sources",
        Commit = new string('a', 40),
    };

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
