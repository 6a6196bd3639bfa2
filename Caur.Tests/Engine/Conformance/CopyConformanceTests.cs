using System.Collections.Immutable;
using Orleans;
using Orleans.Concurrency;
using Orleans.Serialization;

namespace Caur.Tests.Engine.Conformance;

/// <summary>Arguments and results are copied, or refused.</summary>
public abstract class CopyConformanceTests<TFixture>(TFixture engine) : ConformanceTests<TFixture>(engine)
    where TFixture : class, IEngineFixture
{
    [Fact]
    public async Task Argument_WhenTheCallerChangesItAfterwards_IsUnchangedInTheGrain()
    {
        var grain = Grain<ICopyGrain>(NewKey());
        var parcel = Full();
        await grain.Keep(parcel);
        Spoil(parcel);
        ShouldBeFull(await grain.Kept());
    }

    [Fact]
    public async Task Result_WhenTheCallerChangesIt_IsUnchangedInTheGrain()
    {
        var grain = Grain<ICopyGrain>(NewKey());
        await grain.Keep(Full());
        Spoil(await grain.Kept());
        ShouldBeFull(await grain.Kept());
    }

    [Fact]
    public async Task Member_WithoutId_DoesNotTravel()
    {
        var parcel = Full();
        parcel.Private = "stays here";
        (await Grain<ICopyGrain>(NewKey()).Echo(parcel)).Private.ShouldBeNull();
    }

    [Fact]
    public async Task Object_ThatIsMetTwice_IsStillOneObject()
    {
        var echo = await Grain<ICopyGrain>(NewKey()).Echo(Full());
        echo.SameAsFirst.ShouldBeSameAs(echo.First);
    }

    [Fact]
    public async Task Object_ThatContainsItself_IsCopied()
    {
        var parcel = new Parcel { Text = "outer" };
        parcel.Inner = parcel;
        var echo = await Grain<ICopyGrain>(NewKey()).Echo(parcel);
        echo.ShouldNotBeSameAs(parcel);
        echo.Inner.ShouldBeSameAs(echo);
    }

    [Fact]
    public async Task Argument_ThatIsPromisedNotToChange_KeepsItsContents()
    {
        var grain = Grain<ICopyGrain>(NewKey());
        await grain.KeepMarked(["marked"]);
        (await grain.KeptItems()).ShouldBe(["marked"]);
        (await grain.KeepWrapped(new Immutable<List<string>>(["wrapped"]))).ShouldBeTrue();
        (await grain.KeptItems()).ShouldBe(["wrapped"]);
    }

    [Fact]
    public async Task Collection_OfAReadOnlyInterface_TravelsAsWhatItIs()
    {
        var grain = Grain<ICopyGrain>(NewKey());
        (await grain.EchoList(new List<int> { 1, 2 })).ShouldBe([1, 2]);
        (await grain.EchoList(new[] { 3, 4 })).ShouldBe([3, 4]);
        (await grain.EchoList(ImmutableList.Create(5, 6))).ShouldBe([5, 6]);
    }

    [Fact]
    public async Task Argument_OfAForeignType_IsRefusedByItsName()
    {
        var error = await Should.ThrowAsync<CodecNotFoundException>(
            async () => await Grain<ICopyGrain>(NewKey()).Refuse(new Bad { Anything = new Stranger() }));
        error.Message.ShouldContain(nameof(Stranger));
    }

    [Fact]
    public async Task Result_OfAForeignType_IsRefused() =>
        await Should.ThrowAsync<Exception>(async () => await Grain<ICopyGrain>(NewKey()).ReturnRefused());

    [Fact]
    public async Task Reference_AsArgumentAndResult_LeadsToTheSameGrain()
    {
        var (grain, other) = (Grain<ICopyGrain>(NewKey()), Grain<ICopyGrain>(NewKey("other")));
        (await grain.KeyOf(other)).ShouldBe(other.GetPrimaryKeyString());
        var pointed = await grain.Point(other);
        pointed.ShouldBe(other);
        pointed.GetGrainId().ShouldBe(other.GetGrainId());
    }

    private static Parcel Full()
    {
        var first = new Item { Label = "first" };
        return new Parcel
        {
            Text = "text",
            Numbers = [1, 2, 3],
            Items = [new Item { Label = "listed" }],
            ByName = new() { ["a"] = new Item { Label = "named" } },
            Names = [new Name("n")],
            Fixed = [new Item { Label = "fixed" }],
            Counts = ImmutableDictionary<string, int>.Empty.Add("one", 1),
            Texts = ["t"],
            When = new DateTimeOffset(2026, 2, 3, 4, 5, 6, TimeSpan.FromHours(1)),
            Length = TimeSpan.FromSeconds(7),
            Id = new Guid(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11),
            Address = new Uri("https://example.org/x"),
            Day = DayOfWeek.Friday,
            Bytes = [9, 8],
            Memory = new byte[] { 7, 6 },
            Pair = (5, new Item { Label = "paired" }),
            ReadOnlyItems = new List<Item> { new() { Label = "read only" } },
            ReadOnlyByName = new Dictionary<string, Item> { ["r"] = new() { Label = "read only too" } },
            First = first,
            SameAsFirst = first,
            Shape = new Square { Colour = "red", Sides = [4] },
        };
    }

    private static void Spoil(Parcel parcel)
    {
        parcel.Text = "spoilt";
        parcel.Numbers[0] = -1;
        parcel.Items[0].Label = "spoilt";
        parcel.Items.Clear();
        parcel.ByName["a"].Label = "spoilt";
        parcel.ByName.Clear();
        parcel.Names.Clear();
        parcel.Fixed[0].Label = "spoilt";
        parcel.Bytes[0] = 0;
        parcel.Pair.Of!.Label = "spoilt";
        parcel.ReadOnlyItems![0].Label = "spoilt";
        parcel.ReadOnlyByName!["r"].Label = "spoilt";
        parcel.First!.Label = "spoilt";
        ((Square)parcel.Shape!).Sides.Clear();
    }

    private static void ShouldBeFull(Parcel parcel)
    {
        var full = Full();
        parcel.Text.ShouldBe(full.Text);
        parcel.Numbers.ShouldBe(full.Numbers);
        parcel.Items.ShouldHaveSingleItem().Label.ShouldBe("listed");
        parcel.ByName.ShouldHaveSingleItem().Value.Label.ShouldBe("named");
        parcel.Names.ShouldBe(full.Names);
        parcel.Fixed.ShouldHaveSingleItem().Label.ShouldBe("fixed");
        parcel.Counts["one"].ShouldBe(1);
        parcel.Texts.ShouldBe(full.Texts);
        parcel.When.ShouldBe(full.When);
        parcel.Length.ShouldBe(full.Length);
        parcel.Id.ShouldBe(full.Id);
        parcel.Address.ShouldBe(full.Address);
        parcel.Day.ShouldBe(full.Day);
        parcel.Bytes.ShouldBe(full.Bytes);
        parcel.Memory.ToArray().ShouldBe([7, 6]);
        parcel.Pair.Count.ShouldBe(5);
        parcel.Pair.Of!.Label.ShouldBe("paired");
        parcel.ReadOnlyItems!.ShouldHaveSingleItem().Label.ShouldBe("read only");
        parcel.ReadOnlyByName!["r"].Label.ShouldBe("read only too");
        parcel.First!.Label.ShouldBe("first");
        var square = parcel.Shape.ShouldBeOfType<Square>();
        square.Colour.ShouldBe("red");
        square.Sides.ShouldBe([4]);
    }
}
