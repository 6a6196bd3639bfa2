using System.Globalization;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Caur.Grains.State;

/// <summary>How many slots a <see cref="SlotStore{T}"/> may have written.</summary>
internal sealed class SlotCursor
{
    public int Slots { get; init; }
}

/// <summary>The record of a store's <see cref="SlotCursor"/>. A damaged one stays as it is, since its version is not known, and the next
/// name takes its place: <c>NAME-cursor</c>, <c>NAME-cursor-2</c>, ...</summary>
internal sealed class SlotCursorRecord(IGrainStorage storage, GrainId owner, string name)
{
    private GrainState<SlotCursor> _record = new();
    private string _key = "";

    /// <summary>How many slots there may be; null when a damaged record was the last to know.</summary>
    public async Task<int?> LoadAsync(Action<StateDamage> onDamaged)
    {
        int? slots = null;
        for (var number = 1; ; number++)
        {
            var record = new GrainState<SlotCursor>();
            var key = number == 1 ? $"{name}-cursor" : string.Create(CultureInfo.InvariantCulture, $"{name}-cursor-{number}");
            try
            {
                await storage.ReadStateAsync(key, owner, record);
            }
            catch (Exception error) when (StateDamage.IsIn(error))
            {
                onDamaged(new StateDamage(key, IsCursor: true, error));
                slots = null;
                continue;
            }

            var isBehindTheLast = number > 1 && !record.RecordExists;
            if (!isBehindTheLast || slots is null)
            {
                (_record, _key) = (record, key);
            }

            if (isBehindTheLast)
            {
                return slots;
            }

            slots = Math.Max(slots ?? 0, record.State?.Slots ?? 0);
        }
    }

    public Task WriteAsync(int slots)
    {
        _record.State = new SlotCursor { Slots = slots };
        return storage.WriteStateAsync(_key, owner, _record);
    }
}
