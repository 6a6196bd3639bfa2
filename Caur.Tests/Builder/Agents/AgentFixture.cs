using Caur.Builder;
using Caur.Builder.Engines;
using Caur.Protocol.Builders;
using Caur.Tests.Support;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Caur.Tests.Builder.Agents;

/// <summary>A workspace, a source repository, the real engine and a control plane in memory; agents are started in it, one after another
/// as one machine would. Whatever containers are left are removed with it, and counted by <see cref="ContainersAsync"/> before.</summary>
internal sealed class AgentFixture : IAsyncDisposable
{
    /// <summary>A build that says one line and goes on until it is ended.</summary>
    public const string Endless = "echo ready; while :; do sleep 0.05; done";

    private readonly TestFolder _folder;
    private readonly List<ServiceProvider> _agents = [];
    private int _builds;

    public FakeSession Session { get; } = new();

    /// <summary>The agents' clock.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    public required EngineClient Engine { get; init; }

    public required string Socket { get; init; }

    public required string Image { get; init; }

    public required string Commit { get; init; }

    public string Workspace => _folder["workspace"];

    private string Repository => _folder["repository"];

    public static async Task<AgentFixture> CreateAsync()
    {
        var folder = new TestFolder();
        var repository = await TestRepository.CreateAsync(folder["repository"]);
        var commit = await repository.CommitAsync(
            ("hello/PKGBUILD", "pkgname=hello\n"),
            ("Lib.x++@1/PKGBUILD", "pkgname=Lib.x++@1\n"),
            ("real/PKGBUILD", "pkgname=real\npkgver=1.0\npkgrel=1\narch=(any)\npackage() { install -Dm755 /dev/null \"$pkgdir/usr/bin/real\"; }\n"));
        return new AgentFixture(folder)
        {
            Engine = await TestEngine.ClientAsync(),
            Socket = await TestEngine.SocketAsync(),
            Image = await TestEngine.ImageAsync(),
            Commit = commit,
        };
    }

    private AgentFixture(TestFolder folder) => _folder = folder;

    /// <summary>An order whose container runs the script, given to the agent as <c>$SCRIPT</c>.</summary>
    public BuildOrder Order(string script, string pkgbase = "hello") => new()
    {
        Attempt = new AttemptRef($"caur/x86_64/{pkgbase}/{1_900_000_000_000 + Interlocked.Increment(ref _builds)}", 1),
        Pkgbase = pkgbase,
        TargetRepository = "caur",
        Arch = "x86_64",
        SourceRepository = "tests",
        SourceUrl = Repository,
        Commit = Commit,
        Image = Image,
        Environment = new Dictionary<string, string> { ["SCRIPT"] = script },
    };

    public async Task<RunningAgent> StartAsync(Action<BuilderOptions>? configure = null)
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddFilter(_ => false));
        services.AddSingleton<IBuilderSession>(Session);
        services.AddSingleton(Time);
        services.AddBuilderAgent(options =>
        {
            options.Name = "tester";
            options.Workspace = Workspace;
            options.Engine.Address = Socket;
            options.Containers.Network = "none";
            options.Containers.Command = ["bash", "-c", "eval \"$SCRIPT\""];
            options.Attempts.TimeoutGrace = TimeSpan.FromMilliseconds(300);
            options.Attempts.InterruptGrace = TimeSpan.FromMilliseconds(300);
            options.Attempts.TerminateGrace = TimeSpan.FromMilliseconds(300);
            options.TakeEvery = TimeSpan.FromMilliseconds(200);
            configure?.Invoke(options);
        });
        var provider = services.BuildServiceProvider();
        _agents.Add(provider);
        var agent = new RunningAgent(provider.GetServices<IHostedService>().ShouldHaveSingleItem());
        await agent.StartAsync();
        return agent;
    }

    /// <summary>Runs one order on an agent of its own to its result.</summary>
    public async Task<AttemptResult> RunAsync(BuildOrder order, Action<BuilderOptions>? configure = null)
    {
        await using var agent = await StartAsync(configure);
        Session.Give(order);
        return await Session.ResultAsync(order.Attempt);
    }

    /// <summary>The containers of this workspace's agents.</summary>
    public async Task<IReadOnlyList<ContainerSummary>> ContainersAsync()
    {
        var instance = (await File.ReadAllTextAsync(Path.Combine(Workspace, "instance"), TestContext.Current.CancellationToken)).Trim();
        return await Engine.ListAsync([$"caur.instance={instance}"], TestContext.Current.CancellationToken);
    }

    /// <summary>No container and no attempt folder is left.</summary>
    public async Task ShouldBeCleanAsync()
    {
        (await ContainersAsync()).ShouldBeEmpty();
        Directory.EnumerateFileSystemEntries(Path.Combine(Workspace, "attempts")).ShouldBeEmpty();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var agent in _agents)
        {
            await agent.DisposeAsync();
        }

        if (File.Exists(Path.Combine(Workspace, "instance")))
        {
            foreach (var container in await ContainersAsync())
            {
                await Engine.RemoveAsync(container.Id, CancellationToken.None);
            }
        }

        Engine.Dispose();
        _folder.Dispose();
    }

    internal sealed class RunningAgent(IHostedService agent) : IAsyncDisposable
    {
        private bool _stopped;

        /// <summary>Ends when the agent ends of its own accord, and fails as it fails.</summary>
        public Task Work => ((BackgroundService)agent).ExecuteTask!;

        public Task StartAsync() => agent.StartAsync(TestContext.Current.CancellationToken).DefaultTimeout("the agent's start");

        public async Task StopAsync()
        {
            _stopped = true;
            await agent.StopAsync(TestContext.Current.CancellationToken).DefaultTimeout("the agent's end");
        }

        public async ValueTask DisposeAsync()
        {
            if (!_stopped)
            {
                await StopAsync();
            }
        }
    }
}
