using Caur.Embedded.Activations;
using Orleans.Runtime;

namespace Orleans;

/// <summary>Reminders of a grain: they live in storage, survive restarts, and wake the grain. It must be <see cref="IRemindable"/>.</summary>
public static class GrainReminderExtensions
{
    /// <summary>
    /// Registers a reminder, or changes the one of that name; durable on return. Throws <see cref="ArgumentException"/> when the period
    /// is below the configured minimum, <see cref="InvalidOperationException"/> when the grain is not <see cref="IRemindable"/>.
    /// </summary>
    public static Task<IGrainReminder> RegisterOrUpdateReminder(this Grain grain, string reminderName, TimeSpan dueTime, TimeSpan period) =>
        RegisterOrUpdateReminder((IGrainBase)grain, reminderName, dueTime, period);

    /// <inheritdoc cref="RegisterOrUpdateReminder(Grain, string, TimeSpan, TimeSpan)"/>
    public static Task<IGrainReminder> RegisterOrUpdateReminder(
        this IGrainBase grain, string reminderName, TimeSpan dueTime, TimeSpan period)
    {
        var activation = Remindable(grain);
        return activation.Engine.Reminders.RegisterAsync(activation.GrainId, reminderName, dueTime, period);
    }

    /// <summary>Removes a reminder; durable on return. Throws when it is not this grain's.</summary>
    public static Task UnregisterReminder(this Grain grain, IGrainReminder reminder) => UnregisterReminder((IGrainBase)grain, reminder);

    /// <inheritdoc cref="UnregisterReminder(Grain, IGrainReminder)"/>
    public static Task UnregisterReminder(this IGrainBase grain, IGrainReminder reminder)
    {
        var activation = Remindable(grain);
        return activation.Engine.Reminders.UnregisterAsync(activation.GrainId, reminder);
    }

    /// <summary>The reminder of that name, if there is one.</summary>
    public static Task<IGrainReminder?> GetReminder(this Grain grain, string reminderName) =>
        GetReminder((IGrainBase)grain, reminderName);

    /// <inheritdoc cref="GetReminder(Grain, string)"/>
    public static Task<IGrainReminder?> GetReminder(this IGrainBase grain, string reminderName)
    {
        var activation = Remindable(grain);
        return Task.FromResult(activation.Engine.Reminders.Find(activation.GrainId, reminderName));
    }

    /// <summary>All reminders of the grain.</summary>
    public static Task<List<IGrainReminder>> GetReminders(this Grain grain) => GetReminders((IGrainBase)grain);

    /// <inheritdoc cref="GetReminders(Grain)"/>
    public static Task<List<IGrainReminder>> GetReminders(this IGrainBase grain)
    {
        var activation = Remindable(grain);
        return Task.FromResult(activation.Engine.Reminders.Of(activation.GrainId));
    }

    private static Activation Remindable(IGrainBase grain)
    {
        ArgumentNullException.ThrowIfNull(grain);
        return grain is IRemindable
            ? Activation.Of(grain)
            : throw new InvalidOperationException(
                $"{grain.GetType().Name} must implement {nameof(IRemindable)} to use reminders.");
    }
}
