namespace Caur.Embedded;

/// <summary>One record of grain state as it lies in the state database.</summary>
/// <param name="Grain">The grain's identity, <c>type/key</c>.</param>
/// <param name="Name">The name of the state.</param>
/// <param name="Data">Its bytes.</param>
/// <param name="IsSound">False when they do not match their checksum: no grain reads them.</param>
public sealed record StoredRecord(string Grain, string Name, ReadOnlyMemory<byte> Data, bool IsSound);

/// <summary>One reminder as it lies in the state database.</summary>
/// <param name="Grain">The identity of the grain that is woken.</param>
/// <param name="Name">The reminder's name among those of the grain.</param>
/// <param name="FirstDue">When it was first due, UTC.</param>
/// <param name="Period">The time from one tick to the next; more than nothing.</param>
/// <param name="NextDue">When it is due next, UTC; when that is past, it comes soon after the next start.</param>
public sealed record StoredReminder(string Grain, string Name, DateTime FirstDue, TimeSpan Period, DateTime NextDue);

/// <summary>A row of the state database that cannot be a reminder.</summary>
/// <param name="Grain">What it says of the grain.</param>
/// <param name="Name">What it says of the name.</param>
/// <param name="Fault">What is wrong.</param>
public sealed record DamagedReminder(string Grain, string Name, string Fault);
