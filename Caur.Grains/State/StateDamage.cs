using Caur.Storage.State;

namespace Caur.Grains.State;

/// <summary>A record that is there and cannot be read.</summary>
/// <param name="Record">The name of the state.</param>
/// <param name="IsCursor">Whether it counts slots; otherwise it is one.</param>
/// <param name="Error">What reading it threw.</param>
internal readonly record struct StateDamage(string Record, bool IsCursor, Exception Error)
{
    /// <summary>Whether one record cannot be read, as opposed to all of storage. Providers wrap what the serializer said, and those
    /// that keep checksums say <see cref="InvalidDataException"/>.</summary>
    public static bool IsIn(Exception? error) =>
        error is not null && (error is StateUnreadableException or InvalidDataException || IsIn(error.InnerException));
}
