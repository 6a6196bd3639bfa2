using Orleans.Runtime;

namespace Caur.Embedded.Reminders;

/// <summary>A registered reminder. Times are UTC, in ticks.</summary>
internal sealed class Reminder(GrainId grain, string name, long firstDue, long period, long nextDue) : IGrainReminder
{
    private long _nextDue = nextDue;

    public string ReminderName => name;

    public GrainId Grain => grain;

    public (GrainId Grain, string Name) Key => (grain, name);

    public long FirstDue => firstDue;

    public long Period => period;

    public long NextDue
    {
        get => Volatile.Read(ref _nextDue);
        set => Volatile.Write(ref _nextDue, value);
    }
}
