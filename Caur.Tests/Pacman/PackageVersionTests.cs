using Caur.Pacman;

namespace Caur.Tests.Pacman;

public sealed class PackageVersionTests
{
    [Theory]
    [InlineData("1:2.0-1", 1, "2.0", "1")]
    [InlineData("2.0-1.2", 0, "2.0", "1.2")]
    [InlineData("2.0", 0, "2.0", null)]
    [InlineData("0:1", 0, "1", null)]
    [InlineData("r1234.abcdef0-3", 0, "r1234.abcdef0", "3")]
    [InlineData("1.0-rc1-2", 0, "1.0-rc1", "2")]
    [InlineData("6.5.0_1+g~x-1", 0, "6.5.0_1+g~x", "1")]
    public void Parse_WhenVersionIsLegal_GivesItsParts(string text, int epoch, string pkgver, string? pkgrel)
    {
        var version = PackageVersion.Parse(text);
        version.Epoch.ShouldBe(epoch);
        version.PkgVer.ShouldBe(pkgver);
        version.PkgRel.ShouldBe(pkgrel);
        version.ToString().ShouldBe(text);
    }

    [Theory]
    [InlineData("")]
    [InlineData("1:")]
    [InlineData(":1")]
    [InlineData("a:1")]
    [InlineData("1:2:3")]
    [InlineData("-1")]
    [InlineData("1-")]
    [InlineData("1 2")]
    [InlineData("1/2")]
    [InlineData("../x")]
    [InlineData("1=2")]
    [InlineData("ü")]
    [InlineData("99999999999:1")]
    public void TryParse_WhenVersionIsIllegal_Refuses(string text) => PackageVersion.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void Create_WhenEpochIsZero_LeavesItOut()
    {
        PackageVersion.Create(0, "1.0", "1").ToString().ShouldBe("1.0-1");
        PackageVersion.Create(2, "1.0", "1.1").ToString().ShouldBe("2:1.0-1.1");
    }
}
