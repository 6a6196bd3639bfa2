using System.Collections.Concurrent;
using Caur.Storage.Files;

namespace Caur.Api.Idempotency;

/// <summary>One request at a time for each key, in all processes that share the folder: each turn holds a locked file there, which goes with
/// the turn, and its lock with the process.</summary>
internal sealed class KeyTurns(string folder, TimeProvider clock)
{
    /// <summary>Of the files that are locked.</summary>
    public const string Extension = ".lock";

    /// <summary>Another process cannot tell when it has ended.</summary>
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentDictionary<string, Turn> _turns = new(StringComparer.Ordinal);

    /// <summary>Waits until no other request has the key, and takes it.</summary>
    /// <returns>What ends the turn when it is disposed of; null when another had it all the time.</returns>
    /// <exception cref="IOException">The folder cannot be written to.</exception>
    public async Task<IDisposable?> TakeAsync(string slot, TimeSpan patience, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        var mine = new Turn(this, slot);
        while (true)
        {
            var held = _turns.GetOrAdd(slot, mine);
            if (held == mine)
            {
                var isMine = false;
                try
                {
                    isMine = await LockAsync(mine, started, patience, cancellationToken);
                    return isMine ? mine : null;
                }
                finally
                {
                    if (!isMine)
                    {
                        mine.Dispose();
                    }
                }
            }

            var left = patience - clock.GetElapsedTime(started);
            try
            {
                await held.Ended.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, clock, cancellationToken);
            }
            catch (TimeoutException)
            {
                return null;
            }
        }
    }

    private async Task<bool> LockAsync(Turn turn, long started, TimeSpan patience, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder, DataFolders.Private);
        while ((turn.Lock = FileMutex.TryTakePassing(Path.Combine(folder, turn.Slot + Extension))) is null)
        {
            if (clock.GetElapsedTime(started) >= patience)
            {
                return false;
            }

            await Task.Delay(AskAgainAfter, clock, cancellationToken);
        }

        return true;
    }

    private sealed class Turn(KeyTurns owner, string slot) : IDisposable
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Slot => slot;

        public Task Ended => _ended.Task;

        /// <summary>Keeps other processes out.</summary>
        public FileMutex? Lock { get; set; }

        public void Dispose()
        {
            Lock?.Dispose();
            owner._turns.TryRemove(new(slot, this));
            _ended.TrySetResult();
        }
    }
}
