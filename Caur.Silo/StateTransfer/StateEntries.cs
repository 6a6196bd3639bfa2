namespace Caur.Silo.StateTransfer;

/// <summary>One line of a state file between its first and its last.</summary>
internal abstract record StateEntry
{
    /// <summary>Which one it is, for people.</summary>
    public abstract string Title { get; }
}

/// <summary>One record of grain state.</summary>
/// <param name="Grain">The grain's identity, <c>type/key</c>, the same with either engine.</param>
/// <param name="State">The name of the state; it has no slash.</param>
/// <param name="Data">Its bytes as they are stored.</param>
/// <param name="IsDamaged">The store they come from knows that they are not what was written: they stay unreadable wherever they go.</param>
internal sealed record StateRecord(string Grain, string State, ReadOnlyMemory<byte> Data, bool IsDamaged) : StateEntry
{
    public override string Title => $"the record '{State}' of {Grain}";
}

/// <summary>One reminder.</summary>
/// <param name="Grain">The identity of the grain that is woken.</param>
/// <param name="Name">Its name among those of the grain.</param>
/// <param name="Start">When it was, or is, first due, UTC.</param>
/// <param name="Period">The time between two ticks, more than nothing.</param>
/// <param name="Next">When it is due next, where the engine keeps that.</param>
internal sealed record StateReminder(string Grain, string Name, DateTime Start, TimeSpan Period, DateTime? Next) : StateEntry
{
    public override string Title => $"the reminder '{Name}' of {Grain}";
}

/// <summary>The first line: where the rest comes from, for people.</summary>
/// <param name="Engine">The engine that the farm ran on.</param>
/// <param name="At">When it was written, UTC.</param>
/// <param name="Farm">Which farm, in the words of its engine.</param>
internal sealed record StateHeader(string Engine, DateTime At, string Farm);

/// <summary>How much of each kind.</summary>
internal readonly record struct StateCount(long Records, long Reminders)
{
    public long Total => Records + Reminders;

    public bool IsNothing => Total == 0;

    public StateCount With(StateEntry entry) => entry is StateRecord ? this with { Records = Records + 1 } : this with { Reminders = Reminders + 1 };

    public override string ToString() => $"{Cli.Counted.Of(Records, "record")} and {Cli.Counted.Of(Reminders, "reminder")}";
}
