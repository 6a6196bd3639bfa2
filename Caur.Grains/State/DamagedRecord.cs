namespace Caur.Grains.State;

/// <summary>A record that is there and cannot be read.</summary>
/// <param name="Record">The name of the state.</param>
/// <param name="IsCursor">Whether it counts slots; otherwise it is one.</param>
/// <param name="Error">What reading it threw.</param>
internal readonly record struct DamagedRecord(string Record, bool IsCursor, Exception Error);
