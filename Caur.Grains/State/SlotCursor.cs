using System.Globalization;
using Caur.Storage.State;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Caur.Grains.State;

/// <summary>How many slots a <see cref="SlotStore{T}"/> may have written.</summary>
internal sealed class SlotCursor
{
    public int Slots { get; init; }
}

/// <summary>A store's <see cref="SlotCursor"/>, in two records that are written together, so that one damaged record leaves the other. A
/// damaged one stays as it is, since its version is not known, and the next name takes its place: <c>NAME-cursor</c>,
/// <c>NAME-cursor-2</c>, <c>NAME-cursor-3</c>, ...</summary>
internal sealed class SlotCursorRecords(IGrainStorage storage, GrainId owner, string name)
{
    private const int Copies = 2;

    private readonly List<(string Key, GrainState<SlotCursor> Record)> _copies = [];

    /// <summary>How many slots there may be; null when only damaged records knew.</summary>
    public async Task<int?> LoadAsync(Action<DamagedRecord> onDamaged)
    {
        var isDamaged = false;
        for (var number = 1; _copies.Count < Copies; number++)
        {
            var record = new GrainState<SlotCursor>();
            var key = number == 1 ? $"{name}-cursor" : string.Create(CultureInfo.InvariantCulture, $"{name}-cursor-{number}");
            try
            {
                await storage.ReadStateAsync(key, owner, record);
                _copies.Add((key, record));
            }
            catch (Exception error) when (StateDamage.IsIn(error))
            {
                onDamaged(new DamagedRecord(key, IsCursor: true, error));
                isDamaged = true;
            }
        }

        var known = _copies.Where(static copy => copy.Record.RecordExists).Select(static copy => copy.Record.State!.Slots).ToList();
        if (known.Count == 0)
        {
            return isDamaged ? null : 0;
        }

        // The greater one: they differ where a process died between the two.
        var slots = known.Max();
        if (known.Count < Copies)
        {
            await WriteAsync(slots);
        }

        return slots;
    }

    /// <summary>Completes when both records have the number.</summary>
    public Task WriteAsync(int slots) => Task.WhenAll(_copies.Select(copy =>
    {
        copy.Record.State = new SlotCursor { Slots = slots };
        return storage.WriteStateAsync(copy.Key, owner, copy.Record);
    }));
}
