using System.Collections.Concurrent;

namespace Caur.Api.Idempotency;

/// <summary>One request at a time for each key.</summary>
internal sealed class KeyTurns(TimeProvider clock)
{
    private readonly ConcurrentDictionary<string, Turn> _turns = new(StringComparer.Ordinal);

    /// <summary>Waits until no other request has the key, and takes it.</summary>
    /// <returns>What ends the turn when it is disposed of; null when another had it all the time.</returns>
    public async Task<IDisposable?> TakeAsync(string slot, TimeSpan patience, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        var mine = new Turn(this, slot);
        while (true)
        {
            var held = _turns.GetOrAdd(slot, mine);
            if (held == mine)
            {
                return mine;
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

    private sealed class Turn(KeyTurns owner, string slot) : IDisposable
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Ended => _ended.Task;

        public void Dispose()
        {
            owner._turns.TryRemove(new(slot, this));
            _ended.TrySetResult();
        }
    }
}
