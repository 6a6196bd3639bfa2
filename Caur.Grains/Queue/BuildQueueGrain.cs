using System.Collections.Immutable;
using Caur.Contracts.Builders;
using Caur.Contracts.Builds;
using Caur.Contracts.Events;
using Caur.Contracts.Ids;
using Caur.Contracts.Logs;
using Caur.Contracts.Queue;
using Caur.Grains.Builds;
using Caur.Grains.Events;
using Caur.Grains.State;
using Caur.Grains.Tracing;
using Caur.Storage.State;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;
using Orleans.Storage;

namespace Caur.Grains.Queue;

/// <summary>The queue of one architecture. It is reentrant, so that many answers wait for the disk at the same time. What survives that:
/// <see cref="QueueState"/> decides without waiting; each record has one writer whose writes follow each other
/// (<see cref="SlotStore{T}"/>); nothing is answered before it is durable; and after any failed write the activation is dropped, so that
/// memory is never ahead of storage for long.</summary>
[Reentrant]
[KeepAlive]
internal sealed partial class BuildQueueGrain : Grain, IBuildQueueGrain, IRemindable
{
    private static readonly TimeSpan NewsPatience = TimeSpan.FromSeconds(10);
    private const string ReconcileReminder = "reconcile";

    /// <summary>How long an answer holds while nothing changes: what runs comes closer to its end.</summary>
    private static readonly TimeSpan StartsHold = TimeSpan.FromSeconds(2);

    /// <summary>So many builds are ended at the same time: emptying a long queue must not take all memory.</summary>
    private const int ClosedAtOnce = 256;

    private readonly TimeProvider _time;
    private readonly SetClock _clock;
    private readonly QueueInstruments _instruments;
    private readonly ILogger<BuildQueueGrain> _logger;
    private readonly StepChain _pauses = new();
    private ReplaceableRecord<QueueSettings> _settings = null!;
    private QueueState _queue = null!;
    private SlotStore<QueueSlot> _slots = null!;
    private OperationLog _operations = null!;
    private EventSource _events = null!;
    private Task<ImmutableArray<StartEstimate>>? _starts;
    private long _startsOf;
    private long _startsAt;
    private bool _reconciling;

    public BuildQueueGrain(TimeProvider clock, QueueInstruments instruments, ILogger<BuildQueueGrain> logger)
    {
        (_time, _clock) = (clock, new SetClock(clock));
        _instruments = instruments;
        _logger = logger;
    }

    private string Arch => this.GetPrimaryKeyString();

    private DateTimeOffset Now
    {
        get
        {
            var (now, step) = _clock.Read();
            if (step != TimeSpan.Zero)
            {
                LogClockSet(_logger, Arch, step);
                _queue?.OnClockSet(step);
            }

            return now;
        }
    }

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var storage = ServiceProvider.GetRequiredKeyedService<IGrainStorage>(GrainStorageNames.Farm);
        _settings = new ReplaceableRecord<QueueSettings>(storage, this.GetGrainId(), "settings");
        await _settings.LoadAsync(OnSettingsDamaged);
        _events = new EventSource(GrainFactory, $"queue {Arch}");
        _queue = new QueueState(Arch);
        _slots = new SlotStore<QueueSlot>(storage, this.GetGrainId(), "queue");
        _operations = new OperationLog(new SlotStore<OperationPart>(storage, this.GetGrainId(), "operation"));
        _queue.Restore([.. await _slots.LoadAsync(OnDamaged)]);
        _queue.RestoreOperations(await _operations.LoadAsync(OnOperationDamaged));
        _queue.Paused = _settings.State.Paused;
        await _events.BeginAsync();
        await SaveAsync();
        foreach (var (builder, attempts) in _queue.Held())
        {
            // Whoever had something keeps it for a full lease; the builder's grain notices when nobody renews it.
            await GrainFactory.GetGrain<IBuilderGrain>(builder.ToString()).WatchAsync(attempts);
        }

        this.RegisterGrainTimer(SweepAsync, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
        this.RegisterGrainTimer(() => ReconcileAsync(TimeSpan.Zero), TimeSpan.FromSeconds(1), Timeout.InfiniteTimeSpan);
        this.RegisterGrainTimer(() => ReconcileAsync(NewsPatience), TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(15));
        if (await this.GetReminder(ReconcileReminder) is null)
        {
            // Only where there is none: registering writes, and on a full disk a queue that wrote at its activation could not even be read.
            await this.RegisterOrUpdateReminder(ReconcileReminder, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));
        }

        _instruments.Report(Arch, _queue.Summarize(Now));
        if (_queue.Count > 0)
        {
            LogRestored(_logger, Arch, _queue.Count);
        }
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _instruments.Forget(Arch);
        return Task.CompletedTask;
    }

    public async Task<ImmutableArray<QueuedReply>> EnqueueAsync(EnqueueRequest request)
    {
        if (request.Builds.FirstOrDefault(build => build.Package.Target.Arch != Arch) is { } stranger)
        {
            throw new ArgumentException($"{stranger.Package} does not belong into the queue of {Arch}", nameof(request));
        }

        var slots = await _slots.TakeAsync(request.Builds.Length);
        var (traced, spans) = _queue.FindOperation(request.Operation) is not null ? (request, []) : FarmSpans.Enqueue(request);
        var replies = _queue.Enqueue(traced, slots.Dequeue, Now);
        _slots.Return(slots);
        await SaveAsync();
        await RememberAsync(request.Operation);
        FarmSpans.EndEnqueue(spans, replies);
        _instruments.OnEnqueued(replies.Length);
        return replies;
    }

    public async Task<ImmutableArray<QueueOffer>> TakeAsync(BuilderProfile builder, int slots)
    {
        var offers = _queue.Take(builder, slots, Now);
        await SaveAsync();
        return offers;
    }

    public async Task<bool> AcceptAsync(BuildAttempt attempt)
    {
        if (_queue.Accept(attempt, Now) is not { } entry)
        {
            return false;
        }

        // The queue's word and the build's are written at the same time; a restart between them is mended by whoever is behind.
        var saved = SaveAsync();
        var build = AskAsync(entry, build => build.AcceptAsync(entry.Request, attempt));
        await Task.WhenAll(saved, build);
        var status = await build;
        if (status.Current)
        {
            _instruments.OnAccepted(Now - attempt.Build.QueuedAt);
            FarmSpans.Waited(entry.Request, attempt, Now);
            return true;
        }

        if (_queue.Current(attempt) is { } refused)
        {
            await SettleAsync(refused, status);
        }

        return false;
    }

    public async Task<bool> UploadingAsync(BuildAttempt attempt)
    {
        if (!_queue.Uploading(attempt) || _queue.Current(attempt) is not { } entry)
        {
            return false;
        }

        var asked = AskAsync(entry, build => build.UploadingAsync(attempt));
        await Task.WhenAll(SaveAsync(), asked);
        if ((await asked).State.IsFinal() && _queue.Current(attempt) is not null)
        {
            await SettleAsync(entry, await asked);
            return false;
        }

        return true;
    }

    public async Task<bool> CompleteAsync(AttemptReport report)
    {
        if (_queue.Current(report.Attempt) is not { } entry || entry.Durable.State == BuildState.Publishing)
        {
            // A repeated report of what was taken in is no stale one.
            var known = await KnownAsync(report.Attempt.Build);
            return known?.Attempts.LastOrDefault() is { } last
                && last.Number == report.Attempt.Number && last.Builder == report.Attempt.Builder && last.End == report.End;
        }

        var decision = AttemptDecision.For(report, entry.Durable.Losses, entry.Durable.Ending);
        var status = await AskAsync(entry, build => build.CompleteAsync(report, decision.Verdict));
        if (_queue.Current(report.Attempt) is null)
        {
            // Somebody else ended the attempt meanwhile: what the build says counts.
            return status.Current;
        }

        if (status.Current)
        {
            _instruments.OnAttemptEnded(report);
        }

        if (status.Current && status.State.IsFinal() && decision.Loss)
        {
            _instruments.OnAttemptLost(report.End);
        }

        await SettleAsync(entry, status);
        return status.Current;
    }

    public async Task FinishedAsync(BuildId build, FinalVerdict verdict)
    {
        if (_queue.Find(build) is { } entry && verdict.State.IsFinal())
        {
            await FinishAsync(entry, verdict);
        }
    }

    public async Task<ImmutableArray<BuildAttempt>> RegisterAsync(BuilderProfile builder, ImmutableArray<BuildAttempt> running)
    {
        var stale = _queue.Register(builder, running, Now);
        await SaveAsync();
        return stale;
    }

    public async Task UnregisterAsync(BuilderId builder)
    {
        _queue.Unregister(builder);
        await SaveAsync();
    }

    public async Task<CancelReply> CancelAsync(BuildId build, string reason)
    {
        var reply = _queue.Cancel(build, reason);
        await SaveAsync();
        return reply;
    }

    public async Task<PromoteReply> PromoteAsync(BuildId build)
    {
        var reply = _queue.Promote(build, Now);
        await SaveAsync();
        return reply;
    }

    public Task PauseAsync(bool paused) => _pauses.RunAsync(() => PauseNowAsync(paused));

    private async Task PauseNowAsync(bool paused)
    {
        _queue.Paused = paused;
        try
        {
            await _settings.WriteAsync(new QueueSettings { Paused = paused });
        }
        catch
        {
            DeactivateOnIdle();
            throw;
        }

        if (!_queue.Paused)
        {
            _queue.Resume();
        }

        await SaveAsync();
        await _events.TellAsync(new FarmEvent { Time = Now, Kind = FarmEventKind.Queue, Queue = new QueueChange(Arch, paused) });
    }

    public async Task<ResetReply> ResetAsync(string reason)
    {
        var reply = _queue.Reset(reason);
        await SaveAsync();
        return reply;
    }

    public Task<QueueOverview> GetOverviewAsync() => Task.FromResult(_queue.Overview(Now));

    /// <summary>Whoever asks while it is worked out gets the same answer.</summary>
    public async Task<ImmutableArray<StartEstimate>> GetStartsAsync()
    {
        if (_starts is { } known && (!known.IsCompleted || (known.IsCompletedSuccessfully && _startsOf == _queue.Version && _time.GetElapsedTime(_startsAt) < StartsHold)))
        {
            return await known;
        }

        var plan = _queue.PlanStarts(Now);
        (_startsOf, _startsAt) = (_queue.Version, _time.GetTimestamp());
        return await (_starts = Task.Run(() => StartEstimator.Estimate(plan)));
    }

    private FarmEvent Event(BuildChange change, string reason) =>
        new() { Time = Now, Kind = FarmEventKind.Build, Build = change, Reason = reason };

    public Task<QueueSnapshot> GetAsync() => Task.FromResult(_queue.Snapshot(Now));

    public Task<QueueItem?> FindAsync(BuildId build) =>
        Task.FromResult(_queue.Find(build) is { } entry ? _queue.View(entry, Now) : null);

    public Task<QueueItem?> FindPackageAsync(string pkgbase, long? timestamp) =>
        Task.FromResult(_queue.FindPackage(pkgbase, timestamp) is { } entry ? _queue.View(entry, Now) : null);

    public Task ReceiveReminder(string reminderName, TickStatus status) => Task.CompletedTask;

    private IBuildGrain Build(BuildId build) => GrainFactory.GetGrain<IBuildGrain>(build.ToString());

    /// <summary>The build as its record says; null when there is none, or none that can be read: its attempts count for nothing.</summary>
    private async Task<BuildView?> KnownAsync(BuildId build)
    {
        try
        {
            return await Build(build).GetAsync();
        }
        catch (Exception exception) when (StateDamage.Find(exception) is not null)
        {
            return null;
        }
    }

    /// <summary>Asks a build. A record of it that cannot be read would be asked for ever: that is the build's end, also for its log. The
    /// damage that a build meets in its log or its target repository it keeps to itself, so what is thrown here is its own.</summary>
    private async Task<BuildStatus> AskAsync(QueueEntry entry, Func<IBuildGrain, Task<BuildStatus>> question)
    {
        try
        {
            return await question(Build(entry.Build));
        }
        catch (Exception exception) when (StateDamage.Find(exception) is { } damage)
        {
            LogBuildDamaged(_logger, entry.Build, exception);
            var verdict = new FinalVerdict(BuildState.SystemError, $"the record of {entry.Build} cannot be read: {damage}");
            await EndLogAsync(entry.Build, verdict);
            return new BuildStatus(false, verdict.State, int.MaxValue, verdict.Reason);
        }
    }

    /// <summary>Ends the log of a build that cannot do it itself. If this fails, the sweep of the logs does it.</summary>
    private async Task EndLogAsync(BuildId build, FinalVerdict verdict)
    {
        var line = BuildLogLines.For(new BuildRecord { State = verdict.State, Reason = verdict.Reason });
        try
        {
            await GrainFactory.GetGrain<IBuildLogGrain>(build.ToString()).EndAsync(int.MaxValue, line, final: true);
        }
        catch (Exception exception)
        {
            LogNotEnded(_logger, build, exception);
        }
    }

    /// <summary>Makes durable what a call was answered: it may be repeated after a restart.</summary>
    private async Task RememberAsync(Guid operation)
    {
        try
        {
            // What was forgotten while its builds were written is not written now: nobody would forget it a second time.
            if (_queue.FindOperation(operation) is { } known)
            {
                await _operations.RememberAsync(known);
            }

            await Task.WhenAll(_queue.TakeForgottenOperations().Select(_operations.ForgetAsync));
        }
        catch (Exception exception)
        {
            LogStorageFailed(_logger, Arch, exception);
            DeactivateOnIdle();
            throw;
        }
    }

    private async Task SweepAsync()
    {
        _queue.Sweep(Now);
        _instruments.Report(Arch, _queue.Summarize(Now));
        await SaveAsync();
    }

    /// <summary>Asks builds how they stand whose news may have been lost.</summary>
    private async Task ReconcileAsync(TimeSpan patience)
    {
        if (_reconciling)
        {
            return;
        }

        _reconciling = true;
        try
        {
            foreach (var entry in _queue.Entries
                .Where(entry => patience == TimeSpan.Zero ? entry.IsActive : entry.Durable.State == BuildState.Publishing && Now - entry.PublishingSince > patience)
                .ToList())
            {
                if (entry.Attempt is not { } attempt)
                {
                    continue;
                }

                try
                {
                    var status = await AskAsync(entry, static build => build.ReconcileAsync());
                    if (_queue.Current(attempt) is not null && status.Attempts >= attempt.Number)
                    {
                        await SettleAsync(entry, status);
                    }
                }
                catch (Exception exception)
                {
                    // One build that cannot be asked must not keep the others from their news.
                    LogNotReconciled(_logger, entry.Build, exception);
                }
            }
        }
        finally
        {
            _reconciling = false;
        }
    }

    /// <summary>Brings an entry to where its build says that it is.</summary>
    private async Task SettleAsync(QueueEntry entry, BuildStatus status)
    {
        _queue.Note(entry, status.Reason);
        if (status.State.IsFinal())
        {
            await FinishAsync(entry, new FinalVerdict(status.State, status.Reason));
        }
        else if (status.State == BuildState.Publishing && entry.Durable.State != BuildState.Publishing)
        {
            _queue.Publish(entry, Now);
            await SaveAsync();
        }
        else if (status.State == BuildState.Waiting || (!status.Current && status.State != BuildState.Publishing))
        {
            await RetryAsync(entry, status);
        }
    }

    /// <summary>Has a build tried again. What that costs follows from the attempt's end in the build's own record: whoever comes here
    /// first, the attempt's report, another report of it or a restart between the two records, it is the same.</summary>
    private async Task RetryAsync(QueueEntry entry, BuildStatus status)
    {
        if (entry.Attempt is not { } attempt)
        {
            return;
        }

        var view = await Build(entry.Build).GetAsync();
        if (_queue.Current(attempt) is null)
        {
            return;
        }

        var ended = view?.Attempts.LastOrDefault(known => known.Number == attempt.Number && known.Builder == attempt.Builder);
        if (ended is not { End: { } end })
        {
            // The build knows another attempt of this number, whose answer was lost: the next one gets a number of its own.
            _queue.Retry(entry, loss: false, TimeSpan.Zero, Now, status.Attempts);
            await SaveAsync();
            return;
        }

        var report = new AttemptReport { Attempt = attempt, End = end, Message = ended.Message };
        var decision = AttemptDecision.For(report, entry.Durable.Losses, entry.Durable.Ending);
        if (decision.Loss)
        {
            _instruments.OnAttemptLost(end);
        }

        LogRetry(_logger, entry.Build, attempt.Number, end, ended.Message);
        var trouble = ended.Message.Length > 0 ? $"attempt {attempt.Number} on {attempt.Builder.Name}: {ended.Message}" : "";
        _queue.Retry(entry, decision.Loss, decision.Pause, Now, status.Attempts, trouble);
        await SaveAsync();
    }

    private async Task FinishAsync(QueueEntry entry, FinalVerdict verdict)
    {
        _queue.Finish(entry, verdict);
        _instruments.OnFinished(entry, verdict.State, Now - entry.Build.QueuedAt);
        await SaveAsync();
        FarmSpans.Finished(entry.Request, entry.Build, verdict, entry.Durable.Attempts, Now);
    }

    /// <summary>Makes durable what the last decisions changed, and acts on it. Records are cleared last: a crash before that leaves a
    /// build that is asked again, never one that is forgotten.</summary>
    private async Task SaveAsync()
    {
        var changes = _queue.TakeChanges();
        var news = changes.News.Count == 0 ? null : _events.Reserve([.. changes.News.Select(item => Event(item.Change, item.Reason))]);
        foreach (var builder in changes.Pokes)
        {
            await GrainFactory.GetGrain<IBuilderGrain>(builder.ToString()).PokeAsync();
        }

        try
        {
            // That a build publishes is in its own record before it is said here: after a restart the queue asks those that a builder had.
            await Task.WhenAll(changes.Writes
                .Where(entry => entry.Durable.State != BuildState.Publishing)
                .Select(entry => _slots.WriteAsync(entry.SlotNumber, entry.Durable)));
            foreach (var closes in changes.Closes.Chunk(ClosedAtOnce))
            {
                await Task.WhenAll(closes.Select(close => CloseAsync(close.Entry, close.Verdict)));
            }

            foreach (var (attempt, reason) in changes.Cancels)
            {
                await GrainFactory.GetGrain<IBuilderGrain>(attempt.Builder.ToString()).CancelAsync(attempt, reason);
            }

            foreach (var clears in changes.Clears.Chunk(ClosedAtOnce))
            {
                await Task.WhenAll(clears.Select(entry => _slots.ClearAsync(entry.SlotNumber)));
            }
        }
        catch (Exception exception)
        {
            LogStorageFailed(_logger, Arch, exception);
            DeactivateOnIdle();
            throw;
        }

        foreach (var (entry, verdict) in changes.Closes)
        {
            _instruments.OnFinished(entry, verdict.State, TimeSpan.Zero);
            FarmSpans.Finished(entry.Request, entry.Build, verdict, entry.Durable.Attempts, Now);
        }

        if (news is not null)
        {
            await _events.ReleaseAsync(news);
        }
    }

    /// <summary>Ends a build that no builder has. One whose own record cannot be read must not stop the queue: it leaves all the same, and
    /// only its last words are missing. One whose record cannot be written now stays in the queue's, or it would be forgotten.</summary>
    private async Task CloseAsync(QueueEntry entry, FinalVerdict verdict)
    {
        try
        {
            await Build(entry.Build).CloseAsync(entry.Request, verdict);
        }
        catch (Exception exception) when (StateDamage.Find(exception) is not null)
        {
            LogNotClosed(_logger, entry.Build, verdict.State, exception);
            await EndLogAsync(entry.Build, verdict);
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "{Build} is {State}, but its record cannot be read and does not say so")]
    private static partial void LogNotClosed(ILogger logger, BuildId build, BuildState state, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The log of {Build} could not be ended")]
    private static partial void LogNotEnded(ILogger logger, BuildId build, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The clock was set by {Step}; what waits in queue {Arch} waits as long as it would have")]
    private static partial void LogClockSet(ILogger logger, string arch, TimeSpan step);

    [LoggerMessage(Level = LogLevel.Information, Message = "Queue {Arch} goes on with {Count} builds")]
    private static partial void LogRestored(ILogger logger, string arch, int count);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Attempt {Attempt} of {Build} ended with {End} and is tried again: {Message}")]
    private static partial void LogRetry(ILogger logger, BuildId build, int attempt, AttemptEnd end, string message);

    private void OnSettingsDamaged(DamagedRecord damage) =>
        LogDamaged(_logger, Arch, damage.Record, "if the queue was paused, it has to be paused again", damage.Error);

    private void OnOperationDamaged(DamagedRecord damage) => LogDamaged(
        _logger,
        Arch,
        damage.Record,
        damage.IsCursor ? "another counts the records in its place" : "the call that it remembered must not be repeated",
        damage.Error);

    private void OnDamaged(DamagedRecord damage) => LogDamaged(
        _logger,
        Arch,
        damage.Record,
        damage.IsCursor ? "another counts the records in its place" : "its build is not in the queue any more",
        damage.Error);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Build} could not be asked how it stands")]
    private static partial void LogNotReconciled(ILogger logger, BuildId build, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Record {Record} of queue {Arch} cannot be read: {Consequence}")]
    private static partial void LogDamaged(ILogger logger, string arch, string record, string consequence, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "The record of {Build} cannot be read, so the build ends as SystemError")]
    private static partial void LogBuildDamaged(ILogger logger, BuildId build, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Queue {Arch} could not write its state and starts anew from storage")]
    private static partial void LogStorageFailed(ILogger logger, string arch, Exception exception);
}
