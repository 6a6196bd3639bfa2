using Caur.Contracts.Ids;

namespace Caur.Tests.Sources;

public sealed class NearestNamesTests
{
    [Theory]
    [InlineData("frefox", "firefox")]
    [InlineData("Firefox", "firefox")]
    [InlineData("fox", "firefox")]
    [InlineData("gtk+", "gtk")]
    public void Of_WhenMistyped_FindsTheOneMeant(string word, string name) =>
        NearestNames.Of(word, ["bash", "firefox", "gtk", "linux"]).ShouldContain(name);

    [Fact]
    public void Of_WhenNothingIsNear_IsEmpty() => NearestNames.Of("completely-other", ["bash", "zsh"]).ShouldBeEmpty();

    [Fact]
    public void Of_WhenManyAreNear_NamesTheThreeNearest() =>
        NearestNames.Of("lib", ["lib4", "lib", "lib33", "liba", "libb"]).ShouldBe(["lib", "lib4", "liba"]);
}
