using Caur.Embedded.Activations;
using Caur.Embedded.Calls;
using Caur.Embedded.Observers;
using Caur.Embedded.Reminders;
using Caur.Embedded.Storage;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Configuration;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Caur.Embedded;

/// <summary>
/// The host of all grains of this process. It is no cluster: there is no membership, no remote call and no second one, and whoever needs
/// those takes Orleans.
/// </summary>
internal sealed class EmbeddedEngine : IHostedService, IDisposable
{
    private static readonly TimeSpan DrainPoll = TimeSpan.FromMilliseconds(10);

    private readonly Lock _lock = new();
    private readonly EmbeddedEngineOptions _options;
    private Queue<Request>? _early = new();
    private IdleCollector? _collector;
    private StateDatabase? _database;
    private volatile State _state = State.Created;

    public EmbeddedEngine(
        EmbeddedEngineOptions options,
        IOptions<GrainCollectionOptions> collection,
        IOptions<ReminderOptions> reminders,
        IServiceProvider services,
        EngineInstruments instruments,
        ILogger<EmbeddedEngine> logger)
    {
        _options = options;
        Collection = collection.Value;
        Services = services;
        Instruments = instruments;
        Logs = new EngineLog(logger);
        Time = options.Clock ?? services.GetService<TimeProvider>() ?? TimeProvider.System;
        Classes = new GrainClasses(options.GrainAssemblies.SelectMany(static assembly => assembly.GetTypes()).Concat(options.GrainClasses));
        Activations = new ActivationDirectory(this);
        Observers = new ObserverDirectory(this);
        Timeouts = new ResponseTimeouts(Time, options.ResponseTimeout);
        Reminders = new ReminderService(this, reminders.Value);
        Factory = new EmbeddedFactory(this);
        instruments.Watch(() => Activations.Count, () => Activations.All.Sum(static activation => activation.Queued));
    }

    private enum State
    {
        /// <summary>Calls wait.</summary>
        Created,
        Running,

        /// <summary>Only calls of calls that run already are taken.</summary>
        Draining,

        /// <summary>Only calls to grains that are still active are taken.</summary>
        Deactivating,
        Stopped,
    }

    public IServiceProvider Services { get; }

    public TimeProvider Time { get; }

    public GrainCollectionOptions Collection { get; }

    public EngineInstruments Instruments { get; }

    public EngineLog Logs { get; }

    public GrainClasses Classes { get; }

    public ActivationDirectory Activations { get; }

    public ObserverDirectory Observers { get; }

    public ResponseTimeouts Timeouts { get; }

    public ReminderService Reminders { get; }

    public EmbeddedFactory Factory { get; }

    public bool IsStopping => _state >= State.Deactivating;

    /// <summary>Sends a call on its way. Never throws: what goes wrong is told to the caller.</summary>
    public void Send(Request request)
    {
        if (_state != State.Running && !IsTaken(request))
        {
            return;
        }

        if (!request.Method.IsOneWay)
        {
            Timeouts.Add(request);
            if (request.IsSettled)
            {
                // Cancelled since its token was looked at.
                request.Reject(new OperationCanceledException());
                return;
            }
        }

        try
        {
            if (request.Reference.IsObserver)
            {
                Observers.Send(request);
            }
            else
            {
                Activations.Send(request);
            }
        }
        catch (Exception error)
        {
            request.Reject(error);
        }
    }

    public Task StartAsync(CancellationToken cancellationToken)
    {
        CheckStorages();
        _database = Services.GetRequiredService<StateDatabase>();
        Reminders.Start(_database);
        _collector = new IdleCollector(this);
        Queue<Request> early;
        lock (_lock)
        {
            early = _early ?? new();
            _early = null;
            _state = State.Running;
        }

        foreach (var request in early)
        {
            Send(request);
        }

        Logs.Started(Classes.All.Count(), Reminders.Count);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (_state is State.Stopped)
        {
            return;
        }

        Queue<Request> early;
        lock (_lock)
        {
            // Calls that waited for a start that never came.
            early = _early ?? new();
            _early = null;
            _state = State.Draining;
        }

        foreach (var request in early)
        {
            request.Reject(Stopped(request));
        }

        _collector?.Dispose();
        Reminders.Dispose();
        foreach (var activation in Activations.All)
        {
            activation.StopTimers();
        }

        // Real time, whatever the engine's clock is: a process that ends does not wait for a clock that a test holds.
        using var drain = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        drain.CancelAfter(_options.DrainTimeout);
        await WaitAsync(() => Activations.All.All(static activation => !activation.IsBusy), drain.Token);
        _state = State.Deactivating;
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        end.CancelAfter(_options.DrainTimeout);
        await WaitAsync(IsEverythingDeactivated, end.Token);
        if (Activations.Count > 0)
        {
            Logs.StoppedBusy(Activations.Count);
        }

        _state = State.Stopped;
        foreach (var (request, _) in Timeouts.Outstanding())
        {
            request.TryFail(Stopped(request));
        }

        Timeouts.Dispose();
        _database?.Dispose();
        Logs.Stopped();
    }

    public void Dispose()
    {
        _collector?.Dispose();
        Reminders.Dispose();
        Timeouts.Dispose();
    }

    // Asked of all each time: a call that was on its way when the engine began to stop may have activated one more.
    private bool IsEverythingDeactivated()
    {
        foreach (var activation in Activations.All)
        {
            activation.Deactivate(new DeactivationReason(DeactivationReasonCode.ShuttingDown, "The engine stops."));
        }

        return Activations.Count == 0;
    }

    private static async Task WaitAsync(Func<bool> condition, CancellationToken limit)
    {
        while (!condition() && !limit.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(DrainPoll, TimeProvider.System, limit);
            }
            catch (OperationCanceledException) when (limit.IsCancellationRequested)
            {
                return;
            }
        }
    }

    private static SiloUnavailableException Stopped(Request request) =>
        new($"{request.Name} on {request.Target} was not answered: the embedded engine has stopped.");

    private bool IsTaken(Request request)
    {
        lock (_lock)
        {
            switch (_state)
            {
                case State.Created:
                    _early!.Enqueue(request);
                    return false;
                case State.Running:
                case State.Draining when CallContext.Turn is { HasRun: false }:
                case State.Deactivating when request.Reference.IsObserver || Activations.Find(request.Target) is not null:
                    return true;
                default:
                    request.Reject(Stopped(request));
                    return false;
            }
        }
    }

    private void CheckStorages()
    {
        var known = Services.GetService<IServiceProviderIsKeyedService>();
        foreach (var grainClass in Classes.All)
        {
            foreach (var state in grainClass.States)
            {
                if (known?.IsKeyedService(typeof(Orleans.Storage.IGrainStorage), state.StorageName ?? StorageNames.Default) is false)
                {
                    throw new InvalidOperationException(ConstructorArguments.UnknownStorage(grainClass.Type, state));
                }
            }
        }
    }
}
