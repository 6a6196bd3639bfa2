using Caur.Embedded.Calls;

namespace Caur.Embedded.Activations;

/// <summary>Decides which turns of an activation run together and which wait. Its owner locks.</summary>
internal sealed class TurnGate(bool isReentrant)
{
    private Queue<Turn>? _exclusive;
    private Queue<Turn>? _readers;
    private long _sequence;
    private int _runningReaders;
    private bool _isExclusiveRunning;

    /// <summary>Turns that run, of every kind.</summary>
    public int Running { get; private set; }

    public int Waiting => (_exclusive?.Count ?? 0) + (_readers?.Count ?? 0);

    /// <summary>Whether the turn may begin now; otherwise it waits until <see cref="TakeNext"/> gives it out.</summary>
    public bool TryEnter(Turn turn)
    {
        if (MayEnter(KindOf(turn)))
        {
            Enter(turn);
            return true;
        }

        turn.Sequence = _sequence++;
        (KindOf(turn) == TurnKind.ReadOnly ? _readers ??= new() : _exclusive ??= new()).Enqueue(turn);
        return false;
    }

    /// <summary>A turn has ended.</summary>
    public void Leave(Turn turn)
    {
        Running--;
        switch (KindOf(turn))
        {
            case TurnKind.Exclusive:
                _isExclusiveRunning = false;
                break;
            case TurnKind.ReadOnly:
                _runningReaders--;
                break;
        }
    }

    /// <summary>The next waiting turn that may begin, which then counts as running.</summary>
    public Turn? TakeNext()
    {
        while (Next() is { } queue)
        {
            var turn = queue.Dequeue();
            // Who waited for it has given up: running it now would only delay those behind it.
            if (!turn.IsAbandoned)
            {
                Enter(turn);
                return turn;
            }

            turn.Reject(new OperationCanceledException());
        }

        return null;
    }

    /// <summary>Empties the queues, in the order in which the turns came.</summary>
    public IEnumerable<Turn> TakeAll()
    {
        var all = (_exclusive ?? []).Concat(_readers ?? []).OrderBy(static turn => turn.Sequence).ToList();
        _exclusive = _readers = null;
        return all;
    }

    private TurnKind KindOf(Turn turn) => isReentrant ? TurnKind.Interleaving : turn.Kind;

    // The queue whose head may begin. A reader passes waiting writers while readers run, as on Orleans.
    private Queue<Turn>? Next()
    {
        var writer = MayEnter(TurnKind.Exclusive) && _exclusive is { Count: > 0 } ? _exclusive : null;
        var reader = MayEnter(TurnKind.ReadOnly) && _readers is { Count: > 0 } ? _readers : null;
        return writer is null ? reader
            : reader is null || writer.Peek().Sequence < reader.Peek().Sequence ? writer
            : reader;
    }

    private bool MayEnter(TurnKind kind) => kind switch
    {
        TurnKind.Exclusive => !_isExclusiveRunning && _runningReaders == 0,
        TurnKind.ReadOnly => !_isExclusiveRunning,
        _ => true,
    };

    private void Enter(Turn turn)
    {
        Running++;
        switch (KindOf(turn))
        {
            case TurnKind.Exclusive:
                _isExclusiveRunning = true;
                break;
            case TurnKind.ReadOnly:
                _runningReaders++;
                break;
        }
    }
}
