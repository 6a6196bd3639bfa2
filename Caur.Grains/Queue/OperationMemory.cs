using System.Collections.Immutable;
using Caur.Contracts.Queue;

namespace Caur.Grains.Queue;

/// <summary>What the newest calls were answered, so that a call that is repeated because its answer was lost queues nothing twice.
/// Bounded; <see cref="OperationLog"/> keeps the same over restarts.</summary>
internal sealed class OperationMemory
{
    /// <summary>So many replies are remembered at most, the newest call's whatever it is.</summary>
    public const int MaxReplies = 20_000;

    private readonly Dictionary<Guid, KnownOperation> _known = [];
    private readonly Queue<Guid> _order = new();
    private List<Guid> _forgotten = [];
    private int _count;

    public KnownOperation? Find(Guid operation) => _known.GetValueOrDefault(operation);

    public void Add(KnownOperation operation)
    {
        if (_known.TryAdd(operation.Id, operation))
        {
            _order.Enqueue(operation.Id);
            _count += Cost(operation.Replies);
        }

        while (_count > MaxReplies && _order.Count > 1 && _order.TryDequeue(out var oldest) && _known.Remove(oldest, out var old))
        {
            _count -= Cost(old.Replies);
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

/// <summary>A call and what it was answered.</summary>
/// <param name="Id">The operation's id.</param>
/// <param name="Order">What was ordered (<see cref="EnqueueRequest.Order"/>); null when nobody told.</param>
/// <param name="Replies">The answer.</param>
internal sealed record KnownOperation(Guid Id, string? Order, ImmutableArray<QueuedReply> Replies)
{
    /// <summary>True when a call under this id orders something else.</summary>
    public bool IsAnother(EnqueueRequest request) => Order is not null && request.Order is not null && Order != request.Order;
}
