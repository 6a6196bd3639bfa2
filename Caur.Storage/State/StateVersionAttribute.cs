namespace Caur.Storage.State;

/// <summary>The schema version of a state type. Raise it when an older program would misread the new state, and register an upgrader
/// from the version before; a new member alone needs neither, because readers ignore what they do not know.</summary>
/// <param name="version">1 or more; a type without the attribute is at 1.</param>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct, Inherited = false)]
public sealed class StateVersionAttribute(int version) : Attribute
{
    /// <summary>The version, 1 or more.</summary>
    public int Version { get; } = version;
}
