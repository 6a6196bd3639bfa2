using Caur.Pipelines.Commits;

namespace Caur.Tests.Pipelines.Commits;

public sealed class DeployOrdersTests
{
    [Theory]
    [InlineData("feat(foo): init [deploy foo]", "foo")]
    [InlineData("x\n\n[deploy foo] and [deploy bar]\n[deploy foo]", "foo bar")]
    [InlineData("[deploy c++utilities][deploy guile1.8][deploy @scope_x+y]", "c++utilities guile1.8 @scope_x+y")]
    [InlineData("[deploy foo bar]", "foo bar")]
    [InlineData("[deploy foo, bar,baz ]", "foo bar baz")]
    [InlineData("[deploy  foo]", "foo")]
    [InlineData("[Deploy foo] [deployfoo] deploy foo [deploy foo", "")]
    [InlineData("[deploy fo\no]", "")]
    [InlineData("Revert \"a [deploy foo]\"", "foo")]
    public void Read_WhenAMessageOrders_FindsTheNames(string text, string names)
    {
        var orders = DeployOrders.Read([new CommitMessage("0123456789abcdef", text)]);

        orders.Names.Select(order => order.Name).ShouldBe(names.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        orders.All.ShouldBeEmpty();
        orders.NoOrders.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("docs: write [deploy <name>]")]
    [InlineData("[deploy $(reboot)]")]
    [InlineData("[deploy ../../etc]")]
    [InlineData("[deploy -rf]")]
    [InlineData("[deploy  ]")]
    public void Read_WhenNoPackageCanBeCalledThat_IsNoOrder(string text)
    {
        var orders = DeployOrders.Read([new CommitMessage("0123456789abcdef", text)]);

        orders.Names.ShouldBeEmpty();
        orders.NoOrders.ShouldHaveSingleItem().ShouldContain("0123456789");
    }

    [Fact]
    public void Read_WhenSeveralCommitsOrder_KeepsWhichDid()
    {
        CommitMessage[] messages = [new("aaaaaaaaaaaa", "[deploy x] [deploy all]"), new("bbbbbbbbbbbb", "[deploy x] [deploy all] [deploy all]")];

        var orders = DeployOrders.Read(messages);

        orders.Names.ShouldBe([new DeployOrder("x", messages[0]), new DeployOrder("x", messages[1])]);
        orders.All.ShouldBe(messages);
    }
}
