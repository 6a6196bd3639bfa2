namespace Caur.Storage.State;

/// <summary>Tells a record that cannot be read from storage that fails as a whole.</summary>
public static class StateDamage
{
    /// <summary>What is wrong with the record, or null when the failure is another one. Providers and engines wrap what the serializer
    /// said. A record of a newer program is not damaged: that program can read it.</summary>
    public static string? Find(Exception? error) => error switch
    {
        null or StateTooNewException => null,
        StateUnreadableException damage => damage.Message,
        AggregateException many => many.InnerExceptions.Select(Find).FirstOrDefault(found => found is not null),
        _ => Find(error.InnerException),
    };
}
