using System.Collections.Immutable;
using System.Globalization;
using System.Threading.Channels;
using Caur.Contracts.Events;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Packages;
using Caur.Contracts.Sources;
using Caur.Grains.Events;
using Caur.Grains.Following;
using Caur.Grains.State;
using Caur.Pipelines.Commits;
using Caur.Pipelines.Git;
using Caur.Pipelines.Runs;
using Caur.Pipelines.Webhooks;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Caur.Grains.Sources;

/// <summary>Follows the repository: looks whether there is something new, and runs what is wanted, one run at a time. What is decided is
/// durable before it is acted on; git and pipelines run off the turn, and other calls go on meanwhile.</summary>
internal sealed partial class SourceRepositoryGrain
{
    private const string Reminder = "follow";

    /// <summary>So many packages are told at once what was decided of them.</summary>
    private const int AtOnce = 64;

    private static readonly TimeSpan RemindEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan AfterFault = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestAfterFault = TimeSpan.FromMinutes(30);

    /// <summary>Runs end out of order, and none of those that are remembered may have another's place.</summary>
    private const int Slots = FollowMachine.Kept + FollowMachine.MostWaiting + 10;

    /// <summary>No timer is set for longer.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    /// <summary>So often a commit that somebody told of is looked for: a forge may tell of it before all of its machines have it.</summary>
    private const int MostExpectedLooks = 3;

    private readonly StepChain _writes = new();
    private ReplaceableRecord<FollowState>? _record;
    private IGrainStorage? _storage;
    private OwnPushes _own = new();
    private IGrainTimer? _runTimer;
    private IGrainTimer? _lookTimer;
    private bool _isRunning;
    private bool _isLooking;
    private bool _lookAgain;
    private bool _wasPushed;
    private RunView? _live;
    private DateTimeOffset? _checkedAt;
    private string? _problem;
    private string? _expected;
    private int _expectedLooks;
    private int _faults;

    private FollowState State => _record!.State;

    private DateTimeOffset Now => clock.GetUtcNow();

    private SourceRepositoryOptions? Configuration => options.Value.SourceRepositories.GetValueOrDefault(Id);

    private bool Follows => Configuration is { } source && starters.Any(starter => starter.Looks(source));

    /// <summary>Whether it looks when it comes up: a webhook that came while it was away is lost.</summary>
    private bool Watches => Configuration is { } source && starters.Any(starter => starter.Watches(source));

    private EventSource Events => field ??= new EventSource(GrainFactory, $"source {Id}");

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (Configuration is null)
        {
            return;
        }

        _storage = ServiceProvider.GetRequiredKeyedService<IGrainStorage>(GrainStorageNames.Farm);
        _record = new ReplaceableRecord<FollowState>(_storage, this.GetGrainId(), "following");
        await _record.LoadAsync(damage => LogDamaged(logger, damage.Record, damage.Error));
        _own = new OwnPushes(State.OwnCommits);
        _runTimer = this.RegisterGrainTimer(RunWaitingAsync, TimerOptions(HasRuns ? TimeSpan.Zero : Timeout.InfiniteTimeSpan));
        _lookTimer = this.RegisterGrainTimer(LookAsync, TimerOptions(Watches ? TimeSpan.Zero : Timeout.InfiniteTimeSpan));
        if (Follows)
        {
            await RemindAsync();
        }
    }

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        // What it is for began with the activation, if this woke it.
        if (!Follows && (_record is null || !HasRuns) && await this.GetReminder(reminderName) is { } reminder)
        {
            await this.UnregisterReminder(reminder);
            if (_record is not null && HasRuns)
            {
                // Ordered meanwhile.
                await RemindAsync();
            }
        }
    }

    public Task WakeAsync() => Task.CompletedTask;

    public async Task<RunReply> StartRunAsync(RunOrder order)
    {
        if (Configuration is null)
        {
            DeactivateOnIdle();
            return new RunReply { Error = $"there is no source repository '{Id}'; known: {Known(options.Value.SourceRepositories.Keys)}" };
        }

        if (starters.FirstOrDefault(starter => starter.Pipeline == order.Pipeline) is not { } wanted)
        {
            return new RunReply { Error = $"there is no pipeline '{order.Pipeline}'; known: {Known(starters.Select(starter => starter.Pipeline))}" };
        }

        if (wanted.Refuse(order) is { } refused)
        {
            return new RunReply { Error = refused };
        }

        if (State.Waiting.Length >= FollowMachine.MostWaiting)
        {
            return new RunReply { Error = string.Create(CultureInfo.InvariantCulture, $"{State.Waiting.Length} runs wait already; order it when some of them have ended") };
        }

        await RemindAsync();
        RunTicket? ticket = null;
        await ChangeAsync(state =>
        {
            (var next, ticket) = FollowMachine.Order(state, order, RunCause.Order, Now);
            return next;
        });
        _runTimer!.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        return new RunReply { Run = RunViews.Of(ticket!, isRunning: false) };
    }

    public async Task<PushReply> PushedAsync(PushNews push)
    {
        if (Configuration is null)
        {
            DeactivateOnIdle();
            return new PushReply(PushVerdict.Refused, "there is no such source repository");
        }

        if (push.SkipsCi || _own.WhyOwn(PushOf(push)) is not null)
        {
            return new PushReply(PushVerdict.Own, push.SkipsCi ? "its message asks for no CI" : "the commit is one of our own");
        }

        if (State.Marks.ContainsValue(push.Commit))
        {
            return new PushReply(PushVerdict.Known, "the commit is known");
        }

        // Who told of it tells it once: should this process end before it has looked, the next one does.
        await RemindAsync();
        (_expected, _expectedLooks) = (push.Commit, MostExpectedLooks);
        _wasPushed = _lookAgain = true;
        _lookTimer!.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        return new PushReply(PushVerdict.Taken, $"{push.Branch} is looked at");
    }

    public Task<SourceView?> GetSourceAsync()
    {
        if (Configuration is not { } source)
        {
            DeactivateOnIdle();
            return Task.FromResult<SourceView?>(null);
        }

        var runs = Runs().ToList();
        return Task.FromResult<SourceView?>(new SourceView
        {
            Id = Id,
            Url = SourceClones.IsLocal(source.Url) ? null : GitText.Shown(source.Url),
            Following = Follows,
            Webhook = source.WebhookSecret is not null,
            Commit = runs.FirstOrDefault(run => run.Commit is not null)?.Commit,
            CheckedAt = _checkedAt,
            Problem = _problem,
            Running = runs.FirstOrDefault(run => run.State == RunState.Running),
            Waiting = [.. runs.Where(run => run.State == RunState.Waiting)],
            Last = runs.FirstOrDefault(run => run.State > RunState.Running),
        });
    }

    public Task<ImmutableArray<RunSummary>> ListRunsAsync()
    {
        if (_record is null)
        {
            DeactivateOnIdle();
            return Task.FromResult<ImmutableArray<RunSummary>>([]);
        }

        return Task.FromResult<ImmutableArray<RunSummary>>([.. Runs()]);
    }

    public async Task<RunView?> GetRunAsync(long number)
    {
        if (_record is null)
        {
            DeactivateOnIdle();
            return null;
        }

        if (State.Running?.Number == number && _live?.Run.Number == number)
        {
            return _live;
        }

        var summary = Runs().FirstOrDefault(run => run.Number == number);
        if (summary is null or { State: RunState.Waiting or RunState.Running })
        {
            return summary is null ? null : new RunView { Run = summary };
        }

        var kept = (await LoadDetailsAsync(number)).State.View;
        return kept?.Run.Number == number ? kept : new RunView { Run = summary, Notes = ["what it did in detail could not be read"] };
    }

    public async Task<PackageWhy?> WhyAsync(string pkgbase)
    {
        if (Configuration is not { } source)
        {
            DeactivateOnIdle();
            return null;
        }

        var decisions = await GrainFactory.GetGrain<IPackageGrain>(new SourcePackage(Id, pkgbase).ToString()).GetDecisionsAsync();
        try
        {
            var snapshot = await Task.Run(() => reader.RememberedAsync(Id, source.Url, CancellationToken.None));
            return WhyText.Of(Id, pkgbase, snapshot, decisions, Runs());
        }
        catch (SourceUnavailableException unavailable)
        {
            LogUnavailable(logger, Id, unavailable.Detail);
            return WhyText.Of(Id, pkgbase, null, decisions, Runs());
        }
    }

    private static GrainTimerCreationOptions TimerOptions(TimeSpan due) => new(due, Timeout.InfiniteTimeSpan) { Interleave = true, KeepAlive = true };

    private static PushEvent PushOf(PushNews push) =>
        new() { Sender = WebhookSender.Generic, Addresses = [], Branch = push.Branch, After = push.Commit };

    private bool HasRuns => State.Running is not null || State.Waiting.Length > 0;

    /// <summary>The newest first.</summary>
    private IEnumerable<RunSummary> Runs() =>
    [
        .. State.Waiting.Select(ticket => RunViews.Of(ticket, isRunning: false)).Reverse(),
        .. State.Running is not { } running ? Array.Empty<RunSummary>()
            : _live is { } live && live.Run.Number == running.Number ? [live.Run]
            : [RunViews.Of(running, isRunning: true)],
        .. State.Ended.Reverse(),
    ];

    /// <summary>Looks whether there is something new. One look at a time; who asks meanwhile has it look once more.</summary>
    private async Task LookAsync(CancellationToken cancellationToken)
    {
        if (_isLooking)
        {
            return;
        }

        _isLooking = true;
        try
        {
            do
            {
                var pushed = _wasPushed;
                _wasPushed = _lookAgain = false;
                var problem = default(string);
                foreach (var starter in starters.Where(starter => starter.Watches(Configuration!)))
                {
                    problem = await LookAsync(starter, pushed && starter.Cause == RunCause.Poll ? RunCause.Webhook : starter.Cause, cancellationToken) ?? problem;
                }

                (_checkedAt, _problem) = (problem is null ? Now : _checkedAt, problem);
            }
            while (_lookAgain && !cancellationToken.IsCancellationRequested);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The hub ends.
        }
        catch (Exception exception)
        {
            _problem = "it could not be looked at, which is an error of the farm's; its log has it";
            LogFault(logger, Id, exception);
        }
        finally
        {
            _isLooking = false;
            var isExpected = _expected is { } expected && !State.Marks.ContainsValue(expected) && _expectedLooks-- > 0;
            if ((Follows || _problem is not null || isExpected) && !cancellationToken.IsCancellationRequested)
            {
                // Who told of a push tells it once: what could not be looked at then is looked at later.
                _lookTimer!.Change(_lookAgain ? TimeSpan.Zero : NextLookIn(), Timeout.InfiniteTimeSpan);
            }
        }
    }

    /// <summary>The interval, or less when a moment that was configured comes before.</summary>
    private TimeSpan NextLookIn()
    {
        var interval = options.Value.FollowInterval;
        var next = starters.Select(starter => starter.NextLook(Configuration!)).Min();
        return next is { } time && time - Now < interval ? Max(time - Now, TimeSpan.FromSeconds(1)) : interval;
    }

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;

    /// <summary>Why it could not be looked; null when it could.</summary>
    private async Task<string?> LookAsync(IPipelineStarter starter, RunCause cause, CancellationToken cancellationToken)
    {
        var source = Configuration!;
        ImmutableArray<FoundMark> marks;
        try
        {
            marks = await OffTheTurn(() => starter.LookAsync(Id, source, cancellationToken));
        }
        catch (SourceUnavailableException unavailable)
        {
            instruments.OnUnavailable();
            if (_problem != unavailable.Message)
            {
                LogUnavailable(logger, Id, unavailable.Detail);
            }

            return unavailable.Message;
        }

        foreach (var found in marks.Where(found => !FollowMachine.IsKnown(State, starter.Pipeline, found)))
        {
            var isOwn = _own.WhyOwn(PushOf(new PushNews { Branch = "", Commit = found.Mark })) is not null;
            await ChangeAsync(state => FollowMachine.Look(state, starter.Pipeline, found, isOwn, cause, Now));
            await RemindAsync();
            _runTimer!.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }

        return null;
    }

    /// <summary>Runs what waits, one after the other.</summary>
    private async Task RunWaitingAsync(CancellationToken cancellationToken)
    {
        if (_isRunning)
        {
            return;
        }

        _isRunning = true;
        var next = Timeout.InfiniteTimeSpan;
        try
        {
            while (!cancellationToken.IsCancellationRequested)
            {
                await ChangeAsync(state => FollowMachine.Begin(state, Now));
                if (State.Running is not { } ticket)
                {
                    next = FollowMachine.NextDue(State) is not { } due ? Timeout.InfiniteTimeSpan : due > Now ? due - Now : TimeSpan.Zero;
                    break;
                }

                await RunAsync(ticket, cancellationToken);
                _faults = 0;
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The hub ends, and the next one begins the run again.
        }
        catch (Exception exception)
        {
            LogFault(logger, Id, exception);
            next = AfterFault * Math.Pow(2, Math.Min(_faults++, 10));
            next = next < LongestAfterFault ? next : LongestAfterFault;
        }
        finally
        {
            _isRunning = false;
            if (next != Timeout.InfiniteTimeSpan && !cancellationToken.IsCancellationRequested)
            {
                _runTimer!.Change(next < LongestWait ? next : LongestWait, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private async Task RunAsync(RunTicket ticket, CancellationToken cancellationToken)
    {
        _live = new RunView { Run = RunViews.Of(ticket, isRunning: true) };
        LogBegun(logger, ticket.Number, ticket.Pipeline, Id, ticket.Cause);
        await TellAsync(ticket, RunState.Running);
        var started = await FollowRunAsync(ticket, cancellationToken);
        var view = RunViews.Of(ticket, started.Run);
        await TellPackagesAsync(ticket, started.Run);
        var details = await LoadDetailsAsync(ticket.Number);
        await WritingAsync(() => details.WriteAsync(new RunDetails { View = view }));
        await ChangeAsync(state => FollowMachine.End(
            state, view.Run, IsTriedAgain(ticket, started), started.Mark, [.. _own.Commits], Now));
        _live = null;
        instruments.OnEnded(ticket.Pipeline, view.Run.State, (view.Run.Ended ?? Now) - started.Run.Started);
        LogEnded(logger, ticket.Number, ticket.Pipeline, Id, view.Run.State, view.Run.Summary);
        await TellAsync(ticket, view.Run.State, reason: view.Run.Summary);
    }

    /// <summary>What may pass, and a moment of the schedule that somebody's commit was before.</summary>
    private static bool IsTriedAgain(RunTicket ticket, StartedRun started) =>
        (started.Run.Outcome == RunOutcome.Failed && started.MayPass)
        || (started.Run.Outcome == RunOutcome.Superseded && ticket.Pipeline != OnCommitPipeline.Name);

    /// <summary>Has the pipeline run, and shows what it does.</summary>
    private async Task<StartedRun> FollowRunAsync(RunTicket ticket, CancellationToken cancellationToken)
    {
        var changes = Channel.CreateUnbounded<PipelineRun>(new UnboundedChannelOptions { SingleReader = true });
        var run = OffTheTurn(async () =>
        {
            try
            {
                var starter = starters.FirstOrDefault(one => one.Pipeline == ticket.Pipeline);
                return starter is null ? NoPipeline(ticket) : await starter.RunAsync(
                    new PipelineStart
                    {
                        Source = Id,
                        Operation = ticket.Operation,
                        Trigger = ticket.Trigger,
                        Packages = ticket.Packages,
                        Options = Configuration!,
                        DryRun = ticket.DryRun,
                        Cause = ticket.Cause,
                        Own = _own,
                        Changed = now => changes.Writer.TryWrite(now),
                    },
                    cancellationToken);
            }
            catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
            {
                LogBroken(logger, ticket.Number, ticket.Pipeline, Id, exception);
                return new StartedRun(Failed(ticket, $"it broke down, which is an error of the farm's, not of the repository: {exception.Message}"), MayPass: true, null);
            }
            finally
            {
                changes.Writer.Complete();
            }
        });
        try
        {
            await foreach (var now in changes.Reader.ReadAllAsync(CancellationToken.None))
            {
                var before = _live!;

                // It has not ended before that is durable.
                var view = RunViews.Of(ticket, now);
                _live = view with { Run = view.Run with { State = RunState.Running, Ended = null } };
                foreach (var step in _live.Steps.Where((step, place) => place >= before.Steps.Length || before.Steps[place].State != step.State))
                {
                    await TellAsync(ticket, RunState.Running, step, step.Detail);
                }
            }
        }
        finally
        {
            // Whatever showing it came to: nothing else may begin beside it.
            await ((Task)run).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        }

        return await run;
    }

    private StartedRun NoPipeline(RunTicket ticket) => new(Failed(ticket, $"there is no pipeline {ticket.Pipeline} in this version of the farm"), MayPass: false, null);

    private PipelineRun Failed(RunTicket ticket, string why) => new()
    {
        Pipeline = ticket.Pipeline,
        DryRun = ticket.DryRun,
        SourceRepository = Id,
        Started = ticket.Started ?? Now,
        Ended = Now,
        Outcome = RunOutcome.Failed,
        Summary = why,
    };

    /// <summary>Each package remembers what was decided of it.</summary>
    private async Task TellPackagesAsync(RunTicket ticket, PipelineRun run)
    {
        if (ticket.DryRun)
        {
            return;
        }

        // A trigger's run says nothing of those that are none of its business.
        var told = run.Decisions.Where(decision => Names.IsValid(decision.Pkgbase) && (ticket.Trigger is null || decision.Kind != DecisionKind.None));
        foreach (var some in told.Chunk(AtOnce))
        {
            await Task.WhenAll(some.Select(decision => TellPackageAsync(decision.Pkgbase, new DecidedPackage
            {
                Time = run.Ended ?? Now,
                Run = ticket.Number,
                Pipeline = ticket.Pipeline,
                Commit = run.Commit,
                Kind = RunViews.KindOf(decision.Kind),
                Reasons = decision.Reasons,
                Builds = decision.Builds,
                Problem = decision.Problem ?? (run.Outcome == RunOutcome.Failed ? $"the run failed: {run.Summary}" : null),
            })));
        }
    }

    /// <summary>What one package cannot remember must not hold up the run: the run remembers it too.</summary>
    private async Task TellPackageAsync(string pkgbase, DecidedPackage decision)
    {
        try
        {
            await GrainFactory.GetGrain<IPackageGrain>(new SourcePackage(Id, pkgbase).ToString()).DecidedAsync(decision);
        }
        catch (Exception exception)
        {
            LogNotTold(logger, pkgbase, Id, decision.Run, exception);
        }
    }

    private async Task TellAsync(RunTicket ticket, RunState state, RunStepView? step = null, string reason = "")
    {
        try
        {
            await Events.TellAsync(new FarmEvent
            {
                Time = Now,
                Kind = FarmEventKind.Run,
                Reason = reason,
                Run = new RunChange(Id, ticket.Number, ticket.Pipeline, state, step?.Name, step?.State),
            });
        }
        catch (Exception exception)
        {
            // Who follows events asks for the run as well.
            LogUntold(logger, ticket.Number, Id, exception);
        }
    }

    private async Task<ReplaceableRecord<RunDetails>> LoadDetailsAsync(long number)
    {
        var details = new ReplaceableRecord<RunDetails>(_storage!, this.GetGrainId(), $"run-{number % Slots}");
        await details.LoadAsync(damage => LogDamaged(logger, damage.Record, damage.Error));
        return details;
    }

    /// <summary>A restart goes on where this ends, also when nobody calls.</summary>
    private async Task RemindAsync()
    {
        if (await this.GetReminder(Reminder) is null)
        {
            await this.RegisterOrUpdateReminder(Reminder, RemindEvery, RemindEvery);
        }
    }

    private Task ChangeAsync(Func<FollowState, FollowState> change) => _writes.RunAsync(async () =>
    {
        var next = change(State);
        if (next != State)
        {
            await WritingAsync(() => _record!.WriteAsync(next));
        }
    });

    private async Task WritingAsync(Func<Task> write)
    {
        try
        {
            await write();
        }
        catch
        {
            // Memory may be behind storage: the next activation begins with what is durable.
            DeactivateOnIdle();
            throw;
        }
    }

    /// <summary>Outside of this grain's turn, so that what calls back into the farm is nobody's turn either.</summary>
    private static Task<T> OffTheTurn<T>(Func<Task<T>> work)
    {
        using (ExecutionContext.SuppressFlow())
        {
            return Task.Run(work);
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Run {Number}, {Pipeline} of {Repository}, begins: {Cause}")]
    private static partial void LogBegun(ILogger logger, long number, string pipeline, string repository, RunCause cause);

    [LoggerMessage(Level = LogLevel.Information, Message = "Run {Number}, {Pipeline} of {Repository}, {State}: {Summary}")]
    private static partial void LogEnded(ILogger logger, long number, string pipeline, string repository, RunState state, string summary);

    [LoggerMessage(Level = LogLevel.Error, Message = "Run {Number}, {Pipeline} of {Repository}, broke down")]
    private static partial void LogBroken(ILogger logger, long number, string pipeline, string repository, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Pkgbase} of {Repository} does not remember what run {Run} decided of it")]
    private static partial void LogNotTold(ILogger logger, string pkgbase, string repository, long run, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "How run {Number} of {Repository} stands was told to nobody")]
    private static partial void LogUntold(ILogger logger, long number, string repository, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Source repository {Repository} is not followed for a moment")]
    private static partial void LogFault(ILogger logger, string repository, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Record {Record} of a source repository's runs cannot be read, and another takes its place")]
    private static partial void LogDamaged(ILogger logger, string record, Exception exception);
}
