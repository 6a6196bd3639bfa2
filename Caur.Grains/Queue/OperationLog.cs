using System.Collections.Immutable;
using Caur.Contracts.Queue;
using Caur.Grains.State;

namespace Caur.Grains.Queue;

/// <summary>Keeps what calls were answered, in records of bounded size: a call with thousands of builds takes several. What is written
/// here is written after the builds themselves, so that an answer from here never speaks of a build that is not there.</summary>
internal sealed class OperationLog(SlotStore<OperationPart> parts)
{
    private const int RepliesPerPart = 256;

    private readonly Dictionary<Guid, Task<int[]>> _written = [];

    /// <summary>Reads the answers back, the oldest call first. One that was not wholly written is left out: its call was not answered.</summary>
    public async Task<IReadOnlyList<KnownOperation>> LoadAsync(Action<DamagedRecord> onDamaged)
    {
        var found = new List<KnownOperation>();
        foreach (var operation in (await parts.LoadAsync(onDamaged)).GroupBy(part => part.Value.Operation))
        {
            var ordered = operation.OrderBy(part => part.Value.Part).ToList();
            if (ordered.Count == ordered[0].Value.Parts)
            {
                _written[operation.Key] = Task.FromResult(ordered.Select(part => part.Slot).ToArray());
                found.Add(new KnownOperation(operation.Key, ordered[0].Value.Order, [.. ordered.SelectMany(part => part.Value.Replies)]));
            }
            else
            {
                await Task.WhenAll(ordered.Select(part => parts.ClearAsync(part.Slot)));
            }
        }

        return [.. found.OrderBy(operation => operation.Replies.Max(reply => reply.Build.Timestamp))];
    }

    /// <summary>Makes an answer durable; a call that is repeated meanwhile waits for the same write.</summary>
    public Task RememberAsync(KnownOperation operation) =>
        operation.Replies.IsEmpty ? Task.CompletedTask
        : _written.TryGetValue(operation.Id, out var written) ? written
        : _written[operation.Id] = WriteAsync(operation);

    /// <summary>Forgets a call.</summary>
    public async Task ForgetAsync(Guid operation)
    {
        if (_written.Remove(operation, out var written))
        {
            await Task.WhenAll((await written).Select(parts.ClearAsync));
        }
    }

    private async Task<int[]> WriteAsync(KnownOperation operation)
    {
        var chunks = operation.Replies.Chunk(RepliesPerPart).ToList();
        var slots = (await parts.TakeAsync(chunks.Count)).ToArray();
        await Task.WhenAll(chunks.Select((chunk, number) => parts.WriteAsync(slots[number], new OperationPart
        {
            Operation = operation.Id,
            Order = operation.Order,
            Part = number,
            Parts = chunks.Count,
            Replies = [.. chunk],
        })));
        return slots;
    }
}

/// <summary>A piece of what one call was answered.</summary>
internal sealed record OperationPart
{
    public required Guid Operation { get; init; }

    /// <summary>What was ordered; null in records of before, and where nobody told.</summary>
    public string? Order { get; init; }

    /// <summary>From 0.</summary>
    public required int Part { get; init; }

    /// <summary>How many pieces there are.</summary>
    public required int Parts { get; init; }

    public required ImmutableArray<QueuedReply> Replies { get; init; }
}
