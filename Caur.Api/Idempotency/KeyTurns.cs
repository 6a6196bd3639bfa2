using System.Collections.Concurrent;

namespace Caur.Api.Idempotency;

/// <summary>One request at a time for each key.</summary>
internal sealed class KeyTurns(TimeProvider clock)
{
    private readonly ConcurrentDictionary<string, Turn> _turns = new(StringComparer.Ordinal);

    /// <summary>Waits until no other request has the key, and takes it.</summary>
    /// <returns>What ends the turn when it is disposed of; or the reason why there is none.</returns>
    public async Task<(IDisposable? Turn, KeyRefusal Refusal)> TakeAsync(
        string slot, string fingerprint, TimeSpan patience, CancellationToken cancellationToken)
    {
        var started = clock.GetTimestamp();
        var mine = new Turn(this, slot, fingerprint);
        while (true)
        {
            var held = _turns.GetOrAdd(slot, mine);
            if (held == mine)
            {
                return (mine, KeyRefusal.None);
            }

            if (held.Fingerprint != fingerprint)
            {
                return (null, KeyRefusal.OtherRequest);
            }

            var left = patience - clock.GetElapsedTime(started);
            try
            {
                await held.Ended.WaitAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero, clock, cancellationToken);
            }
            catch (TimeoutException)
            {
                return (null, KeyRefusal.InProgress);
            }
        }
    }

    private sealed class Turn(KeyTurns owner, string slot, string fingerprint) : IDisposable
    {
        private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public string Fingerprint => fingerprint;

        public Task Ended => _ended.Task;

        public void Dispose()
        {
            owner._turns.TryRemove(new(slot, this));
            _ended.TrySetResult();
        }
    }
}

/// <summary>Why a request may not go on with its key.</summary>
internal enum KeyRefusal
{
    /// <summary>It may.</summary>
    None,

    /// <summary>The key stands for another request.</summary>
    OtherRequest,

    /// <summary>The same request is still being carried out.</summary>
    InProgress,
}
