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
    [InlineData("\ufeffKEY=value\n", "value")]
    [InlineData("KEY=a\u2028b\fc", "a\u2028b\fc")]
    [InlineData("KEY=9 # no comment", "9 # no comment")]
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

    [Theory]
    [InlineData("KEY= \"9\" \r\n", "\"9\"")]
    [InlineData("KEY=''", "''")]
    [InlineData("KEY=", "")]
    [InlineData("KEY", null)]
    public void Verbatim_WhenAsked_KeepsTheQuotes(string text, string? value) => CiConfig.Parse(text).Verbatim("KEY").ShouldBe(value);

    [Fact]
    public void Read_WhenAValueIsNoText_NamesItAndItsLine()
    {
        CiConfig.Read([.. "# "u8, 0xff, .. "\nKEY=value"u8]).GetRequired()["KEY"].ShouldBe("value");
        foreach (var bad in (byte[])[0xff, 0])
        {
            var error = CiConfig.Read([.. "# 1\nA=1\nKEY=x"u8, bad, .. "\n"u8]).Error.ShouldNotBeNull();
            error.Code.ShouldBe(FormatErrorCode.NotUtf8);
            error.Line.ShouldBe(3);
            error.Message.ShouldContain("KEY");
        }
    }

    [Fact]
    public void Read_WhenTooLarge_Refuses() =>
        CiConfig.Read(new byte[CiConfig.MaxSize + 1]).Error.ShouldNotBeNull().Code.ShouldBe(FormatErrorCode.TooLarge);

    [Fact]
    public void Keys_WhenUnknown_AreThereToo() => CiConfig.Parse("A=1\nUNKNOWN=2").Keys.Order().ShouldBe(["A", "UNKNOWN"]);
}
