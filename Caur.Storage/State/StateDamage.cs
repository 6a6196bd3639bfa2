namespace Caur.Storage.State;

/// <summary>Tells a record that cannot be read from storage that fails as a whole. Providers and engines wrap what the serializer said,
/// and those that keep checksums say <see cref="InvalidDataException"/>.</summary>
public static class StateDamage
{
    /// <summary>Whether one record cannot be read, be it damaged or of a newer program.</summary>
    public static bool IsIn(Exception? error) => error switch
    {
        null => false,
        StateUnreadableException or InvalidDataException => true,
        AggregateException many => many.InnerExceptions.Any(IsIn),
        _ => IsIn(error.InnerException),
    };

    /// <summary>What is wrong with the record, or null when the failure is another one. A record of a newer program is not damaged: that
    /// program can read it.</summary>
    public static string? Find(Exception? error) => error switch
    {
        null or StateTooNewException => null,
        StateUnreadableException or InvalidDataException => error.Message,
        AggregateException many => many.InnerExceptions.Select(Find).FirstOrDefault(static found => found is not null),
        _ => Find(error.InnerException),
    };
}
