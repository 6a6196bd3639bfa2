using System.Text;
using Caur.Pacman;
using Caur.Pipelines.Reading;

namespace Caur.Tests.Pipelines.Reading;

public sealed class PkgbuildFileTests
{
    [Theory]
    [InlineData("pkgver=1.2\npkgrel=3", "1.2", "3", 0)]
    [InlineData("pkgver='1.2' # comment\r\npkgrel=\"3\"\nepoch=2", "1.2", "3", 2)]
    [InlineData("_pkgver=1\npkgver=${_pkgver//-/.}\npkgrel=1", null, "1", 0)]
    [InlineData("pkgver=1\nif true; then\n  pkgver=2\nfi\npkgrel=1", null, "1", 0)]
    [InlineData("pkgver=1\npkgrel=1\npkgver() {\n  printf 2\n}", "1", "1", 0)]
    [InlineData("pkgver=1\npkgrel=1\npkgrel+=.1", "1", null, 0)]
    [InlineData("pkgver=$(touch /tmp/sprung)\npkgrel=`id`\nepoch=$((1+1))", null, null, null)]
    [InlineData("pkgver=1; pkgrel=1", null, null, 0)]
    [InlineData("x=${pkgver=5}\npkgver=1", "1", null, 0)]
    [InlineData("", null, null, 0)]
    public void Read_WhenTheTextIsPlain_SeesTheVersion(string text, string? pkgver, string? pkgrel, int? epoch)
    {
        var file = PkgbuildFile.Read(Encoding.UTF8.GetBytes(text));

        (file.PkgVer, file.PkgRel, file.Epoch).ShouldBe((pkgver, pkgrel, epoch));
    }

    [Theory]
    [InlineData("pkgver=1.2\npkgrel=3\nepoch=1", null)]
    [InlineData("pkgver=1.3\npkgrel=3\nepoch=1", "says pkgver 1.2, and its PKGBUILD 1.3")]
    [InlineData("pkgver=1.2\npkgrel=4\nepoch=1", "says pkgrel 3, and its PKGBUILD 4")]
    [InlineData("pkgver=1.2\npkgrel=3", "says epoch 1, and its PKGBUILD 0")]
    [InlineData("source ./version", null)]
    [InlineData("pkgver=$x\npkgrel=3", null)]
    public void Contradiction_WhenTheSrcinfoSaysOtherwise_NamesBoth(string text, string? says)
    {
        var srcinfo = Srcinfo.Parse("pkgbase = a\npkgver = 1.2\npkgrel = 3\nepoch = 1\narch = any\n\npkgname = a\n").GetRequired();

        var contradiction = PkgbuildFile.Read(Encoding.UTF8.GetBytes(text)).Contradiction(srcinfo);

        if (says is null)
        {
            contradiction.ShouldBeNull();
        }
        else
        {
            contradiction.ShouldNotBeNull().ShouldContain(says);
        }
    }
}
