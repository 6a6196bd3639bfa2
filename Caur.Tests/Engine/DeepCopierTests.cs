using System.Collections.Immutable;
using Caur.Embedded.Copying;
using Caur.Tests.Engine.Conformance;
using Orleans;
using Orleans.Serialization;

namespace Caur.Tests.Engine;

public sealed class DeepCopierTests
{
    [Fact]
    public void Copy_OfCollections_CopiesTheirItemsAndKeepsOrderAndComparer()
    {
        Copied(new Queue<Item>([Named("1"), Named("2")])).Select(static item => item.Label).ShouldBe(["1", "2"]);
        Copied(new Stack<Item>([Named("1"), Named("2")])).Select(static item => item.Label).ShouldBe(["2", "1"]);
        Copied(new SortedDictionary<string, Item>(StringComparer.OrdinalIgnoreCase) { ["A"] = Named("1") })["a"].Label.ShouldBe("1");
        Copied(new Dictionary<string, Item>(StringComparer.OrdinalIgnoreCase) { ["A"] = Named("1") })["a"].Label.ShouldBe("1");
        Copied(new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "A" }).ShouldContain("a");
        Copied(new SortedSet<int> { 3, 1 }).ShouldBe([1, 3]);
        Copied(new KeyValuePair<string, Item>("k", Named("1"))).Value.Label.ShouldBe("1");
        Copied(Tuple.Create(Named("1"), 2)).Item1.Label.ShouldBe("1");
        Copied(new List<List<int>> { new() { 1 }, new() { 2, 3 } })[1].ShouldBe([2, 3]);
        Copied(new int[][] { [1], [2, 3] })[1].ShouldBe([2, 3]);
    }

    [Fact]
    public void Copy_OfACollectionThatIsMetTwice_IsOneCollection()
    {
        foreach (var shared in new object[] { new List<int> { 1 }, new Queue<int>([1]), new Stack<int>([1]), new SortedSet<int> { 1 }, new HashSet<int> { 1 } })
        {
            var copy = Copied(new List<object> { shared, shared });
            copy[0].ShouldNotBeSameAs(shared);
            copy[1].ShouldBeSameAs(copy[0], shared.GetType().Name);
        }
    }

    [Fact]
    public void Copy_OfACollectionThatContainsItself_Ends()
    {
        var queue = new Queue<object>();
        queue.Enqueue(queue);
        var stack = new Stack<object>();
        stack.Push(stack);
        var list = new List<object>();
        list.Add(list);
        Copied(queue).ShouldHaveSingleItem().ShouldBeOfType<Queue<object>>().ShouldNotBeSameAs(queue);
        Copied(stack).ShouldHaveSingleItem().ShouldBeOfType<Stack<object>>().ShouldNotBeSameAs(stack);
        Copied(list).ShouldHaveSingleItem().ShouldBeOfType<List<object>>().ShouldNotBeSameAs(list);
    }

    [Fact]
    public void Copy_OfImmutableCollectionsOfWhatCanChange_CopiesTheItems()
    {
        var item = Named("kept");
        var list = ImmutableList.Create(item);
        var array = ImmutableArray.Create(item);
        var dictionary = ImmutableDictionary<string, Item>.Empty.Add("k", item);
        var sorted = ImmutableSortedDictionary<string, Item>.Empty.Add("k", item);
        var queue = ImmutableQueue.Create(item);
        var stack = ImmutableStack.Create(Named("below"), item);
        var copies = new[]
        {
            Copied(list)[0], Copied(array)[0], Copied(dictionary)["k"], Copied(sorted)["k"], Copied(queue).Peek(), Copied(stack).Peek(),
        };
        item.Label = "changed";
        copies.ShouldAllBe(static copy => copy.Label == "kept");
        Copied(default(ImmutableArray<Item>)).IsDefault.ShouldBeTrue();
    }

    [Fact]
    public void Copy_OfWhatCannotChange_IsTheSameObject()
    {
        object[] values = ["text", new Uri("https://example.org"), ImmutableList.Create(1), ImmutableDictionary<string, int>.Empty.Add("a", 1)];
        foreach (var value in values)
        {
            DeepCopier.Copy(value, "a test").ShouldBeSameAs(value);
        }
    }

    [Fact]
    public void Copy_OfAPositionalRecord_CopiesItsParameters()
    {
        var original = new Positional("name", [1, 2]) { Later = [3] };
        var copy = Copied(original);
        original.Numbers.Clear();
        original.Later.Clear();
        copy.Name.ShouldBe("name");
        copy.Numbers.ShouldBe([1, 2]);
        copy.Later.ShouldBe([3]);
    }

    [Fact]
    public void Copy_OfAStructWithAReference_CopiesWhatItRefersTo()
    {
        var original = new Holder(Named("kept"));
        var copy = Copied(original);
        original.Item.Label = "changed";
        copy.Item.Label.ShouldBe("kept");
    }

    [Fact]
    public void Copy_OfAMemberThatIsPromisedNotToChange_SharesIt()
    {
        var original = new Promised { Shared = [1], Copied = [2] };
        var copy = Copied(original);
        copy.Shared.ShouldBeSameAs(original.Shared);
        copy.Copied.ShouldNotBeSameAs(original.Copied);
    }

    [Fact]
    public void Copy_OfAForeignTypeDeepInside_NamesTheWayToIt()
    {
        var bad = new Dictionary<string, Bad[]> { ["x"] = [new Bad { Anything = new Bad { Anything = new Stranger() } }] };
        var error = Should.Throw<CodecNotFoundException>(() => DeepCopier.Copy(bad, "argument bad of a test"));
        error.Message.ShouldContain($"{typeof(Stranger).FullName} in argument bad of a test, member Bad.Anything, member Bad.Anything");
    }

    [Theory]
    [InlineData(typeof(Stranger))]
    [InlineData(typeof(object))]
    [InlineData(typeof(InvalidOperationException))]
    [InlineData(typeof(MemoryStream))]
    [InlineData(typeof(StrangersChild))]
    [InlineData(typeof(SampleOfComputed))]
    public void Copy_OfAForeignType_IsRefused(Type type) =>
        Should.Throw<CodecNotFoundException>(() => DeepCopier.Copy(Activator.CreateInstance(type), "a test"));

    [Fact]
    public void Copy_OfDelegatesAndLazySequences_IsRefused()
    {
        Should.Throw<CodecNotFoundException>(() => DeepCopier.Copy(() => 1, "a test"));
        Should.Throw<CodecNotFoundException>(() => DeepCopier.Copy(Enumerable.Range(0, 3).Select(static i => i), "a test"));
    }

    [Fact]
    public void Copy_OfAnEndlesslyNestedValue_IsRefusedBeforeTheStackEnds()
    {
        var link = new Parcel();
        for (var i = 0; i < 100_000; i++)
        {
            link = new Parcel { Inner = link };
        }

        Should.Throw<CodecNotFoundException>(() => DeepCopier.Copy(link, "a test")).Message.ShouldContain("nested deeper");
    }

    private static Item Named(string label) => new() { Label = label };

    private static T Copied<T>(T value)
        where T : notnull => (T)DeepCopier.Copy(value, "a test")!;
}

[GenerateSerializer]
[Alias("caur.tests.Positional")]
public sealed record Positional([property: Id(0)] string Name, [property: Id(1)] List<int> Numbers)
{
    [Id(2)]
    public List<int> Later { get; init; } = [];
}

[GenerateSerializer]
[Alias("caur.tests.Holder")]
public readonly record struct Holder([property: Id(0)] Item Item);

[GenerateSerializer]
[Alias("caur.tests.Promised")]
public sealed class Promised
{
    [Id(0)]
    [Immutable]
    public List<int> Shared { get; set; } = [];

    [Id(1)]
    public List<int> Copied { get; set; } = [];
}

public class StrangersParent;

[GenerateSerializer]
[Alias("caur.tests.StrangersChild")]
public sealed class StrangersChild : StrangersParent;

[GenerateSerializer]
[Alias("caur.tests.SampleOfComputed")]
public sealed class SampleOfComputed
{
    [Id(0)]
    public int Sum => 3;
}
