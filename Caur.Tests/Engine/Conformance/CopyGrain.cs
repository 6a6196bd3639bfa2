using System.Collections.Immutable;
using Orleans;
using Orleans.Concurrency;

namespace Caur.Tests.Engine.Conformance;

[Alias("caur.tests.ICopyGrain")]
public interface ICopyGrain : IGrainWithStringKey
{
    [Alias("Keep")]
    Task Keep(Parcel parcel);

    [Alias("Kept")]
    Task<Parcel> Kept();

    [Alias("KeepMarked")]
    Task KeepMarked([Immutable] List<string> items);

    [Alias("KeepWrapped")]
    Task<bool> KeepWrapped(Immutable<List<string>> items);

    [Alias("KeptItems")]
    Task<List<string>> KeptItems();

    [Alias("Echo")]
    Task<Parcel> Echo(Parcel parcel);

    [Alias("EchoList")]
    Task<IReadOnlyList<int>> EchoList(IReadOnlyList<int> items);

    [Alias("Refuse")]
    Task Refuse(Bad bad);

    [Alias("ReturnRefused")]
    Task<Bad> ReturnRefused();

    [Alias("Point")]
    Task<ICopyGrain> Point(ICopyGrain other);

    [Alias("KeyOf")]
    Task<string> KeyOf(ICopyGrain other);
}

#pragma warning disable ORLEANS0004 // One of its members is none of the message, and that is what is tested.
/// <summary>One member of each kind that travels.</summary>
[GenerateSerializer]
[Alias("caur.tests.Parcel")]
public sealed record Parcel
{
    [Id(0)]
    public string? Text { get; set; }

    [Id(1)]
    public int[] Numbers { get; set; } = [];

    [Id(2)]
    public List<Item> Items { get; set; } = [];

    [Id(3)]
    public Dictionary<string, Item> ByName { get; set; } = [];

    [Id(4)]
    public HashSet<Name> Names { get; set; } = [];

    [Id(5)]
    public ImmutableArray<Item> Fixed { get; init; } = [];

    [Id(6)]
    public ImmutableDictionary<string, int> Counts { get; init; } = ImmutableDictionary<string, int>.Empty;

    [Id(7)]
    public ImmutableList<string> Texts { get; init; } = [];

    [Id(8)]
    public DateTimeOffset? When { get; init; }

    [Id(9)]
    public TimeSpan Length { get; init; }

    [Id(10)]
    public Guid Id { get; init; }

    [Id(11)]
    public Uri? Address { get; init; }

    [Id(12)]
    public DayOfWeek Day { get; init; }

    [Id(13)]
    public byte[] Bytes { get; set; } = [];

    [Id(14)]
    public ReadOnlyMemory<byte> Memory { get; init; }

    [Id(15)]
    public (int Count, Item? Of) Pair { get; set; }

    [Id(16)]
    public IReadOnlyList<Item>? ReadOnlyItems { get; init; }

    [Id(17)]
    public IReadOnlyDictionary<string, Item>? ReadOnlyByName { get; init; }

    [Id(18)]
    public Item? First { get; set; }

    [Id(19)]
    public Item? SameAsFirst { get; set; }

    [Id(20)]
    public Shape? Shape { get; init; }

    [Id(21)]
    public Parcel? Inner { get; set; }

    /// <summary>Not a member of the message: it does not travel.</summary>
    public string? Private { get; set; }
}
#pragma warning restore ORLEANS0004

[GenerateSerializer]
[Alias("caur.tests.Item")]
public sealed class Item
{
    [Id(0)]
    public string Label { get; set; } = "";
}

[GenerateSerializer]
[Alias("caur.tests.Name")]
public readonly record struct Name([property: Id(0)] string Value);

[GenerateSerializer]
[Alias("caur.tests.Shape")]
public abstract record Shape
{
    [Id(0)]
    public string? Colour { get; init; }
}

[GenerateSerializer]
[Alias("caur.tests.Square")]
public sealed record Square : Shape
{
    [Id(0)]
    public List<int> Sides { get; init; } = [];
}

/// <summary>A message whose member holds what may not travel.</summary>
[GenerateSerializer]
[Alias("caur.tests.Bad")]
public sealed class Bad
{
    [Id(0)]
    public object? Anything { get; set; }
}

/// <summary>No message.</summary>
public sealed class Stranger;

public sealed class CopyGrain : Grain, ICopyGrain
{
    private Parcel _parcel = new();
    private List<string> _items = [];

    public Task Keep(Parcel parcel)
    {
        _parcel = parcel;
        return Task.CompletedTask;
    }

    public Task<Parcel> Kept() => Task.FromResult(_parcel);

    public Task KeepMarked(List<string> items)
    {
        _items = items;
        return Task.CompletedTask;
    }

    public Task<bool> KeepWrapped(Immutable<List<string>> items)
    {
        _items = items.Value;
        return Task.FromResult(true);
    }

    public Task<List<string>> KeptItems() => Task.FromResult(_items);

    public Task<Parcel> Echo(Parcel parcel) => Task.FromResult(parcel);

    public Task<IReadOnlyList<int>> EchoList(IReadOnlyList<int> items) => Task.FromResult(items);

    public Task Refuse(Bad bad) => Task.CompletedTask;

    public Task<Bad> ReturnRefused() => Task.FromResult(new Bad { Anything = new Stranger() });

    public Task<ICopyGrain> Point(ICopyGrain other) => Task.FromResult(other);

    public Task<string> KeyOf(ICopyGrain other) => Task.FromResult(other.GetPrimaryKeyString());
}
