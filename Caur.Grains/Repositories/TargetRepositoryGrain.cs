using System.Collections.Immutable;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Repositories;
using Caur.Grains.State;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;
using Orleans.Storage;

namespace Caur.Grains.Repositories;

/// <summary>Every change to one target repository, one at a time. Orders are durable before they are answered; those that wait are
/// merged into one publication; its intent is written first, so that a crash at any point leaves the old or the new repository and the
/// next activation finishes it. It is reentrant, because publications take their time off the turn: orders, intent and history each
/// have one writer.</summary>
[Reentrant]
internal sealed partial class TargetRepositoryGrain(
    [PersistentState("intent", GrainStorageNames.Farm)] IPersistentState<PublicationIntent> intent,
    [PersistentState("publications", GrainStorageNames.Farm)] IPersistentState<PublicationHistory> history,
    IRepositoryPublisher publisher,
    TimeProvider clock,
    PublicationInstruments instruments,
    ILogger<TargetRepositoryGrain> logger) : Grain, ITargetRepositoryGrain, IRemindable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(2);
    private const string FinishReminder = "finish";

    private readonly Dictionary<BuildId, (int Slot, PublishOrder Order)> _orders = [];
    private SlotStore<PublishOrder> _slots = null!;
    private IGrainTimer _timer = null!;
    private bool _working;
    private bool _reminding;
    private TimeSpan _pause = FirstPause;
    private string _problem = "";

    private TargetId Id => TargetId.Parse(this.GetPrimaryKeyString());

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        var storage = ServiceProvider.GetRequiredKeyedService<IGrainStorage>(GrainStorageNames.Farm);
        _slots = new SlotStore<PublishOrder>(storage, this.GetGrainId(), "order");
        foreach (var (slot, order) in await _slots.LoadAsync())
        {
            _orders[order.Build] = (slot, order);
        }

        _timer = this.RegisterGrainTimer(WorkAsync, new GrainTimerCreationOptions
        {
            DueTime = _orders.Count > 0 ? TimeSpan.Zero : Timeout.InfiniteTimeSpan,
            Period = Timeout.InfiniteTimeSpan,
            Interleave = true,
            KeepAlive = true,
        });
    }

    public async Task<PublicationNews> PublishAsync(PublishOrder order)
    {
        if (history.State.Find(order.Build, order.Attempt) is { } done)
        {
            return done;
        }

        if (!_orders.ContainsKey(order.Build))
        {
            await RemindAsync();
            await _slots.ReserveAsync(1);
        }

        if (!_orders.ContainsKey(order.Build))
        {
            var slot = _slots.Take();
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

        if (!_working)
        {
            _timer.Change(_problem.Length == 0 ? TimeSpan.Zero : _pause, Timeout.InfiniteTimeSpan);
        }

        return Pending(order.Build, order.Attempt);
    }

    public Task<PublicationNews> GetPublicationAsync(BuildId build, int attempt) => Task.FromResult(
        history.State.Find(build, attempt)
        ?? (_orders.TryGetValue(build, out var known) && known.Order.Attempt == attempt
            ? Pending(build, attempt)
            : new PublicationNews { Build = build, Attempt = attempt, State = PublicationState.Unknown }));

    public Task<ImmutableArray<string>> GetPublishedFilesAsync(string pkgbase) => publisher.GetFilesAsync(Id, pkgbase, CancellationToken.None);

    public async Task<TargetView> GetAsync() =>
        await publisher.GetAsync(Id, CancellationToken.None) with { Pending = _orders.Count, Problem = _problem };

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        if (_orders.Count > 0)
        {
            await WorkAsync(CancellationToken.None);
        }
        else if (await this.GetReminder(FinishReminder) is { } reminder)
        {
            _reminding = false;
            await this.UnregisterReminder(reminder);
        }
    }

    private PublicationNews Pending(BuildId build, int attempt) =>
        new() { Build = build, Attempt = attempt, State = PublicationState.Pending, Reason = _problem };

    private async Task RemindAsync()
    {
        if (!_reminding)
        {
            _reminding = true;
            await this.RegisterOrUpdateReminder(FinishReminder, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));
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
            while (_orders.Count > 0)
            {
                await PublishWaitingAsync(cancellationToken);
                _problem = "";
                _pause = FirstPause;
            }
        }
        catch (PublicationBlockedException blocked)
        {
            Block(blocked.Message, null);
        }
        catch (Exception exception) when (exception is not InconsistentStateException)
        {
            Block($"publication failed and is tried again: {exception.Message}", exception);
        }
        finally
        {
            _working = false;
        }
    }

    private async Task PublishWaitingAsync(CancellationToken cancellationToken)
    {
        if (intent.State.Publication is null && await SettleDoneAsync())
        {
            return;
        }

        if (intent.State.Publication is null)
        {
            intent.State = new PublicationIntent
            {
                Publication = Guid.NewGuid().ToString("n"),
                Orders = [.. _orders.Values.Select(waiting => waiting.Order).OrderBy(order => order.Build.Timestamp)],
            };
            await intent.WriteStateAsync(CancellationToken.None);
        }

        var begun = intent.State;
        var started = clock.GetTimestamp();
        var news = await Task.Run(
            () => publisher.PublishAsync(Id, begun.Publication!, begun.Orders, cancellationToken), cancellationToken);
        instruments.OnPublished(news.Count(item => item.State == PublicationState.Published), clock.GetElapsedTime(started));

        history.State = history.State.With(news);
        await history.WriteStateAsync(CancellationToken.None);
        intent.State = new PublicationIntent();
        await intent.WriteStateAsync(CancellationToken.None);
        await SettleDoneAsync();
    }

    /// <summary>Ends the orders whose outcome is known: the news go out, the landing zone and the record are cleared. A crash in the
    /// middle of it leaves an order that is settled again.</summary>
    /// <returns>True when there were any.</returns>
    private async Task<bool> SettleDoneAsync()
    {
        var settled = false;
        foreach (var (slot, order) in _orders.Values.ToList())
        {
            if (history.State.Find(order.Build, order.Attempt) is not { } item)
            {
                continue;
            }

            settled = true;
            LogPublished(logger, item.Build, item.State, item.Generation, item.Reason);
            await GrainFactory.GetGrain<IBuildGrain>(item.Build.ToString()).PublishedAsync(item);
            publisher.Discard(order);
            _orders.Remove(order.Build);
            await _slots.ClearAsync(slot);
        }

        return settled;
    }

    private void Block(string problem, Exception? exception)
    {
        _problem = problem;
        LogBlocked(logger, Id, _orders.Count, problem, _pause, exception);
        _timer.Change(_pause, Timeout.InfiniteTimeSpan);
        _pause = _pause * 2 > LongestPause ? LongestPause : _pause * 2;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Build}: {State} in generation {Generation} {Reason}")]
    private static partial void LogPublished(ILogger logger, BuildId build, PublicationState state, long? generation, string reason);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Target} cannot publish {Count} builds: {Problem}. Next try in {Pause}")]
    private static partial void LogBlocked(ILogger logger, TargetId target, int count, string problem, TimeSpan pause, Exception? exception);
}
