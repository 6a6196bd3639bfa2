using Orleans.Runtime;

namespace Caur.Embedded;

/// <summary>The state database cannot be opened or is not one that this program may write.</summary>
public sealed class StateDatabaseException : OrleansException
{
    internal StateDatabaseException(string message)
        : base(message)
    {
    }

    internal StateDatabaseException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>A commit failed, for example because the disk is full: what it was to write is not written. Later writes may work again.</summary>
public sealed class StateCommitException : OrleansException
{
    internal StateCommitException(string message)
        : base(message)
    {
    }

    internal StateCommitException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

/// <summary>A record cannot be read; the text names the grain and the state. Other records are not affected.</summary>
public sealed class StateDamagedException : OrleansException
{
    internal StateDamagedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
