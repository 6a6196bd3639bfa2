using System.Collections.Immutable;
using Caur.Contracts.Queue;

namespace Caur.Grains.Queue;

/// <summary>What the newest calls were answered, so that a call that is repeated because its answer was lost queues nothing twice.
/// Bounded; <see cref="OperationLog"/> keeps the same over restarts.</summary>
internal sealed class OperationMemory
{
    /// <summary>So many replies are remembered at most, the newest call's whatever it is.</summary>
    public const int MaxReplies = 20_000;

    private readonly Dictionary<Guid, ImmutableArray<QueuedReply>> _replies = [];
    private readonly Queue<Guid> _order = new();
    private List<Guid> _forgotten = [];
    private int _count;

    public ImmutableArray<QueuedReply>? Find(Guid operation) => _replies.TryGetValue(operation, out var replies) ? replies : null;

    public void Add(Guid operation, ImmutableArray<QueuedReply> replies)
    {
        if (_replies.TryAdd(operation, replies))
        {
            _order.Enqueue(operation);
            _count += Cost(replies);
        }

        while (_count > MaxReplies && _order.Count > 1 && _order.TryDequeue(out var oldest) && _replies.Remove(oldest, out var old))
        {
            _count -= Cost(old);
            _forgotten.Add(oldest);
        }
    }

    /// <summary>The calls that were forgotten since this was asked last.</summary>
    public IReadOnlyList<Guid> TakeForgotten()
    {
        var forgotten = _forgotten;
        _forgotten = [];
        return forgotten;
    }

    private static int Cost(ImmutableArray<QueuedReply> replies) => Math.Max(1, replies.Length);
}
