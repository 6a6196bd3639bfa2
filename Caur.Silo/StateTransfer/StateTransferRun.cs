namespace Caur.Silo.StateTransfer;

/// <summary>What came of moving a state.</summary>
/// <param name="Count">How much.</param>
/// <param name="Hash">The SHA-256 of the file's lines but for the last.</param>
/// <param name="Header">The file's first line.</param>
internal sealed record StateTransferResult(StateCount Count, string Hash, StateHeader Header);

/// <summary>Moves a farm's state between a store and a file.</summary>
/// <param name="store">The store.</param>
/// <param name="say">Told a line now and then while it takes long, and what cannot go along.</param>
/// <param name="time">The clock.</param>
internal sealed class StateTransferRun(IStateStore store, Action<string> say, TimeProvider time)
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(3);

    private long _told = time.GetTimestamp();

    /// <summary>Writes all of the store to a stream.</summary>
    /// <exception cref="StateTransferException">It cannot be read; the stream has no last line then.</exception>
    public async Task<StateTransferResult> ExportAsync(Stream stream, CancellationToken cancellationToken)
    {
        using var writer = new StateFileWriter(stream);
        var header = new StateHeader(store.Engine, time.GetUtcNow().UtcDateTime, store.Farm);
        await writer.WriteAsync(header, cancellationToken);
        await foreach (var entry in store.ReadAsync(say, cancellationToken))
        {
            await writer.WriteAsync(entry, cancellationToken);
            Tell("exported", writer.Written);
        }

        await writer.EndAsync(cancellationToken);
        return new StateTransferResult(writer.Written, writer.Hash, header);
    }

    /// <summary>Fills the store, which must be empty, with all that a file has, after all of the file was looked through.</summary>
    /// <exception cref="StateTransferException">The file is not what was written or the store is not empty, and nothing was changed; or the store
    /// failed.</exception>
    public async Task<StateTransferResult> ImportAsync(StateFileSource source, CancellationToken cancellationToken)
    {
        if (await store.CountAsync(cancellationToken) is { IsNothing: false } there)
        {
            throw new StateTransferException(
                $"{store.Farm} has {there} already, and an import wants an empty place, so that nothing is lost or mixed; nothing was changed. {store.Elsewhere}");
        }

        var looked = source.Read();
        await foreach (var _ in looked.ReadAsync(cancellationToken))
        {
            Tell("looked through", looked.Count);
        }

        await using var import = await store.BeginImportAsync(cancellationToken);
        var reader = source.Read();
        await foreach (var entry in reader.ReadAsync(cancellationToken))
        {
            await import.AddAsync(entry, cancellationToken);
            Tell("imported", reader.Count, looked.Count);
        }

        if (reader.Hash != looked.Hash)
        {
            throw new StateTransferException($"{source.Name} was changed while it was read");
        }

        await import.CommitAsync(cancellationToken);
        return new StateTransferResult(reader.Count, reader.Hash, reader.Header!);
    }

    private void Tell(string what, StateCount count, StateCount? all = null)
    {
        if (time.GetElapsedTime(_told) >= Silence)
        {
            _told = time.GetTimestamp();
            say($"{count.Total}{(all is { } known ? $" of {known.Total}" : "")} records and reminders {what} so far");
        }
    }
}
