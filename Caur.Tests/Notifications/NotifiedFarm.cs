using System.Collections.Concurrent;
using Caur.Contracts.Builds;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Notifications;
using Caur.Contracts.Queue;
using Caur.Contracts.Repositories;
using Caur.Storage.Logs;
using Caur.Tests.Grains;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using ControlPlane = Caur.Tests.Grains.Farm;

namespace Caur.Tests.Notifications;

/// <summary>A farm whose clock stands still, a server that stands for everybody who is told, and a builder.</summary>
internal sealed class NotifiedFarm : IAsyncDisposable
{
    public const string Token = "glpat-s3cr3t-token";
    public const string BotToken = "1234567890:AAF-s3cr3t_bot";
    public const string HookSecret = "s3cr3t-of-the-hook";
    public const string Sha = "1111111111222222222233333333334444444444";

    private readonly Action<FarmOptions, NotificationOptions> _options;

    private NotifiedFarm(RecordingServer server, Action<FarmOptions, NotificationOptions> options) => (Server, _options) = (server, options);

    public RecordingServer Server { get; }

    public ControlPlane Farm { get; private set; } = null!;

    public ScriptedBuilder Builder { get; private set; } = null!;

    public AllLines Log { get; } = new();

    public INotificationsGrain Grain => Farm.Client.GetGrain<INotificationsGrain>(INotificationsGrain.Key);

    public static async Task<NotifiedFarm> StartAsync(Action<NotifiedFarm, FarmOptions, NotificationOptions> options)
    {
        var server = await RecordingServer.StartAsync();
        NotifiedFarm farm = null!;
        farm = new NotifiedFarm(server, (one, other) => options(farm, one, other));
        farm.Farm = await ControlPlane.StartAsync(configure: farm.Configure);
        farm.Builder = new ScriptedBuilder(farm.Farm, slots: 100);
        await farm.Builder.JoinAsync();

        // What happens before its first look is the past.
        await farm.Grain.WakeAsync();
        await farm.PassAsync(2);
        return farm;
    }

    /// <summary>Commit statuses at the server.</summary>
    public void WithForge(FarmOptions farm, NotifierKind kind = NotifierKind.GitLab, string project = "group/packages")
    {
        farm.SourceRepositories["packages"].Url = kind == NotifierKind.GitLab ? "https://gitlab.example.org/group/packages.git" : "git@github.com:group/packages.git";
        farm.LogsUrl = "https://logs.example.org/logs.html";
        farm.Notifiers["packages"] = new NotifierOptions
        {
            Project = project,
            Token = Token,
            CheckName = "farm: %pkgbase%",
            Kind = kind,
            Url = $"{Server.Address}/api",
        };
    }

    /// <summary>A Telegram chat at the server.</summary>
    public void WithTelegram(NotificationOptions options, string chat = "-100123") =>
        (options.TelegramToken, options.TelegramChat, options.TelegramUrl) = (BotToken, chat, Server.Address);

    /// <summary>A webhook at the server.</summary>
    public void WithHook(NotificationOptions options, params string[] events)
    {
        options.Webhooks["one"] = new WebhookOptions { Url = $"{Server.Address}/hook?x=1", Secret = HookSecret };
        options.Webhooks["one"].Events = events.Length > 0 ? [.. events] : options.Webhooks["one"].Events;
    }

    public static BuildRequest Request(string pkgbase, string? pipeline = null) =>
        ControlPlane.Request(pkgbase) with { Commit = Sha, Pipeline = pipeline };

    public async Task<BuildId> EnqueueAsync(string pkgbase, string? pipeline = null) =>
        (await Farm.Queue.EnqueueAsync(new EnqueueRequest { Operation = Guid.NewGuid(), Builds = [Request(pkgbase, pipeline)] }))[0].Build;

    /// <summary>Queues packages, and has the builder end them all alike.</summary>
    public async Task<IReadOnlyList<BuildId>> BuildAsync(AttemptEnd end, params IEnumerable<string> pkgbases)
    {
        await Builder.JoinAsync();
        var builds = (await Farm.Queue.EnqueueAsync(new EnqueueRequest { Operation = Guid.NewGuid(), Builds = [.. pkgbases.Select(pkgbase => Request(pkgbase))] }))
            .Select(reply => reply.Build).ToList();
        foreach (var offer in await Builder.TakeAsync(100))
        {
            (await Builder.AcceptAsync(offer.Attempt)).ShouldBeTrue();
            Builder.Running.Add(offer.Attempt);
            if (end == AttemptEnd.Built)
            {
                await Builder.FinishAsync(offer.Attempt);
            }
            else
            {
                await Builder.CompleteAsync(offer.Attempt, end);
            }
        }

        await Farm.UntilAsync(async () => (await Farm.Queue.GetAsync()).Items.IsEmpty, "all builds end");
        return builds;
    }

    public async Task<RepositoryChangeView> RemoveAsync(params string[] names)
    {
        var change = new RepositoryChange { Operation = Guid.NewGuid(), Kind = RepositoryChangeKind.Remove, Names = [.. names] };
        await Farm.Repository().ChangeAsync(change);
        await Farm.UntilAsync(async () => (await Farm.Repository().GetChangeAsync(change.Operation))?.State is RepositoryChangeState.Done or RepositoryChangeState.Refused, "the change ends");
        return (await Farm.Repository().GetChangeAsync(change.Operation))!;
    }

    /// <summary>Lets time pass until nothing waits to be told.</summary>
    public async Task ToldAsync(int seconds = 120)
    {
        await Farm.AdvanceAsync(TimeSpan.FromSeconds(2));
        await Farm.AdvanceUntilAsync(async () => (await Grain.GetAsync()).Channels.All(channel => channel.Waiting == 0), "everything is told", seconds);
    }

    public Task PassAsync(int seconds) => Farm.AdvanceAsync(TimeSpan.FromSeconds(seconds));

    /// <summary>The clock goes on at once, without the ticks in between.</summary>
    public async Task JumpAsync(TimeSpan span)
    {
        Farm.Clock.Advance(span);
        await PassAsync(1);
    }

    /// <summary>The host ends as if it was killed between two ticks, and another begins on its folder.</summary>
    public async Task RestartAsync()
    {
        Builder.Boot = Guid.NewGuid();
        await Farm.RestartAsync();
        await Builder.JoinAsync();
    }

    /// <summary>The texts of Telegram messages that came.</summary>
    public IReadOnlyList<string> Messages => [.. Server.Requests.Where(request => request.Target.EndsWith("/sendMessage", StringComparison.Ordinal)).Select(request => request.Text("text"))];

    /// <summary>State and description of statuses that came.</summary>
    public IReadOnlyList<string> Statuses =>
        [.. Server.Requests.Where(request => request.Target.Contains("/statuses/", StringComparison.Ordinal)).Select(request => $"{request.Text("state")} {request.Text("description")}")];

    public async ValueTask DisposeAsync()
    {
        await Farm.DisposeAsync();
        await Server.DisposeAsync();

        // Of every test: whatever is said, no secret is.
        string.Join('\n', Log.Lines).ShouldNotContain("s3cr3t");
    }

    private void Configure(ControlPlane farm, IHostApplicationBuilder builder)
    {
        builder.Logging.AddProvider(Log);
        builder.Logging.SetMinimumLevel(LogLevel.Trace);
        builder.Services.AddSingleton(new BuildLogIndex(farm.LogFolder, farm.Clock));
        builder.Services.AddOptions<FarmOptions>();
        var notifications = new NotificationOptions();
        var options = new FarmOptions();
        builder.Services.PostConfigure<FarmOptions>(one => _options(one, new NotificationOptions()));
        options.SourceRepositories["packages"] = new SourceRepositoryOptions();
        _options(options, notifications);
        builder.Services.AddSingleton(Microsoft.Extensions.Options.Options.Create(notifications));
    }
}

/// <summary>Keeps everything that is logged.</summary>
internal sealed class AllLines : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();

    public IReadOnlyList<string> Lines => [.. _lines];

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
        _lines.Enqueue($"{logLevel} {formatter(state, exception)} {exception}");

    public void Dispose()
    {
    }
}
