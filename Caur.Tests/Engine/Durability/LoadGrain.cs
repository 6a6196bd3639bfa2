using System.Globalization;
using Caur.Tests.Engine.Conformance;
using Microsoft.Extensions.DependencyInjection;
using Orleans;
using Orleans.Runtime;
using Orleans.Storage;

namespace Caur.Tests.Engine.Durability;

[Alias("caur.tests.ILoadGrain")]
public interface ILoadGrain : IGrainWithStringKey, IRemindable
{
    [Alias("Write")]
    Task Write(long number);

    [Alias("Clear")]
    Task Clear();

    [Alias("Increment")]
    Task<long> Increment();

    [Alias("WriteSlots")]
    Task WriteSlots(long number);

    [Alias("Remind")]
    Task Remind(long number);
}

/// <summary>A text that can be told from every other and shows by itself whether it is whole.</summary>
[GenerateSerializer]
[Alias("caur.tests.LoadState")]
public sealed class LoadState
{
    [Id(0)]
    public string? Text { get; set; }

    /// <summary>The text of a number: its beginning names it, and its length and letters follow from it.</summary>
    public static LoadState Of(string key, long number) => new()
    {
        Text = string.Create(CultureInfo.InvariantCulture, $"{key}:{number};") + new string((char)('a' + (number % 26)), (int)(number * 37 % 3000)),
    };

    /// <summary>The number that this text of <paramref name="key"/> was made of. Throws when it is not whole.</summary>
    public long NumberOf(string key)
    {
        var text = Text ?? "";
        var number = text.StartsWith($"{key}:", StringComparison.Ordinal)
            && long.TryParse(text[(key.Length + 1)..].Split(';')[0], CultureInfo.InvariantCulture, out var parsed) ? parsed : -1;
        return number >= 0 && text == Of(key, number).Text
            ? number
            : throw new InvalidDataException($"The record of {key} is torn or was never written: {text[..Math.Min(80, text.Length)]}");
    }
}

/// <summary>Writes in the ways in which the farm's grains do. As there, a failed write ends the activation.</summary>
public sealed class LoadGrain(
    [PersistentState("load")] IPersistentState<LoadState> record,
    IGrainContext context,
    IServiceProvider services) : Grain, ILoadGrain
{
    public const int Slots = 8;

    private readonly Dictionary<int, GrainState<LoadState>> _slots = [];

    private string Key => this.GetPrimaryKeyString();

    private IGrainStorage Storage => services.GetRequiredKeyedService<IGrainStorage>(ConformanceGrains.NamedStorage);

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        for (var slot = 0; slot < Slots; slot++)
        {
            _slots[slot] = new GrainState<LoadState>();
            await Storage.ReadStateAsync($"slot-{slot}", context.GrainId, _slots[slot]);
        }
    }

    public Task Write(long number)
    {
        record.State = LoadState.Of(Key, number);
        return OrEndAsync(record.WriteStateAsync());
    }

    public Task Clear() => OrEndAsync(record.ClearStateAsync());

    public async Task<long> Increment()
    {
        var number = (record.RecordExists ? record.State.NumberOf(Key) : 0) + 1;
        await Write(number);
        return number;
    }

    public Task WriteSlots(long number) => OrEndAsync(Task.WhenAll(_slots.Select(slot =>
    {
        slot.Value.State = LoadState.Of($"{Key}/{slot.Key}", number);
        return Storage.WriteStateAsync($"slot-{slot.Key}", context.GrainId, slot.Value);
    })));

    public Task Remind(long number) => this.RegisterOrUpdateReminder("tick", TimeSpan.FromDays(1), TimeSpan.FromMinutes(number));

    public Task ReceiveReminder(string reminderName, TickStatus status) => Task.CompletedTask;

    private async Task OrEndAsync(Task write)
    {
        try
        {
            await write;
        }
        catch
        {
            DeactivateOnIdle();
            throw;
        }
    }
}
