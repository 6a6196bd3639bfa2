using System.Collections.Immutable;
using Caur.Contracts.Builds;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Contracts.Notifications;
using Caur.Contracts.Queue;
using Caur.Grains.State;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans;
using Orleans.Concurrency;
using Orleans.Runtime;
using Orleans.Storage;

namespace Caur.Grains.Notifications;

/// <summary>Follows the farm and tells others. It reads what happened once a second, writes what is to be told, and only then sends, off
/// its turns and each receiver by itself, so that nothing in the farm waits for it. Events are not durable: after a start, and where some
/// are missing, the lists say what became of what it knows. It is reentrant: <see cref="NoticeBook"/> decides without waiting, and one
/// chain makes durable what it decided.</summary>
[Reentrant]
[KeepAlive]
internal sealed partial class NotificationsGrain : Grain, INotificationsGrain, IRemindable
{
    /// <summary>Looked for again although known, in the lists: clocks are set back, and news are late.</summary>
    internal static readonly TimeSpan Margin = TimeSpan.FromMinutes(10);

    private static readonly TimeSpan TickEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ChangesEvery = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan CompareEvery = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan CompareAgain = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan SeenEvery = TimeSpan.FromMinutes(5);
    private const string Reminder = "tell";
    private const int PageSize = 4096;
    private const int AtOnce = 64;

    /// <summary>From so many on the whole queue is asked for instead of each build.</summary>
    private const int ManyBuilds = 500;

    private readonly FarmOptions _farm;
    private readonly NotificationOptions _options;
    private readonly NotificationSender _sender;
    private readonly NotificationInstruments _instruments;
    private readonly TimeProvider _clock;
    private readonly ILogger<NotificationsGrain> _logger;
    private readonly StepChain _writes = new();
    private readonly NoticeBook _book;
    private readonly Dictionary<NotificationLane, IGrainTimer> _timers = [];
    private ReplaceableRecord<NotificationState> _state = null!;
    private SlotStore<Notice> _slots = null!;
    private bool _isTicking;
    private string? _run;
    private long _lastEvent;
    private DateTimeOffset _compareAt = DateTimeOffset.MinValue;
    private DateTimeOffset _changesAt = DateTimeOffset.MinValue;
    private DateTimeOffset _sweepAt = DateTimeOffset.MinValue;

    public NotificationsGrain(
        IOptions<FarmOptions> farm,
        IOptions<NotificationOptions> options,
        NotificationSender sender,
        NotificationInstruments instruments,
        TimeProvider clock,
        ILogger<NotificationsGrain> logger)
    {
        _farm = farm.Value;
        _options = options.Value;
        _sender = sender;
        _instruments = instruments;
        _clock = clock;
        _logger = logger;
        _book = new NoticeBook(NotificationPlan.Channels(_farm, _options));
    }

    private DateTimeOffset Now => _clock.GetUtcNow();

    private NotificationState State => _state.State;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        if (_book.Lanes.Count == 0)
        {
            return;
        }

        var storage = ServiceProvider.GetRequiredKeyedService<IGrainStorage>(GrainStorageNames.Farm);
        _state = new ReplaceableRecord<NotificationState>(storage, this.GetGrainId(), "state");
        await _state.LoadAsync(OnDamaged);
        _slots = new SlotStore<Notice>(storage, this.GetGrainId(), "notice");
        _book.Restore(await _slots.LoadAsync(OnDamaged));
        if (await this.GetReminder(Reminder) is null)
        {
            await this.RegisterOrUpdateReminder(Reminder, TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(1));
        }

        foreach (var lane in _book.Lanes)
        {
            _timers[lane] = this.RegisterGrainTimer(token => PumpAsync(lane, token), Options(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan));
        }

        this.RegisterGrainTimer(TickAsync, Options(TimeSpan.Zero, TickEvery));
        LogFollows(_logger, string.Join(", ", _book.Lanes.Select(static lane => lane.Channel.Key)), _book.Lanes.Sum(static lane => lane.Count));
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _instruments.Report([]);
        return Task.CompletedTask;
    }

    public Task WakeAsync() => Task.CompletedTask;

    public Task<NotificationsView> GetAsync() => Task.FromResult(new NotificationsView([.. Views()]));

    public async Task ReceiveReminder(string reminderName, TickStatus status)
    {
        // Nobody is to be told any more: what waits stays as it is, and nothing is woken for it.
        if (_book.Lanes.Count == 0 && await this.GetReminder(reminderName) is { } reminder)
        {
            await this.UnregisterReminder(reminder);
            DeactivateOnIdle();
        }
    }

    private static GrainTimerCreationOptions Options(TimeSpan due, TimeSpan period) => new(due, period) { Interleave = true, KeepAlive = true };

    private IEnumerable<ChannelView> Views()
    {
        var now = Now;
        return _book.Lanes.Select(lane => new ChannelView(
            lane.Channel.Key,
            lane.Channel.Kind,
            lane.Count + MergedOf(lane).Values.Sum(),
            lane.Oldest,
            lane.Problem,
            lane.Closed,
            lane.NotBefore > now ? lane.NotBefore : null));
    }

    private IReadOnlyDictionary<string, int> MergedOf(NotificationLane lane) =>
        State.Merged.GetValueOrDefault(lane.Channel.Key) ?? ImmutableDictionary<string, int>.Empty;

    /// <summary>Makes durable what the book decided.</summary>
    private Task SaveAsync() => _writes.RunAsync(async () =>
    {
        var changed = _book.TakeChanged();
        await WritingAsync(async () =>
        {
            var fresh = changed.Where(static entry => entry.Slot is null).ToList();
            var slots = await _slots.TakeAsync(fresh.Count);
            foreach (var entry in fresh)
            {
                entry.Slot = slots.Dequeue();
            }

            await Task.WhenAll(changed.Select(entry => _slots.WriteAsync(entry.Slot!.Value, entry.Notice)));
        });
    });

    private Task ClearAsync(IEnumerable<NoticeEntry> forgotten) => _writes.RunAsync(() =>
        WritingAsync(() => Task.WhenAll(forgotten.Select(static entry => entry.Slot).OfType<int>().Select(_slots.ClearAsync))));

    private Task ChangeStateAsync(Func<NotificationState, NotificationState> change) => _writes.RunAsync(async () =>
    {
        var next = change(State);
        if (next != State)
        {
            await WritingAsync(() => _state.WriteAsync(next));
        }
    });

    private async Task WritingAsync(Func<Task> write)
    {
        try
        {
            await write();
        }
        catch (Exception exception)
        {
            // Memory is ahead of storage: the next activation begins with what is durable, and the reminder wakes it.
            LogNotWritten(_logger, exception);
            DeactivateOnIdle();
            throw;
        }
    }

    private void OnDamaged(DamagedRecord damage) => LogDamaged(
        _logger,
        damage.Record,
        damage.IsCursor ? "another counts the records in its place" : damage.Record.StartsWith("notice", StringComparison.Ordinal) ? "its build may be told of twice" : "it begins anew, and tells nothing of what ended before",
        damage.Error);

    private IBuildQueueGrain Queue(string arch) => GrainFactory.GetGrain<IBuildQueueGrain>(arch);

    private IBuildGrain Build(BuildId build) => GrainFactory.GetGrain<IBuildGrain>(build.ToString());

    [LoggerMessage(Level = LogLevel.Information, Message = "Notifications go to {Receivers}; {Waiting} wait")]
    private static partial void LogFollows(ILogger logger, string receivers, int waiting);

    [LoggerMessage(Level = LogLevel.Error, Message = "Notifications could not be written down, and begin anew with what was")]
    private static partial void LogNotWritten(ILogger logger, Exception exception);

    [LoggerMessage(Level = LogLevel.Error, Message = "Record {Record} of the notifications cannot be read: {Consequence}")]
    private static partial void LogDamaged(ILogger logger, string record, string consequence, Exception exception);
}
