using Orleans.Runtime;

namespace Orleans
{
    /// <summary>A grain that reminders wake.</summary>
    public interface IRemindable : IGrain
    {
        /// <summary>A tick of a reminder. May come late, and twice; an exception is logged and the reminder goes on.</summary>
        Task ReceiveReminder(string reminderName, TickStatus status);
    }
}

namespace Orleans.Runtime
{
    /// <summary>A reminder that is registered.</summary>
    public interface IGrainReminder
    {
        /// <summary>Its name within the grain.</summary>
        string ReminderName { get; }
    }

    /// <summary>Which tick of a reminder. Times are UTC.</summary>
    [GenerateSerializer]
    [Immutable]
    public readonly struct TickStatus
    {
        /// <summary>A tick of a reminder.</summary>
        public TickStatus(DateTime firstTickTime, TimeSpan period, DateTime timeStamp)
        {
            FirstTickTime = firstTickTime;
            Period = period;
            CurrentTickTime = timeStamp;
        }

        /// <summary>When the first was due.</summary>
        [Id(0)]
        public DateTime FirstTickTime { get; }

        /// <summary>From one to the next.</summary>
        [Id(1)]
        public TimeSpan Period { get; }

        /// <summary>When this one was sent.</summary>
        [Id(2)]
        public DateTime CurrentTickTime { get; }
    }
}

namespace Orleans.Hosting
{
    /// <summary>Options of reminders.</summary>
    public sealed class ReminderOptions
    {
        /// <summary>The shortest period that may be registered. Default: one minute.</summary>
        public TimeSpan MinimumReminderPeriod { get; set; } = TimeSpan.FromMinutes(1);
    }
}
