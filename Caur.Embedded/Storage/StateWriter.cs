using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Orleans.Storage;

namespace Caur.Embedded.Storage;

/// <summary>
/// The one writer. Changes that arrive while a commit is being synced wait and are committed together, so that one sync answers many
/// callers; each is answered after its commit and not before.
/// </summary>
internal sealed partial class StateWriter : IDisposable
{
    // Bounds how long the first of a batch waits for the others' work, not how many can wait.
    private const int LargestBatch = 4096;

    private readonly Func<SqliteConnection> _open;
    private readonly EngineInstruments _instruments;
    private readonly ILogger _logger;
    private readonly Thread _thread;
    private readonly object _lock = new();
    private List<Change> _queued = [];
    private SqliteConnection? _connection;
    private bool _isClosing;

    public StateWriter(Func<SqliteConnection> open, EngineInstruments instruments, ILogger logger)
    {
        _open = open;
        _instruments = instruments;
        _logger = logger;
        // A thread of its own: a sync would hold a thread of the pool for as long as the disk takes.
        _thread = new Thread(Run) { IsBackground = true, Name = "caur state writer" };
        _thread.Start();
    }

    public Task<T> Enqueue<T>(Func<SqliteConnection, T> change)
    {
        var queued = new Change<T>(change);
        lock (_lock)
        {
            if (_isClosing)
            {
                return Task.FromException<T>(new StateCommitException("The state was not written: the state database is closed."));
            }

            _queued.Add(queued);
            Monitor.Pulse(_lock);
        }

        return queued.Task;
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isClosing = true;
            Monitor.Pulse(_lock);
        }

        _thread.Join();
        _connection?.Dispose();
    }

    private void Run()
    {
        var spare = new List<Change>();
        while (true)
        {
            List<Change> batch;
            lock (_lock)
            {
                while (_queued.Count == 0)
                {
                    if (_isClosing)
                    {
                        return;
                    }

                    Monitor.Wait(_lock);
                }

                if (_queued.Count <= LargestBatch)
                {
                    (batch, _queued) = (_queued, spare);
                }
                else
                {
                    batch = _queued.GetRange(0, LargestBatch);
                    _queued.RemoveRange(0, LargestBatch);
                }
            }

            Commit(batch);
            batch.Clear();
            spare = batch;
        }
    }

    private void Commit(List<Change> batch)
    {
        var started = Stopwatch.GetTimestamp();
        try
        {
            _connection ??= _open();
            _connection.Execute("BEGIN IMMEDIATE");
            foreach (var change in batch)
            {
                change.Apply(_connection);
            }

            _connection.Execute("COMMIT");
        }
        catch (Exception error)
        {
            LogCommitFailed(batch.Count, error);
            Abandon(error);
            var told = new StateCommitException($"The state was not written: {error.Message}", error);
            foreach (var change in batch)
            {
                change.Fail(told);
            }

            return;
        }

        _instruments.Committed(batch.Count, started);
        foreach (var change in batch)
        {
            change.Answer();
        }
    }

    // A transaction that was left open would take the next batch in and answer it without a commit, so when in doubt start anew.
    private void Abandon(Exception error)
    {
        try
        {
            if (_connection is { IsInTransaction: true })
            {
                _connection.Execute("ROLLBACK");
            }

            if (error is SqliteFailureException { IsPassing: true })
            {
                return;
            }
        }
        catch (SqliteFailureException failed)
        {
            LogRollbackFailed(failed);
        }

        _connection?.Dispose();
        _connection = null;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "A commit could not be rolled back; the connection is opened anew.")]
    private partial void LogRollbackFailed(Exception error);

    [LoggerMessage(Level = LogLevel.Error, Message = "A commit of {Changes} changes of state failed; their callers are told.")]
    private partial void LogCommitFailed(int changes, Exception error);

    private abstract class Change
    {
        public abstract void Apply(SqliteConnection connection);

        public abstract void Answer();

        public abstract void Fail(Exception error);
    }

    private sealed class Change<T>(Func<SqliteConnection, T> apply) : Change
    {
        private readonly TaskCompletionSource<T> _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private T? _result;
        private Exception? _refusal;

        public Task<T> Task => _answer.Task;

        public override void Apply(SqliteConnection connection)
        {
            try
            {
                _result = apply(connection);
            }
            catch (InconsistentStateException conflict)
            {
                // A conflict changed nothing: it is this caller's alone and the batch goes on.
                _refusal = conflict;
            }
            catch (SqliteFailureException refused) when (refused.IsOfTheStatement)
            {
                _refusal = new StateCommitException($"The state was not written: {refused.Message}", refused);
            }
        }

        public override void Answer()
        {
            if (_refusal is not null)
            {
                _answer.TrySetException(_refusal);
            }
            else
            {
                _answer.TrySetResult(_result!);
            }
        }

        public override void Fail(Exception error) => _answer.TrySetException(error);
    }
}
