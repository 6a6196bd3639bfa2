using System.Collections.Concurrent;
using System.Collections.Immutable;
using Caur.Api.Builds;
using Caur.Api.Farm;
using Caur.Api.Hosting;
using Caur.Api.Queue;
using Caur.Api.Repositories;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Contracts.Repositories;
using Caur.Contracts.Sources;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Caur.Tests.Cli;

/// <summary>A gateway over real HTTP whose answers a test decides; in shapes and status codes it is like the real one.</summary>
internal sealed class FakeFarm : IAsyncDisposable
{
    private readonly WebApplication _app;

    /// <summary>As it was when somebody asked last: whoever asks for the builders too has asked once.</summary>
    private IReadOnlyList<QueueSnapshot>? _queue;

    private FakeFarm()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddProblemDetails();
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.PropertyNamingPolicy = ApiNames.Policy);
        _app = builder.Build();
        _app.UseStatusCodePages();
        _app.Use((HttpContext context, RequestDelegate next) =>
        {
            if (!IsAway(context))
            {
                return next(context);
            }

            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            return Task.CompletedTask;
        });
        _app.UseRouting();
        _app.MapGet("/api/v1/farm", () => TypedResults.Ok(Farm));
        _app.MapGet("/api/v1/queue", () => TypedResults.Ok(QueueAnswers.Page(_queue = Queue())));
        _app.MapGet("/api/v1/builders", () => TypedResults.Ok(QueueAnswers.Builders(_queue ?? Queue())));
        _app.MapGet("/api/v1/builds", (string? package) => TypedResults.Ok(package is null ? QueueAnswers.Builds(Queue()) : QueueAnswers.Builds(package, Builds)));
        _app.MapGet("/api/v1/packages", () => TypedResults.Ok(QueueAnswers.Packages(Queue())));
        _app.MapPost("/api/queue/schedule", (ScheduleBody body, HttpContext context) =>
        {
            Token = context.Request.Headers.Authorization.ToString();
            Scheduled.Add(body);
            return Schedule(body);
        });
        _app.MapGet("/api/v1/builds/{target}/{arch}/{pkgbase}/{timestamp}", (string target, string arch, string pkgbase, string timestamp) =>
            Build(BuildId.Parse($"{target}/{arch}/{pkgbase}/{timestamp}")));
        _app.MapPost("/api/v1/builds/{target}/{arch}/{pkgbase}/{timestamp}/cancel", (string target, string arch, string pkgbase, string timestamp) =>
        {
            var build = BuildId.Parse($"{target}/{arch}/{pkgbase}/{timestamp}");
            Cancelled.Add(build);
            return Cancel(build);
        });
        _app.MapPost("/api/v1/repositories/{name}/{arch}/{verb}", (string name, string arch, string verb, ChangeBody body, HttpContext context) =>
        {
            Token = context.Request.Headers.Authorization.ToString();
            Changes.Enqueue((new TargetId(name, arch), verb, body));
            return Change(body);
        });
        _app.MapGet("/api/v1/repositories/{name}/{arch}/changes/{operation:guid}", (Guid operation) => ChangeStatus(operation));
        _app.MapPost("/api/v1/repositories/{name}/{arch}/verify", () => TypedResults.Accepted("", Verification()));
        _app.MapGet("/api/v1/repositories/{name}/{arch}/verify", () => TypedResults.Ok(Verification()));
        _app.MapGet("/api/logs/{**path}", (HttpContext context, string path) => Log(context, path));
    }

    public string Url => _app.Urls.Single();

    public FarmReply Farm { get; set; } = new(["caur"], [new FarmTarget("caur", ["x86_64"])]);

    public Func<IReadOnlyList<QueueSnapshot>> Queue { get; set; } = () => [new QueueSnapshot { Arch = "x86_64" }];

    public Func<ScheduleBody, IResult> Schedule { get; set; } = body => TypedResults.Ok(new ScheduleReply
    {
        Commit = "1234567890abcdef1234567890abcdef12345678",
        Builds = [.. (body.Packages ?? []).Select(package => new QueuedBuild(Id(package.Pkgbase), null, []))],
    });

    public Func<BuildId, IResult> Build { get; set; } = id =>
        TypedResults.Problem($"there is no build {id}", statusCode: StatusCodes.Status404NotFound);

    public Func<BuildId, IResult> Cancel { get; set; } = _ => TypedResults.Ok(new CancelReply(true, "it is cancelled"));

    public Func<ChangeBody, IResult> Change { get; set; } = body => TypedResults.Ok(Changed(body.Operation!.Value));

    public Func<Guid, IResult> ChangeStatus { get; set; } = operation => TypedResults.Ok(Changed(operation));

    public Func<VerificationView> Verification { get; set; } = () => new VerificationView();

    public Func<HttpContext, string, Task> Log { get; set; } = (context, _) =>
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    };

    /// <summary>Whether a request meets a proxy whose hub is away.</summary>
    public Func<HttpContext, bool> IsAway { get; set; } = _ => false;

    public List<PackageBuild> Builds { get; } = [];

    public ConcurrentBag<ScheduleBody> Scheduled { get; } = [];

    public ConcurrentBag<BuildId> Cancelled { get; } = [];

    public ConcurrentQueue<(TargetId Target, string Verb, ChangeBody Body)> Changes { get; } = [];

    public string? Token { get; private set; }

    public static async Task<FakeFarm> StartAsync()
    {
        var farm = new FakeFarm();
        await farm._app.StartAsync(TestContext.Current.CancellationToken);
        return farm;
    }

    public static BuildId Id(string pkgbase, long timestamp = 1000, string target = "caur", string arch = "x86_64") =>
        new(new PackageKey(new TargetId(target, arch), pkgbase), timestamp);

    public static RepositoryChangeView Changed(Guid operation, RepositoryChangeState state = RepositoryChangeState.Done) => new()
    {
        Operation = operation,
        Kind = RepositoryChangeKind.Keep,
        State = state,
        Generation = state == RepositoryChangeState.Done ? 7 : null,
        Packages = 200,
        Removed = 120,
        Bytes = 1536,
        Changes = [new PackageChange { Pkgname = "Hello++", Pkgbase = "hello", From = "1:2.0-1", FileName = "Hello++-1:2.0-1-any.pkg.tar.zst", Size = 1024 }],
    };

    public static BuildRequest Request(BuildId build) => new()
    {
        Package = build.Package,
        SourceRepository = "caur",
        Commit = "1234567890abcdef1234567890abcdef12345678",
    };

    public static QueueSnapshot Snapshot(params QueueItem[] items) => new() { Arch = "x86_64", Items = [.. items] };

    public static QueueItem Item(BuildId build, BuildState state, WaitReason wait = WaitReason.None, string explanation = "") => new()
    {
        Build = build,
        Request = Request(build),
        State = state,
        Wait = wait,
        Explanation = explanation,
        Builder = state == BuildState.Waiting ? null : new BuilderId("demo", "0"),
        Attempts = state == BuildState.Waiting ? 0 : 1,
    };

    public static IResult Final(BuildId build, BuildState state, string reason = "", string message = "") => TypedResults.Ok(new BuildReply
    {
        Build = build,
        State = state,
        Final = true,
        Reason = reason,
        View = new BuildView
        {
            Build = build,
            Request = Request(build),
            State = state,
            Reason = reason,
            Attempts = ImmutableArray.Create(new AttemptView
            {
                Number = 1,
                Builder = new BuilderId("demo", "0"),
                Accepted = DateTimeOffset.UnixEpoch.AddSeconds(10),
                End = AttemptEnd.Built,
                Ended = DateTimeOffset.UnixEpoch.AddSeconds(12),
                ExitCode = 0,
                Message = message,
            }),
            Finished = DateTimeOffset.UnixEpoch.AddSeconds(12.5),
        },
    });

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
