namespace Caur.Builder.Engines;

/// <summary>What kind of failure the engine or the way to it had.</summary>
internal enum EngineFailure
{
    /// <summary>Nobody answered, or the connection broke; the call's outcome is unknown.</summary>
    Unreachable,

    /// <summary>The image is not here, or the registry does not have it.</summary>
    ImageNotFound,

    /// <summary>No such container.</summary>
    ContainerNotFound,

    /// <summary>Another container has the name.</summary>
    NameConflict,

    /// <summary>The engine understood and said no.</summary>
    Refused,
}

/// <summary>A call to the container engine failed; the message holds the engine's own words.</summary>
internal sealed class EngineException : Exception
{
    public EngineException(EngineFailure failure, string message, Exception? inner = null)
        : base(message, inner) => Failure = failure;

    public EngineFailure Failure { get; }
}
