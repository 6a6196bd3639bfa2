namespace Caur.Silo.StateTransfer;

/// <summary>Where an engine keeps grain state and reminders, opened while nothing runs on it. It keeps others away, as far as its engine can,
/// until it is disposed.</summary>
internal interface IStateStore : IAsyncDisposable
{
    /// <summary>The engine's name.</summary>
    string Engine { get; }

    /// <summary>Which farm it is, for people.</summary>
    string Farm { get; }

    /// <summary>What to do when it is not empty and an empty one is wanted.</summary>
    string Elsewhere { get; }

    /// <summary>All records, each once, then all reminders; changes nothing.</summary>
    /// <param name="note">Told in a line what cannot go along.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="StateTransferException">It cannot be read, or a farm has begun to run on it meanwhile.</exception>
    IAsyncEnumerable<StateEntry> ReadAsync(Action<string> note, CancellationToken cancellationToken);

    /// <summary>How much is in it; what an import left that was interrupted is nothing.</summary>
    /// <exception cref="StateTransferException">It cannot be read.</exception>
    Task<StateCount> CountAsync(CancellationToken cancellationToken);

    /// <summary>Begins to fill an empty store: until the import is committed no farm starts on what was added, whatever happens.</summary>
    /// <exception cref="StateTransferException">It cannot be written.</exception>
    Task<IStateImport> BeginImportAsync(CancellationToken cancellationToken);
}

/// <summary>An import that has begun. Disposed without a commit, or killed, it can be begun again.</summary>
internal interface IStateImport : IAsyncDisposable
{
    /// <summary>Adds an entry that is not there yet.</summary>
    /// <exception cref="StateTransferException">It cannot be written.</exception>
    Task AddAsync(StateEntry entry, CancellationToken cancellationToken);

    /// <summary>Completes when all of it is there and a farm may start.</summary>
    /// <exception cref="StateTransferException">It cannot be written.</exception>
    Task CommitAsync(CancellationToken cancellationToken);
}

/// <summary>State cannot be moved. The message is for people: what is wrong and what to do about it.</summary>
internal sealed class StateTransferException(string message, Exception? inner = null) : Exception(message, inner);
