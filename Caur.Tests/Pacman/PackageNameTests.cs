using Caur.Pacman;

namespace Caur.Tests.Pacman;

public sealed class PackageNameTests
{
    [Theory]
    [InlineData("pacman")]
    [InlineData("libstdc++5")]
    [InlineData("a@b._c-D")]
    [InlineData("+x")]
    [InlineData("_x")]
    [InlineData("@x")]
    [InlineData("0ad")]
    public void Parse_WhenNameIsLegal_KeepsIt(string text) => PackageName.Parse(text).ToString().ShouldBe(text);

    [Theory]
    [InlineData("")]
    [InlineData("-x")]
    [InlineData(".x")]
    [InlineData("..")]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("a\n")]
    [InlineData("a:b")]
    [InlineData("ä")]
    [InlineData("a=1")]
    public void TryParse_WhenNameIsIllegal_Refuses(string text)
    {
        PackageName.TryParse(text, out var name).ShouldBeFalse();
        name.IsEmpty.ShouldBeTrue();
        Should.Throw<FormatException>(() => PackageName.Parse(text));
    }

    [Fact]
    public void TryParse_WhenNameIsTooLong_Refuses()
    {
        PackageName.TryParse(new string('a', 255), out _).ShouldBeTrue();
        PackageName.TryParse(new string('a', 256), out _).ShouldBeFalse();
    }

    [Fact]
    public void CompareTo_WhenNamesDifferInCase_IsOrdinal()
    {
        (PackageName.Parse("Z") < PackageName.Parse("a")).ShouldBeTrue();
        PackageName.Parse("a").ShouldBe(PackageName.Parse("a"));
    }
}
