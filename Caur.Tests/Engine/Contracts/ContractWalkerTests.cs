namespace Caur.Tests.Engine.Contracts;

/// <summary>The check itself, on contracts that are good and on ones that are not.</summary>
public sealed class ContractWalkerTests
{
    [Fact]
    public void Walk_OfGoodContracts_FindsNothingAndWritesThemDown()
    {
        var report = ContractWalker.Walk(SampleContracts.Good);
        report.Violations.ShouldBeEmpty();
        report.Text.ShouldBe(
            """
            interface sample.IGood (Caur.Tests.Engine.Contracts.SampleContracts+IGood) : IAddressable, IGrain, IGrainWithStringKey
              Ask: Task<Reply?> AskAsync([Immutable] Question question, CancellationToken token) [ReadOnly] [ResponseTimeout 00:00:05]
              Tell: Task TellAsync(IReadOnlyList<Question> questions, IWatching watcher) [OneWay]

            interface sample.IWatching (Caur.Tests.Engine.Contracts.SampleContracts+IWatching) : IAddressable, IGrainObserver
              Saw: void Saw(Mood mood)

            enum - (Caur.Tests.Engine.Contracts.SampleContracts+Mood): Good=0, Bad=7

            class sample.BaseReply (Caur.Tests.Engine.Contracts.SampleContracts+BaseReply)
              0: string Text

            struct sample.Key (Caur.Tests.Engine.Contracts.SampleContracts+Key)
              0: string Value

            class sample.Question (Caur.Tests.Engine.Contracts.SampleContracts+Question)
              0: Key Key
              1: Dictionary<string, int?> Counts
              3: byte[] Bytes [Immutable]

            class sample.Reply (Caur.Tests.Engine.Contracts.SampleContracts+Reply) : BaseReply
              0: ImmutableArray<Reply> Inner
              1: DateTimeOffset? When

            """);
    }

    [Theory]
    [InlineData(typeof(SampleContracts.INameless), "INameless has no [Alias].")]
    [InlineData(typeof(SampleContracts.INamelessMethod), "INamelessMethod.Do has no [Alias].")]
    [InlineData(typeof(SampleContracts.ITwice), "ITwice has two methods with the alias 'Same'.")]
    [InlineData(typeof(SampleContracts.INoTask), "INoTask.Do returns int, which is no task.")]
    [InlineData(typeof(SampleContracts.IVoid), "IVoid.Do returns void, which is no task.")]
    [InlineData(typeof(SampleContracts.IGeneric), "IGeneric.Do is generic.")]
    [InlineData(typeof(SampleContracts.IOneWayAnswer), "IOneWayAnswer.Do is [OneWay] and returns a value that nobody gets.")]
    [InlineData(typeof(SampleContracts.IForeignArgument), "argument stranger of .*IForeignArgument.Do is a Foreign, which has no [GenerateSerializer]")]
    [InlineData(typeof(SampleContracts.IForeignResult), "result of .*IForeignResult.Do is a Foreign, which has no [GenerateSerializer]")]
    [InlineData(typeof(SampleContracts.IForeignDeepInside), "DeepForeign.Inner is a Foreign, which has no [GenerateSerializer]")]
    [InlineData(typeof(SampleContracts.IException), "argument error of .*IException.Do is a Exception, which has no [GenerateSerializer]")]
    [InlineData(typeof(SampleContracts.IObject), "argument anything of .*IObject.Do is a object, which has no [GenerateSerializer]")]
    [InlineData(typeof(SampleContracts.NamelessMessage), "NamelessMessage has no [Alias].")]
    [InlineData(typeof(SampleContracts.WithoutId), "WithoutId.Forgotten has no [Id]")]
    [InlineData(typeof(SampleContracts.PositionalWithoutId), "PositionalWithoutId.Forgotten has no [Id]")]
    [InlineData(typeof(SampleContracts.SameIds), "SameIds uses [Id(1)] for First and Second.")]
    [InlineData(typeof(SampleContracts.Computed), "Computed.Sum has an [Id] and is not an automatic property.")]
    [InlineData(typeof(SampleContracts.ForeignBase), "base of .*ForeignBase is a Foreign, which has no [GenerateSerializer]")]
    public void Walk_OfABadContract_NamesWhatIsWrong(Type type, string expected)
    {
        var pattern = System.Text.RegularExpressions.Regex.Escape(expected).Replace(@"\.\*", ".*", StringComparison.Ordinal);
        ContractWalker.Walk([type]).Violations.ShouldHaveSingleItem().ShouldMatch(pattern);
    }

    [Fact]
    public void Walk_OfTwoTypesWithOneAlias_NamesBoth()
    {
        var violation = ContractWalker.Walk([typeof(SampleContracts.Key), typeof(SampleContracts.OtherKey)]).Violations.ShouldHaveSingleItem();
        violation.ShouldContain("OtherKey has the alias 'sample.Key'");
    }
}
