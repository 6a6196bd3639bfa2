using System.Text;
using Caur.Pacman;

namespace Caur.Tests.Pacman;

public sealed class PackageInfoTests
{
    [Fact]
    public void Parse_WhenTextIsWhole_GivesItsFields()
    {
        var info = Parse(new TestPackage("libfoo++", "1:2.0-1.2")
        {
            Base = "foo",
            Info = "license = MIT\nlicense = BSD\ngroup = g\ndepend = glibc>=2\ndepend = libx.so=1-64\noptdepend = bash: to run\n"
                + "makedepend = gcc\ncheckdepend = check\nprovides = foo=2\nconflict = bar<1\nreplaces = baz\nxdata = pkgtype=split",
        }.PkgInfo).GetRequired();

        info.Name.ToString().ShouldBe("libfoo++");
        info.PkgBase.ShouldBe(PackageName.Parse("foo"));
        info.Version.ToString().ShouldBe("1:2.0-1.2");
        info.Architecture.ShouldBe("x86_64");
        info.InstalledSize.ShouldBe(12345);
        info.BuildDate.ShouldBe(DateTimeOffset.FromUnixTimeSeconds(1700000000));
        info.Description.ShouldBe("The libfoo++ package");
        info.Packager.ShouldBe("Some One <some@example.org>");
        info.Values("license").ShouldBe(["MIT", "BSD"]);
        info.Values("xdata").ShouldBe(["pkgtype=split"]);
        info.Depends.Select(dependency => dependency.ToString()).ShouldBe(["glibc>=2", "libx.so=1-64"]);
        info.OptDepends.ShouldHaveSingleItem().Description.ShouldBe("to run");
        info.MakeDepends.ShouldHaveSingleItem().Name.ToString().ShouldBe("gcc");
        info.CheckDepends.ShouldHaveSingleItem().Name.ToString().ShouldBe("check");
        info.Provides.ShouldHaveSingleItem().ToString().ShouldBe("foo=2");
        info.Conflicts.ShouldHaveSingleItem().ToString().ShouldBe("bar<1");
        info.Replaces.ShouldHaveSingleItem().ToString().ShouldBe("baz");
    }

    [Theory]
    [InlineData("pkgver = 1-1\n", FormatErrorCode.MissingKey, null)]
    [InlineData("pkgname = a\n", FormatErrorCode.MissingKey, null)]
    [InlineData("pkgname = ../a\npkgver = 1-1\n", FormatErrorCode.InvalidName, 1)]
    [InlineData("pkgname = a\npkgver = 1\n", FormatErrorCode.InvalidVersion, 2)]
    [InlineData("pkgname = a\npkgver = ../1-1\n", FormatErrorCode.InvalidVersion, 2)]
    [InlineData("pkgname = a\npkgver = 1-1\nsize = -1\n", FormatErrorCode.InvalidValue, 3)]
    [InlineData("pkgname = a\npkgver = 1-1\narch = a/b\n", FormatErrorCode.InvalidValue, 3)]
    [InlineData("pkgname = a\npkgver = 1-1\nbuilddate = 99999999999999\n", FormatErrorCode.InvalidValue, 3)]
    [InlineData("pkgname = a\npkgver = 1-1\n\ndepend = b c\n", FormatErrorCode.InvalidDependency, 4)]
    [InlineData("# c\npkgname = a\nrubbish\n", FormatErrorCode.Malformed, 3)]
    [InlineData("pkgname = a\0\npkgver = 1-1\n", FormatErrorCode.NotUtf8, null)]
    public void Parse_WhenTextIsFaulty_NamesTheFaultAndItsLine(string text, FormatErrorCode code, int? line)
    {
        var error = Parse(text).Error.ShouldNotBeNull();
        error.Code.ShouldBe(code);
        error.Line.ShouldBe(line);
    }

    private static FormatResult<PackageInfo> Parse(string text) => PackageInfo.Parse(Encoding.UTF8.GetBytes(text));
}
