using System.Reflection;
using Caur.Builder.Attempts;
using Caur.Builder.Engines;
using Caur.Builder.Images;
using Caur.Builder.Leases;
using Caur.Builder.Sources;
using Caur.Builder.Timing;
using Caur.Builder.Workspaces;
using Caur.Protocol.Builders;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Caur.Builder.Agents;

/// <summary>The agent: joins, takes orders into its free slots, runs them, renews their leases, and cleans up after itself and after
/// whoever worked in its folder before.</summary>
internal sealed partial class BuilderAgent : BackgroundService, IBuilderAgent
{
    private static readonly TimeSpan RefusedAgain = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RefusedAtFirst = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AcceptWithin = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(5);

    private readonly IBuilderSession _session;
    private readonly EngineClient _engine;
    private readonly BuilderOptions _options;
    private readonly BuilderInstruments _instruments;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly LeaseKeeper _leases;
    private readonly ImageStore _images;
    private readonly BuilderFitness _fitness;
    private readonly Guid _boot = Guid.NewGuid();
    private readonly Pulse _wake = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<AttemptRef, Task> _runs = [];
    private readonly HashSet<AttemptRef> _busy = [];
    private CancellationTokenSource? _taking;
    private int _begun;
    private string? _unbuilt;
    private BuilderCapacity _told;
    private string _toldProblem = "";
    private volatile bool _draining;
    private volatile bool _hasJoined;
    private volatile bool _mustJoin;

    public BuilderAgent(
        IBuilderSession session, IOptions<BuilderOptions> options, BuilderInstruments instruments, TimeProvider time, ILoggerFactory loggers)
    {
        (_session, _options, _instruments, _time, _loggers) = (session, options.Value, instruments, time, loggers);
        _logger = loggers.CreateLogger<BuilderAgent>();
        _engine = new EngineClient(_options.Engine, time);
        _images = new ImageStore(_engine, _options.Images, time, loggers.CreateLogger<ImageStore>());
        _fitness = new BuilderFitness(_engine, _images, _options, time);
        _leases = new LeaseKeeper(session, _options, time, loggers.CreateLogger<LeaseKeeper>()) { SessionUnknown = Rejoin };
    }

    /// <inheritdoc/>
    public IReadOnlyList<AttemptRef> Running => _leases.Running;

    /// <inheritdoc/>
    public void WorkAvailable() => _wake.Set();

    /// <inheritdoc/>
    public void Cancel(AttemptRef attempt, string reason) => _leases.Find(attempt)?.RequestStop(StopKind.Cancelled, reason);

    /// <inheritdoc/>
    public void Drain()
    {
        _draining = true;
        LogDraining(_logger);
        StopTaking();
    }

    /// <inheritdoc/>
    public void Rejoin()
    {
        _fitness.ForgetImage();
        _mustJoin = true;
        StopTaking();
    }

    public override void Dispose()
    {
        _leases.Dispose();
        _engine.Dispose();
        base.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Leaves the host's start to go on: what follows reads folders.
        await Task.Yield();
        using var workspace = _options.SharesWorkspace
            ? Workspace.OpenShared(_options.Workspace, _options.HostWorkspace)
            : Workspace.Open(_options.Workspace, _options.HostWorkspace);
        LogStarting(_logger, _options.Name, workspace.Instance, _options.Slots, _engine.Address);
        var services = Services(workspace);
        using var background = new CancellationTokenSource();
        using var working = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        List<Task> helpers = [];
        var work = Task.CompletedTask;
        try
        {
            await StartOverAsync(services, await FindCandidatesAsync(workspace, stoppingToken), stoppingToken);
            helpers = [_leases.RunAsync(background.Token), SweepAsync(services, background.Token)];
            work = TakeWorkAsync(services, working.Token);
            await GoesOnAsync(work, helpers);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The normal end; what runs is dealt with below, while the leases are still renewed.
        }
        finally
        {
            await working.CancelAsync();
            await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await EndRunsAsync();
            await background.CancelAsync();
            await Task.WhenAll(helpers).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (_unbuilt is { } problem && !stoppingToken.IsCancellationRequested)
        {
            throw new InvalidOperationException(problem);
        }
    }

    /// <summary>Without what goes on beside the work, as the renewal of leases, there is none: an agent that goes on would look healthy.</summary>
    private async Task GoesOnAsync(Task work, IReadOnlyList<Task> helpers)
    {
        var first = await Task.WhenAny([work, .. helpers]);
        if (first != work)
        {
            LogHelperEnded(_logger, first.Exception?.InnerException);
        }

        await first;
    }

    private AttemptServices Services(Workspace workspace) => new()
    {
        Session = _session,
        Engine = _engine,
        Images = _images,
        Fitness = _fitness,
        Sources = new SourceStore(workspace.Sources, _options.Sources, _time, _loggers.CreateLogger<SourceStore>()),
        Workspace = workspace,
        Leases = _leases,
        Options = _options,
        Instruments = _instruments,
        Time = _time,
        Logger = _loggers.CreateLogger<AttemptRun>(),
    };

    private void StopTaking()
    {
        lock (_gate)
        {
            _taking?.Cancel();
        }

        _wake.Set();
    }

    /// <summary>Says hello until it is accepted.</summary>
    /// <param name="running">What runs here, asked for at each try.</param>
    /// <param name="onRefused">A builder that may not join ends what it runs.</param>
    /// <param name="workspace">For the instance's id.</param>
    /// <param name="cancellationToken">Ends the tries.</param>
    private async Task<HelloReply> HelloAsync(
        Func<IReadOnlyList<AttemptRef>> running, Func<Task> onRefused, Workspace workspace, CancellationToken cancellationToken)
    {
        var hello = new BuilderHello
        {
            Name = _options.Name,
            Instance = workspace.Instance,
            BootId = _boot,
            Class = _options.Class,
            Architectures = [.. _options.Architectures],
            Labels = [.. _options.Labels],
            Slots = Slots,
            Version = typeof(BuilderAgent).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "",
        };
        var backoff = new Backoff(_time);
        var refusals = new Backoff(_time, RefusedAtFirst);
        long? refused = null;
        while (true)
        {
            _mustJoin = false;
            try
            {
                using var limit = new CancellationTokenSource(_options.CallTimeout, _time);
                using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
                _told = BuilderCapacity.Of(_options);
                hello = hello with
                {
                    Running = running(),
                    Problem = _fitness.Problem,
                    MemoryMiB = _told.MemoryMiB,
                    DiskMiB = _told.DiskMiB,
                };
                var reply = await _session.HelloAsync(hello, this, linked.Token).WaitAsync(linked.Token);
                if (reply.Accepted)
                {
                    _hasJoined = true;
                    _toldProblem = hello.Problem;

                    // Who may join may work: the control plane offers nothing to those that are to drain.
                    _draining = false;
                    _leases.Joined(reply);
                    LogJoined(_logger, _options.Name, hello.Running.Count, reply.Current.Count);
                    return reply;
                }

                LogRefused(_logger, reply.Reason ?? "no reason was given");
                refused ??= _time.GetTimestamp();
                if (_time.GetElapsedTime(refused.Value) < _options.RefusalGrace)
                {
                    // It may be this agent's own last link, which the far end has not noticed the end of.
                    await refusals.WaitAsync(cancellationToken);
                    continue;
                }

                await onRefused();
                await Task.Delay(Backoff.Jitter(RefusedAgain), _time, cancellationToken);
            }
            catch (Exception error) when (!cancellationToken.IsCancellationRequested)
            {
                LogNotJoined(_logger, error.Message);
                await backoff.WaitAsync(cancellationToken);
            }
        }
    }
}
