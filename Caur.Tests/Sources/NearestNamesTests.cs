using System.Globalization;
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

    /// <summary>Whoever asks a farm for a package that it does not have is answered so, also without a token.</summary>
    [Fact]
    public void Of_WithALongWordAndManyNames_CostsLittle()
    {
        var names = Enumerable.Range(0, 2000).Select(number => string.Create(CultureInfo.InvariantCulture, $"package-{number:0000}")).ToList();
        var word = new string('p', Names.MaxLength);
        NearestNames.Of(word, names);

        var before = GC.GetAllocatedBytesForCurrentThread();
        NearestNames.Of(word, names).ShouldBeEmpty();

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(1 << 20);
    }
}
