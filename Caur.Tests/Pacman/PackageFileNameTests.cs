using Caur.Pacman;

namespace Caur.Tests.Pacman;

public sealed class PackageFileNameTests
{
    [Theory]
    [InlineData("foo-1.0-1-x86_64.pkg.tar.zst", "foo", "1.0-1", "x86_64", ".pkg.tar.zst")]
    [InlineData("lib++-a.b-2:1.0-1.2-any.pkg.tar", "lib++-a.b", "2:1.0-1.2", "any", ".pkg.tar")]
    public void TryParse_WhenNameIsLegal_GivesItsParts(string text, string name, string version, string arch, string extension)
    {
        PackageFileName.TryParse(text, out var parsed).ShouldBeTrue();
        parsed.Name.ToString().ShouldBe(name);
        parsed.Version.ToString().ShouldBe(version);
        parsed.Architecture.ShouldBe(arch);
        parsed.Extension.ShouldBe(extension);
        parsed.ToString().ShouldBe(text);
    }

    [Theory]
    [InlineData("foo-1.0-1-x86_64.pkg.tar.zst.sig")]
    [InlineData("foo-1.0-1-x86_64.tar.zst")]
    [InlineData("foo-1.0-1-.pkg.tar.zst")]
    [InlineData("foo-1.0-x86_64.pkg.tar.zst")]
    [InlineData("-1.0-1-any.pkg.tar.zst")]
    [InlineData("../foo-1.0-1-any.pkg.tar.zst")]
    [InlineData("a/foo-1.0-1-any.pkg.tar.zst")]
    [InlineData("foo-1.0 -1-any.pkg.tar.zst")]
    [InlineData("")]
    [InlineData(null)]
    public void TryParse_WhenNameIsIllegal_Refuses(string? text) => PackageFileName.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void IsSafe_WhenAFileSystemCouldNotHoldTheName_IsFalse()
    {
        using var folder = new TempFolder();
        var longest = new string('\u00e9', 127) + "x";
        PackageFileName.IsSafe(longest).ShouldBeTrue();
        File.WriteAllText(folder[longest], "");
        PackageFileName.IsSafe(longest + "x").ShouldBeFalse();
        Should.Throw<IOException>(() => File.WriteAllText(folder[longest + "x"], ""));
    }
}
