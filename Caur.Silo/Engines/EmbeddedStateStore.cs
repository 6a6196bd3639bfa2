using System.Runtime.CompilerServices;
using Caur.Embedded;
using Caur.Grains.State;
using Caur.Silo.Hub;
using Caur.Silo.StateTransfer;
using Caur.Storage.Files;
using Orleans.Runtime;

namespace Caur.Silo.Engines;

/// <summary>The state of the engine that this build has.</summary>
internal static class FarmState
{
    /// <summary>Opens it, and keeps farms away until it is disposed.</summary>
    /// <exception cref="StateTransferException">There is none, or it cannot be used.</exception>
    /// <exception cref="HubSettingsException">A farm runs on it.</exception>
    public static Task<IStateStore> OpenAsync(StatePlace place, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(place.DataFolder))
        {
            throw new StateTransferException(
                $"there is no data folder {place.DataFolder}: --data or CAUR_DATA names the farm's{(place.Use == StateUse.Import ? ", which may be a new, empty one" : "")}");
        }

        var database = DataFolders.Resolve(place.DataFolder, place.Variable).Database;
        var taken = FarmLock.Take(place.DataFolder);
        try
        {
            FileOwner.Inherit(taken.FileName);
            return Task.FromResult<IStateStore>(new EmbeddedStateStore(place.DataFolder, database, taken));
        }
        catch
        {
            taken.Dispose();
            throw;
        }
    }
}

/// <summary>The database in a hub's data folder. An import is one transaction: a process that dies before its end has changed nothing.</summary>
internal sealed class EmbeddedStateStore : IStateStore
{
    private readonly string _database;
    private readonly FarmLock _lock;
    private OfflineState? _state;

    public EmbeddedStateStore(string folder, string database, FarmLock taken)
    {
        (Farm, _database, _lock) = (folder, database, taken);
        if (File.Exists(database))
        {
            _state = Guard(() => OfflineState.OpenToRead(database));
        }
    }

    public string Engine => "embedded";

    public string Farm { get; }

    public string Elsewhere => "Name a data folder without a caur.db with --data; or, when what is there may go, stop the hub and move its caur.db away.";

    public async IAsyncEnumerable<StateEntry> ReadAsync(Action<string> note, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var state = _state ?? throw new StateTransferException($"there is no state in {Farm}: no farm has run there");
        using var records = state.Records(GrainStorageNames.Farm).GetEnumerator();
        while (Guard(records.MoveNext))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var record = records.Current;
            yield return new StateRecord(record.Grain, record.Name, record.Data, !record.IsSound);
        }

        var reminders = Guard(() => state.Reminders(damaged => note(
            $"the reminder '{damaged.Name}' of '{damaged.Grain}' is damaged ({damaged.Fault}); no hub uses it, and it stays behind")));
        foreach (var reminder in reminders)
        {
            yield return new StateReminder(reminder.Grain, reminder.Name, reminder.FirstDue, reminder.Period, reminder.NextDue);
        }

        await Task.CompletedTask;
    }

    public Task<StateCount> CountAsync(CancellationToken cancellationToken)
    {
        var (records, reminders) = _state is { } state ? Guard(state.Count) : default;
        return Task.FromResult(new StateCount(records, reminders));
    }

    public Task<IStateImport> BeginImportAsync(CancellationToken cancellationToken)
    {
        _state?.Dispose();
        var state = _state = Guard(() => OfflineState.OpenToWrite(_database));
        FileOwner.Inherit(_database);
        Do(state.Begin);
        return Task.FromResult<IStateImport>(new Import(state));
    }

    public ValueTask DisposeAsync()
    {
        _state?.Dispose();
        _lock.Dispose();
        return ValueTask.CompletedTask;
    }

    private static void Do(Action work) => Guard(() =>
    {
        work();
        return true;
    });

    private static T Guard<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (OrleansException error)
        {
            throw new StateTransferException(error.Message, error);
        }
    }

    private sealed class Import(OfflineState state) : IStateImport
    {
        public Task AddAsync(StateEntry entry, CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Do(() =>
            {
                if (entry is StateRecord record)
                {
                    state.Add(GrainStorageNames.Farm, new StoredRecord(record.Grain, record.State, record.Data, !record.IsDamaged));
                }
                else if (entry is StateReminder reminder)
                {
                    // Without a next time it comes at the first start, as one does that fell due while the farm was away.
                    state.Add(new StoredReminder(reminder.Grain, reminder.Name, reminder.Start, reminder.Period, reminder.Next ?? reminder.Start));
                }
            });
            return Task.CompletedTask;
        }

        public Task CommitAsync(CancellationToken cancellationToken)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Do(state.Commit);
            return Task.CompletedTask;
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
