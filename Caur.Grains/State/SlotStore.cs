using System.Globalization;
using Caur.Storage.State;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Caur.Grains.State;

/// <summary>Many small durable records of one grain: one per slot number, each with its own ETag, and a bounded record of how many slots
/// there are. Nothing durable grows with what is kept, and adding or clearing one record costs the same with 10 and with 100,000.
/// Used from the grain's own turns only. Writes of one slot follow each other, and writes that wait are merged; different slots are
/// written at the same time. After a failed write memory may be ahead of storage: the owner drops its activation.</summary>
/// <typeparam name="T">What one record holds.</typeparam>
/// <param name="storage">The provider.</param>
/// <param name="owner">The grain.</param>
/// <param name="name">The state's name; slot numbers are put behind it.</param>
/// <param name="longestGap">How many free slots in a row end the search for those in use, when nothing else says how many there are.</param>
internal sealed class SlotStore<T>(IGrainStorage storage, GrainId owner, string name, int longestGap = 1 << 17)
    where T : class
{
    private const int Step = 256;


    private readonly Dictionary<int, SlotRecord> _records = [];
    private readonly Stack<int> _free = new();
    private readonly HashSet<int> _taken = [];
    private readonly SlotCursorRecords _cursor = new(storage, owner, name);
    private Task _cursorWrite = Task.CompletedTask;
    private int _durable;

    /// <summary>Reads all records, in parallel.</summary>
    /// <param name="onDamaged">Told of each record that is there and cannot be read. A slot's stays untouched and is not used again; when
    /// no record of the cursor can be read, the slots are looked for and counted anew.</param>
    public async Task<IReadOnlyList<(int Slot, T Value)>> LoadAsync(Action<DamagedRecord> onDamaged)
    {
        var slots = await _cursor.LoadAsync(onDamaged);
        var reads = slots is { } known ? await ReadRangeAsync(0, known) : await SearchAsync();
        _durable = reads.Count;
        if (slots is null)
        {
            await _cursor.WriteAsync(_durable);
        }

        var found = new List<(int, T)>();
        for (var slot = _durable - 1; slot >= 0; slot--)
        {
            var (state, damage) = reads[slot];
            if (damage is not null)
            {
                onDamaged(new DamagedRecord(Key(slot), IsCursor: false, damage));
            }
            else if (state is { RecordExists: true, State: { } value })
            {
                _taken.Add(slot);
                _records[slot] = new SlotRecord(state);
                found.Add((slot, value));
            }
            else
            {
                _free.Push(slot);
            }
        }

        return found;
    }

    /// <summary>Takes free slots, all or none. What is not needed goes back with <see cref="Return"/>.</summary>
    public async Task<Queue<int>> TakeAsync(int count)
    {
        while (_free.Count < count)
        {
            if (!_cursorWrite.IsCompleted)
            {
                await _cursorWrite;
                continue;
            }

            _cursorWrite = GrowAsync(count - _free.Count);
            await _cursorWrite;
        }

        // No wait between the look and the taking: others take slots while this one waits.
        var slots = new Queue<int>(count);
        while (slots.Count < count)
        {
            var slot = _free.Pop();
            _taken.Add(slot);
            slots.Enqueue(slot);
        }

        return slots;
    }

    /// <summary>Gives back slots that were taken and never written.</summary>
    public void Return(IEnumerable<int> slots)
    {
        foreach (var slot in slots)
        {
            Free(slot);
        }
    }

    /// <summary>Writes a slot's value; completes when this value or a later one of the slot is durable.</summary>
    public Task WriteAsync(int slot, T value)
    {
        if (!_taken.Contains(slot))
        {
            throw new InvalidOperationException($"slot {slot} of {name} is not taken");
        }

        if (!_records.TryGetValue(slot, out var record))
        {
            _records[slot] = record = new SlotRecord(new GrainState<T>());
        }

        record.Next = value;
        record.Clear = false;
        return StartOrQueue(slot, record);
    }

    /// <summary>Clears a slot and makes it free.</summary>
    public Task ClearAsync(int slot)
    {
        if (!_records.TryGetValue(slot, out var record))
        {
            Free(slot);
            return Task.CompletedTask;
        }

        record.Next = null;
        record.Clear = true;
        return StartOrQueue(slot, record);
    }

    private Task StartOrQueue(int slot, SlotRecord record)
    {
        if (record.Queued is { } queued)
        {
            return queued;
        }

        return record.Running.IsCompleted
            ? record.Running = ExecuteAsync(slot, record)
            : record.Queued = ExecuteNextAsync(slot, record);
    }

    private async Task ExecuteNextAsync(int slot, SlotRecord record)
    {
        // The operation that runs now took its value before this one came. Whether it failed is told to whoever waits for it.
        await record.Running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        record.Queued = null;
        await (record.Running = ExecuteAsync(slot, record));
    }

    private Task ExecuteAsync(int slot, SlotRecord record) =>
        record.Clear ? ClearNowAsync(slot, record) : WriteNowAsync(slot, record);

    private async Task WriteNowAsync(int slot, SlotRecord record)
    {
        record.Stored.State = record.Next!;
        await storage.WriteStateAsync(Key(slot), owner, record.Stored);
    }

    private async Task ClearNowAsync(int slot, SlotRecord record)
    {
        if (record.Stored.RecordExists)
        {
            await storage.ClearStateAsync(Key(slot), owner, record.Stored);
        }

        _records.Remove(slot);
        Free(slot);
    }

    private void Free(int slot)
    {
        // Freed twice, it would be given to two.
        if (_taken.Remove(slot))
        {
            _free.Push(slot);
        }
    }

    private async Task GrowAsync(int atLeast)
    {
        var target = _durable + Math.Max(Step, atLeast);
        await _cursor.WriteAsync(target);
        for (var slot = target - 1; slot >= _durable; slot--)
        {
            _free.Push(slot);
        }

        _durable = target;
    }

    private async Task<IReadOnlyList<(GrainState<T> State, Exception? Damage)>> ReadRangeAsync(int first, int count) =>
        await Task.WhenAll(Enumerable.Range(first, count).Select(ReadAsync));

    /// <summary>Reads slots until none can follow, and returns as many whole steps as hold what was found.</summary>
    private async Task<IReadOnlyList<(GrainState<T> State, Exception? Damage)>> SearchAsync()
    {
        var reads = new List<(GrainState<T> State, Exception? Damage)>();
        var used = 0;
        while (reads.Count - used < longestGap)
        {
            reads.AddRange(await ReadRangeAsync(reads.Count, Step));
            if (reads.FindLastIndex(reads.Count - 1, Step, static read => read.Damage is not null || read.State.RecordExists) >= 0)
            {
                used = reads.Count;
            }
        }

        return reads[..used];
    }

    private async Task<(GrainState<T> State, Exception? Damage)> ReadAsync(int slot)
    {
        var state = new GrainState<T>();
        try
        {
            await storage.ReadStateAsync(Key(slot), owner, state);
            return (state, null);
        }
        catch (Exception error) when (StateDamage.IsIn(error))
        {
            return (state, error);
        }
    }

    private string Key(int slot) => string.Create(CultureInfo.InvariantCulture, $"{name}-{slot}");

    private sealed class SlotRecord(GrainState<T> stored)
    {
        public GrainState<T> Stored { get; } = stored;

        public T? Next { get; set; }

        public bool Clear { get; set; }

        /// <summary>The operation that follows the running one, with the newest value.</summary>
        public Task? Queued { get; set; }

        public Task Running { get; set; } = Task.CompletedTask;
    }
}
