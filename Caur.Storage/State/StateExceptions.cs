namespace Caur.Storage.State;

/// <summary>A stored state cannot be read: it is damaged, or it is not what it should be.</summary>
public class StateUnreadableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>A stored state was written by a newer program, in a version that this one does not know.</summary>
/// <param name="type">The state type's name.</param>
/// <param name="found">The version in the record.</param>
/// <param name="known">The newest version that this program knows.</param>
public sealed class StateTooNewException(string type, int found, int known)
    : StateUnreadableException($"the state of {type} has version {found}; this program knows versions up to {known}: run the newer one")
{
    /// <summary>The version in the record.</summary>
    public int Found { get; } = found;

    /// <summary>The newest version that this program knows.</summary>
    public int Known { get; } = known;
}

/// <summary>The store of grain state cannot be reached, or did not answer in time: what was to be written may have been written.</summary>
public sealed class StateStoreException(string message, Exception? inner = null) : IOException(message, inner);
