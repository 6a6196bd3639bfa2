using System.Collections.Concurrent;
using Caur.Embedded.Calls;
using Caur.Embedded.Storage;
using Orleans;
using Orleans.Hosting;
using Orleans.Runtime;

namespace Caur.Embedded.Reminders;

/// <summary>
/// Wakes grains at times that they have registered. Definitions and the next due time are in storage: a tick that fell due while the
/// process was down is sent once soon after its start. A tick may come twice, when the process dies between sending and noting it.
/// </summary>
internal sealed class ReminderService : IDisposable
{
    private readonly EmbeddedEngine _engine;
    private readonly ReminderOptions _options;
    private readonly ConcurrentDictionary<(GrainId Grain, string Name), Reminder> _reminders = new();
    private readonly Lock _lock = new();
    private readonly PriorityQueue<(Reminder Reminder, long Due), long> _due = new();
    private readonly ITimer _timer;
    private ReminderTable? _table;
    private bool _isDisposed;

    public ReminderService(EmbeddedEngine engine, ReminderOptions options)
    {
        _engine = engine;
        _options = options;
        _timer = engine.Time.CreateTimer(_ => SendDue(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public int Count => _reminders.Count;

    private long Now => _engine.Time.GetUtcNow().UtcTicks;

    /// <summary>Reads the reminders; those that are overdue are sent at once.</summary>
    public void Start(StateDatabase database)
    {
        _table = new ReminderTable(database);
        foreach (var reminder in _table.ReadAll(Damaged))
        {
            if (_engine.Classes.Find(reminder.Grain.Type) is null)
            {
                _engine.Logs.ReminderWithoutClass(reminder.ReminderName, reminder.Grain);
                continue;
            }

            _reminders[reminder.Key] = reminder;
            Schedule(reminder);
        }
    }

    public async Task<IGrainReminder> RegisterAsync(GrainId grain, string name, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentOutOfRangeException.ThrowIfLessThan(dueTime, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(dueTime.Ticks, DateTime.MaxValue.Ticks - Now, nameof(dueTime));
        if (period < _options.MinimumReminderPeriod)
        {
            throw new ArgumentException(
                $"The reminder {name} of {grain} has a period of {period}; the least that may be registered is {_options.MinimumReminderPeriod}.",
                nameof(period));
        }

        var first = Now + dueTime.Ticks;
        var reminder = new Reminder(grain, name, first, period.Ticks, first);
        await Table.WriteAsync(reminder);
        _reminders[reminder.Key] = reminder;
        Schedule(reminder);
        return reminder;
    }

    public async Task UnregisterAsync(GrainId grain, IGrainReminder reminder)
    {
        ArgumentNullException.ThrowIfNull(reminder);
        if (reminder is not Reminder own || own.Grain != grain)
        {
            throw new ArgumentException($"The reminder {reminder.ReminderName} is not one of {grain}.", nameof(reminder));
        }

        await Table.DeleteAsync(own);
        _reminders.TryRemove(own.Key, out _);
    }

    public IGrainReminder? Find(GrainId grain, string name) => _reminders.GetValueOrDefault((grain, name));

    public List<IGrainReminder> Of(GrainId grain) =>
        [.. _reminders.Values.Where(reminder => reminder.Grain == grain).OrderBy(static reminder => reminder.ReminderName, StringComparer.Ordinal)];

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
        }

        _timer.Dispose();
    }

    private void Damaged(string grain, string name, string fault)
    {
        _engine.Instruments.RecordDamaged();
        _engine.Logs.ReminderDamaged(name, grain, fault);
    }

    private ReminderTable Table => _table ?? throw new InvalidOperationException("The engine has not started.");

    private void Schedule(Reminder reminder)
    {
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            _due.Enqueue((reminder, reminder.NextDue), reminder.NextDue);
            if (reminder.NextDue <= Now)
            {
                ThreadPool.QueueUserWorkItem(static service => service.SendDue(), this, preferLocal: false);
            }
            else if (_due.Peek().Reminder == reminder)
            {
                Arm(reminder.NextDue);
            }
        }
    }

    private void Arm(long due)
    {
        // Clocks can be set, and timers reach 49 days: it looks at least once an hour.
        var wait = Math.Clamp(due - Now, TimeSpan.TicksPerMillisecond, TimeSpan.TicksPerHour);
        _timer.Change(TimeSpan.FromMilliseconds(Math.Ceiling((double)wait / TimeSpan.TicksPerMillisecond)), Timeout.InfiniteTimeSpan);
    }

    private void SendDue()
    {
        List<Reminder> due = [];
        lock (_lock)
        {
            if (_isDisposed)
            {
                return;
            }

            var now = Now;
            while (_due.TryPeek(out var next, out _) && next.Due <= now)
            {
                _due.Dequeue();
                // Replaced, removed or rescheduled ones are found out here instead of being searched in the queue.
                if (_reminders.TryGetValue(next.Reminder.Key, out var current) && current == next.Reminder && current.NextDue == next.Due)
                {
                    due.Add(next.Reminder);
                }
            }

            if (_due.TryPeek(out _, out var earliest))
            {
                Arm(earliest);
            }
        }

        foreach (var reminder in due)
        {
            _ = SendAsync(reminder);
        }
    }

    private async Task SendAsync(Reminder reminder)
    {
        var now = Now;
        try
        {
            var grain = (IRemindable)GrainProxy.Create(_engine, reminder.Grain, typeof(IRemindable));
            await grain.ReceiveReminder(reminder.ReminderName, new TickStatus(
                new DateTime(reminder.FirstDue, DateTimeKind.Utc), TimeSpan.FromTicks(reminder.Period), new DateTime(now, DateTimeKind.Utc)));
        }
        catch (SiloUnavailableException)
        {
            // Not sent: it stays due and is sent after the next start.
            return;
        }
        catch (Exception error)
        {
            _engine.Logs.ReminderFailed(reminder.ReminderName, reminder.Grain, error);
        }

        // Counted from when it was sent: one that falls due while this tick runs is not left out.
        var passed = Math.Max(0, now - reminder.FirstDue) / reminder.Period;
        var next = reminder.FirstDue + ((passed + (Int128)1) * reminder.Period);
        reminder.NextDue = (long)Int128.Min(next, DateTime.MaxValue.Ticks);
        try
        {
            await Table.NoteAsync(reminder);
        }
        catch (Exception error)
        {
            _engine.Logs.ReminderFailed(reminder.ReminderName, reminder.Grain, error);
        }

        if (_reminders.TryGetValue(reminder.Key, out var current) && current == reminder)
        {
            Schedule(reminder);
        }
    }
}
