using System.Collections.Immutable;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Caur.Grains.State;
using Caur.Grains.Tracing;
using Caur.Storage.Files;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;
using Orleans.Storage;

namespace Caur.Grains.Repositories;

/// <summary>Every change to one target repository, one at a time. Orders are durable before they are answered; those that wait are
/// merged into one publication, and changes are carried out between them, each in its place in the order of arrival; the intent is
/// written first, so that a crash at any point leaves the old or the new repository and the next activation finishes it. It is reentrant, because publications take their time off the turn: orders, intent and history each
/// have one writer.</summary>
[Reentrant]
internal sealed partial class TargetRepositoryGrain(
    [PersistentState("intent", GrainStorageNames.Farm)] IPersistentState<PublicationIntent> intent,
    [PersistentState("publications", GrainStorageNames.Farm)] IPersistentState<PublicationHistory> history,
    [PersistentState("changes", GrainStorageNames.Farm)] IPersistentState<ChangeHistory> changeHistory,
    IRepositoryPublisher publisher,
    FolderNames folders,
    TimeProvider clock,
    PublicationInstruments instruments,
    ILogger<TargetRepositoryGrain> logger) : Grain, ITargetRepositoryGrain, IRemindable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(2);

    /// <summary>So many orders at most make one publication: all of its news must be remembered until they are settled.</summary>
    private const int MostMerged = PublicationHistory.Kept / 2;
    private const string FinishReminder = "finish";

    private readonly Dictionary<BuildId, (int Slot, PublishOrder Order)> _orders = [];
    private SlotStore<PublishOrder> _slots = null!;
    private IGrainTimer _timer = null!;
    private bool _working;
    private bool _reminding;

    /// <summary>Orders that are not in memory yet, but rely on the reminder.</summary>
    private int _arriving;
    private Task _forgetting = Task.CompletedTask;
    private TimeSpan _pause = FirstPause;
    private string _problem = "";

    /// <summary>The place of the newest order. Only what waits is compared, so it begins anew where the waiting ones end.</summary>
    private long _sequence;

    private int Waiting => _orders.Count + _changes.Count;

    /// <summary>An intent is work of its own: its orders may be settled or damaged, and what it began has to be finished all the same.</summary>
    private bool HasWork => Waiting > 0 || intent.State.Publication is not null;

    /// <summary>The newest generation that was published as far as is written; 0 for none. The files may have one more, whose publication
    /// is not ended yet, and have fewer only when they were set back.</summary>
    private int Published => (int)Math.Max(history.State.FindGeneration(), changeHistory.State.FindGeneration());

    private TargetId Id => TargetId.Parse(this.GetPrimaryKeyString());

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var storage = ServiceProvider.GetRequiredKeyedService<IGrainStorage>(GrainStorageNames.Farm);
        _slots = new SlotStore<PublishOrder>(storage, this.GetGrainId(), "order");
        foreach (var (slot, order) in await _slots.LoadAsync(OnDamaged))
        {
            _orders[order.Build] = (slot, order);
            _sequence = Math.Max(_sequence, order.Sequence);
        }

        await LoadChangesAsync(storage);
        await TellAgainAsync();
        instruments.Track(Id, () => Waiting, () => _problem.Length > 0);
        await Events.BeginAsync();
        _timer = this.RegisterGrainTimer(WorkAsync, new GrainTimerCreationOptions
        {
            DueTime = HasWork ? TimeSpan.Zero : Timeout.InfiniteTimeSpan,
            Period = Timeout.InfiniteTimeSpan,
            Interleave = true,
            KeepAlive = true,
        });
        this.RegisterGrainTimer(CollectAsync, new GrainTimerCreationOptions
        {
            DueTime = TimeSpan.FromMinutes(30),
            Period = TimeSpan.FromHours(6),
            Interleave = true,
            KeepAlive = true,
        });
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        instruments.Forget(Id);
        return Task.CompletedTask;
    }

    public async Task<PublicationNews> PublishAsync(PublishOrder order)
    {
        if (history.State.Find(order.Build, order.Attempt) is { } done)
        {
            return done;
        }

        if (!_orders.ContainsKey(order.Build))
        {
            await ArriveAsync(() => AddAsync(order));
        }

        Wake();
        return Pending(order.Build, order.Attempt);
    }

    public Task<PublicationNews> GetPublicationAsync(BuildId build, int attempt) => Task.FromResult(
        history.State.Find(build, attempt)
        ?? (_orders.TryGetValue(build, out var known) && known.Order.Attempt == attempt
            ? Pending(build, attempt)
            : new PublicationNews { Build = build, Attempt = attempt, State = PublicationState.Unknown }));

    public async Task<PublishedFiles> GetPublishedFilesAsync(ImmutableArray<string> pkgbases)
    {
        var files = ImmutableArray.CreateBuilder<ImmutableArray<string>>(pkgbases.Length);
        foreach (var pkgbase in pkgbases)
        {
            files.Add(await publisher.GetFilesAsync(Id, pkgbase, CancellationToken.None));
        }

        return new PublishedFiles((await publisher.GetAsync(Id, CancellationToken.None)).Generation, files.MoveToImmutable());
    }

    public async Task<TargetView> GetAsync() => await publisher.GetAsync(Id, CancellationToken.None) with
    {
        Pending = Waiting,
        Problem = _problem.Length > 0 ? _problem : publisher.FindSetBack(Id, Published) ?? "",
    };

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (HasWork)
        {
            await WorkAsync(CancellationToken.None);
        }
        else if (_arriving == 0 && _forgetting.IsCompleted)
        {
            await (_forgetting = ForgetReminderAsync());
        }
    }

    /// <summary>Begins to work, unless something is in the way: then the next try has its time already, and orders do not put it off.</summary>
    private void Wake()
    {
        if (!_working && _problem.Length == 0)
        {
            _timer.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    private async Task AddAsync(PublishOrder order)
    {
        // Its place is taken before anything is waited for: what is ordered from now on comes after it.
        order = order with { Sequence = ++_sequence };
        var slots = await _slots.TakeAsync(1);
        if (_orders.ContainsKey(order.Build))
        {
            _slots.Return(slots);
            return;
        }

        var slot = slots.Dequeue();
        _orders[order.Build] = (slot, order);
        try
        {
            await _slots.WriteAsync(slot, order);
        }
        catch
        {
            DeactivateOnIdle();
            throw;
        }
    }

    /// <summary>Tidies up, between two publications: the store takes its turns by itself.</summary>
    private async Task CollectAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (publisher.FindSetBack(Id, Published) is { } setBack)
            {
                // What nothing names now may be what the newest generation names when it is current again.
                LogSetBack(logger, Id, setBack);
                return;
            }

            await Task.Run(() => publisher.CollectAsync(Id, cancellationToken), cancellationToken);
            ImmutableArray<PublishOrder> waiting = [.. _orders.Values.Select(known => known.Order), .. intent.State.Orders];
            await Task.Run(() => publisher.SweepLandedAsync(Id, waiting, cancellationToken), cancellationToken);
            foreach (var damaged in (await GetGenerationsAsync()).Where(generation => generation.Damage.Length > 0))
            {
                LogDamagedGeneration(logger, Id, damaged.Damage);
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            LogNotCollected(logger, Id, exception);
        }
    }

    /// <summary>Whoever may read a build reads its reason: where things lie on the hub's machine stays in the hub's log.</summary>
    private PublicationNews Pending(BuildId build, int attempt) =>
        new() { Build = build, Attempt = attempt, State = PublicationState.Pending, Reason = folders.In(_problem) };

    /// <summary>Takes an order in, with the reminder there from before it is durable until after it is carried out.</summary>
    private async Task ArriveAsync(Func<Task> add)
    {
        _arriving++;
        try
        {
            await RemindAsync();
            await add();
        }
        finally
        {
            _arriving--;
        }
    }

    private async Task RemindAsync()
    {
        // Registered while the old one goes, it might go with it. Whether that could be removed is told to whoever removes it.
        await _forgetting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (!_reminding)
        {
            await this.RegisterOrUpdateReminder(FinishReminder, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));
            _reminding = true;
        }
    }

    private async Task ForgetReminderAsync()
    {
        _reminding = false;
        if (await this.GetReminder(FinishReminder) is { } reminder)
        {
            await this.UnregisterReminder(reminder);
        }
    }

    /// <summary>Publishes until nothing waits, or until it cannot; then it tries again after a pause.</summary>
    private async Task WorkAsync(CancellationToken cancellationToken)
    {
        if (_working)
        {
            return;
        }

        _working = true;
        try
        {
            while (HasWork)
            {
                await CarryOutNextAsync(cancellationToken);
                Unblock();
            }

            // Nothing waits: whatever was in the way is in nobody's way.
            Unblock();
        }
        catch (PublicationBlockedException blocked)
        {
            Block(blocked.Message, null);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The activation ends; the next one finishes what was begun.
        }
        catch (InconsistentStateException conflict)
        {
            LogConflict(logger, Id, conflict);
            DeactivateOnIdle();
        }
        catch (Exception exception)
        {
            Block($"publication failed and is tried again: {exception.Message}", exception);
        }
        finally
        {
            _working = false;
        }
    }

    private async Task CarryOutNextAsync(CancellationToken cancellationToken)
    {
        if (intent.State.Publication is null && (await SettleDoneAsync() | await SettleChangesAsync()))
        {
            return;
        }

        if (publisher.FindSetBack(Id, Published) is { } setBack)
        {
            await AcceptSetBackAsync(setBack, cancellationToken);
            return;
        }

        if (intent.State.Publication is null)
        {
            await WriteAsync(intent, NextIntent());
        }

        await (intent.State.Change is { } change
            ? CarryOutAsync(intent.State.Publication!, change, cancellationToken)
            : PublishAsync(intent.State, cancellationToken));
    }

    /// <summary>What comes next in the order of arrival: all builds that were ordered before the first change, or that change.</summary>
    private PublicationIntent NextIntent()
    {
        var change = _changes.Values.Select(waiting => waiting.Change).MinBy(waiting => waiting.Sequence);
        var orders = _orders.Values
            .Select(waiting => waiting.Order)
            .Where(order => change is null || order.Sequence < change.Sequence)
            .OrderBy(order => order.Sequence)
            .ThenBy(order => order.Build.Timestamp)
            .Take(MostMerged)
            .ToImmutableArray();
        return change is not null && orders.IsEmpty
            ? new PublicationIntent { Publication = PublicationOf(change), Change = change }
            : new PublicationIntent { Publication = Guid.NewGuid().ToString("n"), Orders = orders };
    }

    private async Task PublishAsync(PublicationIntent begun, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        var began = clock.GetUtcNow();
        var news = await Task.Run(
            () => publisher.PublishAsync(Id, begun.Publication!, begun.Orders, cancellationToken), cancellationToken);
        if (begun.Orders.FirstOrDefault(order => !news.Any(item => IsAnswer(item, order))) is { } forgotten)
        {
            throw new InvalidOperationException($"the publisher said nothing final of {forgotten.Build}");
        }

        instruments.OnPublished(
            news.Count(item => item.State == PublicationState.Published),
            news.Count(item => item.State == PublicationState.Refused),
            clock.GetElapsedTime(started));

        await WriteAsync(history, history.State.With(news));

        // The orders in the same commit: an intent that is still there is carried out once more, whether or not its orders are.
        await Task.WhenAll(WriteAsync(intent, new PublicationIntent()), SettleDoneAsync());
        foreach (var order in begun.Orders)
        {
            FarmSpans.Published(order, news.FirstOrDefault(item => IsAnswer(item, order)), began, clock.GetUtcNow());
        }

        await TellPublishedAsync(news);
    }

    /// <summary>Tells the newest publication's builds once more: their orders are gone with it, and the news may have died with the process
    /// that sent them. Who knows them already does nothing.</summary>
    private async Task TellAgainAsync()
    {
        foreach (var item in history.State.Newest.TakeLast(MostMerged))
        {
            await GrainFactory.GetGrain<IBuildGrain>(item.Build.ToString()).PublishedAsync(item);
        }
    }

    private static bool IsAnswer(PublicationNews news, PublishOrder order) =>
        news.Build == order.Build && news.Attempt == order.Attempt && news.State is (PublicationState.Published or PublicationState.Refused);

    /// <summary>Writes a record; what could not be written is not believed in memory either.</summary>
    private static async Task WriteAsync<T>(IPersistentState<T> state, T next)
    {
        var before = state.State;
        state.State = next;
        try
        {
            await state.WriteStateAsync(CancellationToken.None);
        }
        catch
        {
            state.State = before;
            throw;
        }
    }

    /// <summary>Ends the orders whose outcome is known: the news go out, the landing zone and the records are cleared, of all of them
    /// together. A crash in the middle of it leaves orders that are settled again.</summary>
    /// <returns>True when there were any.</returns>
    private async Task<bool> SettleDoneAsync()
    {
        // Of the history, which is bounded, and not of all that waits.
        var done = history.State.Newest
            .Select(item => (Item: item, Known: _orders.GetValueOrDefault(item.Build)))
            .Where(pair => pair.Known.Order?.Attempt == pair.Item.Attempt)
            .GroupBy(static pair => pair.Item.Build, static (_, pairs) => pairs.Last())
            .ToList();
        await Task.WhenAll(done.Select(pair => SettleAsync(pair.Item, pair.Known.Slot, pair.Known.Order)));
        return done.Count > 0;
    }

    private async Task SettleAsync(PublicationNews item, int slot, PublishOrder order)
    {
        await GrainFactory.GetGrain<IBuildGrain>(item.Build.ToString()).PublishedAsync(item);
        publisher.Discard(order);
        // The record first: what memory has forgotten nobody clears any more.
        await _slots.ClearAsync(slot);
        _orders.Remove(order.Build);
        LogPublished(logger, item.Build, item.State, item.Generation, item.Reason);
    }

    private void Unblock()
    {
        _problem = "";
        _pause = FirstPause;
    }

    private void Block(string problem, Exception? exception)
    {
        _problem = problem;
        instruments.OnBlocked();
        LogBlocked(logger, Id, Waiting, problem, _pause, exception);
        _timer.Change(_pause, Timeout.InfiniteTimeSpan);
        _pause = _pause * 2 > LongestPause ? LongestPause : _pause * 2;
    }

    private void OnDamaged(DamagedRecord damage) => LogDamaged(
        logger,
        Id,
        damage.Record,
        damage.IsCursor ? "another counts the records in its place" : "its build is ordered again when it is asked for",
        damage.Error);

    [LoggerMessage(Level = LogLevel.Information, Message = "{Build}: {State} in generation {Generation} {Reason}")]
    private static partial void LogPublished(ILogger logger, BuildId build, PublicationState state, long? generation, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "Record {Record} of {Target} cannot be read: {Consequence}")]
    private static partial void LogDamaged(ILogger logger, TargetId target, string record, string consequence, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Somebody else wrote the records of {Target}; it starts anew from storage")]
    private static partial void LogConflict(ILogger logger, TargetId target, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Target}: {Damage}. It cannot come back, and while it is kept no old package file goes")]
    private static partial void LogDamagedGeneration(ILogger logger, TargetId target, string damage);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Target} was set back: {Problem}")]
    private static partial void LogSetBack(ILogger logger, TargetId target, string problem);

    [LoggerMessage(Level = LogLevel.Warning, Message = "Old files of {Target} could not be removed")]
    private static partial void LogNotCollected(ILogger logger, TargetId target, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Target} cannot carry out {Count} orders: {Problem}. Next try in {Pause}")]
    private static partial void LogBlocked(ILogger logger, TargetId target, int count, string problem, TimeSpan pause, Exception? exception);
}
