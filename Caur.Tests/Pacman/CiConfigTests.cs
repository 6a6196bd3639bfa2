using Caur.Pacman;

namespace Caur.Tests.Pacman;

public sealed class CiConfigTests
{
    [Theory]
    [InlineData("KEY=value", "value")]
    [InlineData("  KEY \t=  value  ", "value")]
    [InlineData("KEY=\"two words\"", "two words")]
    [InlineData("KEY='single'", "single")]
    [InlineData("KEY=\"open", "\"open")]
    [InlineData("KEY=\"", "\"")]
    [InlineData("KEY=a=b", "a=b")]
    [InlineData("KEY=value\r\n", "value")]
    [InlineData("KEY=old\nKEY=new", "new")]
    [InlineData("KEY=1:2.0-1/3", "1:2.0-1/3")]
    [InlineData("other text\nKEY=value", "value")]
    public void Parse_WhenSet_HasTheValue(string text, string value) => CiConfig.Parse(text)["KEY"].ShouldBe(value);

    [Theory]
    [InlineData("")]
    [InlineData("KEY=")]
    [InlineData("KEY=\"\"")]
    [InlineData("# KEY=value")]
    [InlineData("KEY value")]
    [InlineData("MY-KEY=value")]
    [InlineData("key=value")]
    public void Parse_WhenNotSet_IsNull(string text) => CiConfig.Parse(text)["KEY"].ShouldBeNull();

    [Theory]
    [InlineData("true", true)]
    [InlineData("\"True\"", true)]
    [InlineData("1", false)]
    [InlineData("false", false)]
    [InlineData("", false)]
    public void IsTrue_WhenAsked_TakesTheWordInAnyCase(string value, bool expected) => CiConfig.Parse($"KEY={value}").IsTrue("KEY").ShouldBe(expected);

    [Fact]
    public void Keys_WhenUnknown_AreThereToo() => CiConfig.Parse("A=1\nUNKNOWN=2").Keys.Order().ShouldBe(["A", "UNKNOWN"]);
}
