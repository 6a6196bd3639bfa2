namespace Caur.Storage.Landing;

/// <summary>Who writes which part now: one at a time, and a newcomer instead of whoever writes. A request whose path was lost in silence
/// is not known to be dead, perhaps for hours; whoever comes after it is who the sender listens to. Of several that wait the newest is
/// next, and the others leave.</summary>
internal sealed class PartWriters
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Writers> _parts = new(StringComparer.Ordinal);

    /// <summary>Asks whoever writes the part to leave it, waits until it did, and takes its place.</summary>
    /// <returns>Null when somebody came later, and takes it instead.</returns>
    public async Task<Turn?> EnterAsync(string part, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var mine = new Turn(this, part);
        lock (_gate)
        {
            if (_parts.TryGetValue(part, out var writers))
            {
                writers.Next?.Pass();
                writers.Next = mine;
                writers.Now.Ask();
            }
            else
            {
                _parts.Add(part, new Writers(mine));
                return mine;
            }
        }

        await using var giveUp = cancellationToken.Register(() => GiveUp(mine, cancellationToken));
        return await mine.IsNext ? mine : null;
    }

    /// <summary>Who got the turn meanwhile keeps it, and leaves it as everybody does.</summary>
    private void GiveUp(Turn turn, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_parts.TryGetValue(turn.Part, out var writers) && writers.Next == turn)
            {
                writers.Next = null;
                turn.Cancel(cancellationToken);
            }
        }
    }

    private void Leave(Turn turn)
    {
        lock (_gate)
        {
            if (!_parts.TryGetValue(turn.Part, out var writers) || writers.Now != turn)
            {
                return;
            }

            if (writers.Next is { } next)
            {
                (writers.Now, writers.Next) = (next, null);
                next.Begin();
            }
            else
            {
                _parts.Remove(turn.Part);
            }
        }
    }

    /// <summary>Who writes a part, and who is to.</summary>
    private sealed class Writers(Turn now)
    {
        public Turn Now { get; set; } = now;

        public Turn? Next { get; set; }
    }

    internal sealed class Turn(PartWriters writers, string part) : IDisposable
    {
        private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource<bool> _isNext = new(TaskCreationOptions.RunContinuationsAsynchronously);

        /// <summary>Completes when somebody else wants to write.</summary>
        public Task Asked => _asked.Task;

        public string Part => part;

        /// <summary>Whether the wait ended with the turn; false when it went to somebody later.</summary>
        public Task<bool> IsNext => _isNext.Task;

        public void Ask() => _asked.TrySetResult();

        public void Begin() => _isNext.TrySetResult(true);

        public void Pass() => _isNext.TrySetResult(false);

        public void Cancel(CancellationToken cancellationToken) => _isNext.TrySetCanceled(cancellationToken);

        public void Dispose() => writers.Leave(this);
    }
}
