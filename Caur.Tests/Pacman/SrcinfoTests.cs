using System.Text;
using Caur.Pacman;

namespace Caur.Tests.Pacman;

/// <summary>What makepkg prints for real PKGBUILDs, read back.</summary>
public sealed class SrcinfoTests
{
    [Fact]
    public void Only_WithSomeKeys_KeepsThemWithTheirFormsForArchitecturesAndNothingElse()
    {
        var info = Srcinfo.Parse("""
            pkgbase = two
            pkgver = 3
            pkgrel = 1
            pkgdesc = words
            arch = x86_64
            depends = glibc
            depends_x86_64 = lib32-glibc
            dependsx = no form of it
            makedepends = git
            provides = one

            pkgname = two

            pkgname = other
            pkgdesc = more
            depends =
            provides_x86_64 = x=2
            """).Value.ShouldNotBeNull();

        var kept = info.Only(["arch", "depends", "provides"]);

        kept.Keys.Order(StringComparer.Ordinal).ShouldBe(["arch", "depends", "depends_x86_64", "provides"]);
        (kept.PkgBase, kept.Version).ShouldBe((info.PkgBase, info.Version));
        kept.MakeDepends("x86_64").ShouldBeEmpty();
        kept.Depends("x86_64").ShouldBe(info.Depends("x86_64"));
        kept.Packages.Select(package => package.Name).ShouldBe(info.Packages.Select(package => package.Name));
        foreach (var (one, all) in kept.Packages.Zip(info.Packages))
        {
            one.Description.ShouldBeEmpty();
            one.Architectures.ShouldBe(all.Architectures);
            one.Depends("x86_64").ShouldBe(all.Depends("x86_64"));
            one.Depends("aarch64").ShouldBe(all.Depends("aarch64"));
            one.Provides("x86_64").ShouldBe(all.Provides("x86_64"));
        }

        // What it was made of stays as it was.
        info.Packages[1].Description.ShouldBe("more");
        info.Packages[1].Depends("aarch64").ShouldBeEmpty("an empty key is a statement");
        kept.Packages[1].Depends("aarch64").ShouldBeEmpty();
        kept.Packages[1].Values("depends").ShouldBeEmpty();
    }

    [Fact]
    public async Task Parse_WhenPackageIsPlain_GivesItsValues()
    {
        var info = await PrintAsync("""
            pkgname=libfoo++.A_b
            pkgver=1.2.r3.gabc
            pkgrel=1.1
            epoch=2
            pkgdesc="It's a  thing = with 'signs' "
            arch=(x86_64 aarch64)
            url='https://example.org/?a=b='
            license=(MIT 'custom: x')
            depends=('glibc>=2.3' 'libx.so=1-64')
            depends_x86_64=(lib32-glibc)
            depends_aarch64=(linux-aarch64)
            makedepends=(cmake git)
            makedepends_x86_64=(nasm)
            checkdepends=(python-pytest)
            checkdepends_aarch64=(qemu)
            optdepends=('bash: to run = things' zsh)
            provides=("libfoo=$pkgver" libfoo.so)
            conflicts=('libfoo<3')
            replaces=(oldfoo)
            source=("a.tar.gz::https://example.org/x?y=z" 'git+https://example.org/b.git#branch=main')
            source_x86_64=(x86.bin)
            sha256sums=(SKIP SKIP)
            sha256sums_x86_64=(SKIP)
            """);

        info.PkgBase.ToString().ShouldBe("libfoo++.A_b");
        info.Version.ToString().ShouldBe("2:1.2.r3.gabc-1.1");
        info.Architectures.ShouldBe(["x86_64", "aarch64"]);
        Text(info.MakeDepends("x86_64")).ShouldBe(["cmake", "git", "nasm"]);
        Text(info.MakeDepends("aarch64")).ShouldBe(["cmake", "git"]);
        Text(info.CheckDepends("aarch64")).ShouldBe(["python-pytest", "qemu"]);
        info.Sources("x86_64").ShouldBe(
            ["a.tar.gz::https://example.org/x?y=z", "git+https://example.org/b.git#branch=main", "x86.bin"]);
        info.Values("sha256sums", "x86_64").ShouldBe(["SKIP", "SKIP", "SKIP"]);

        var package = info.Packages.ShouldHaveSingleItem();
        package.Name.ShouldBe(info.PkgBase);
        package.Description.ShouldBe("It's a thing = with 'signs'");
        package.Url.ShouldBe("https://example.org/?a=b=");
        package.Licenses.ShouldBe(["MIT", "custom: x"]);
        Text(package.Depends("x86_64")).ShouldBe(["glibc>=2.3", "libx.so=1-64", "lib32-glibc"]);
        Text(package.Depends("aarch64")).ShouldBe(["glibc>=2.3", "libx.so=1-64", "linux-aarch64"]);
        Text(package.OptDepends("x86_64")).ShouldBe(["bash: to run = things", "zsh"]);
        Text(package.Provides("x86_64")).ShouldBe(["libfoo=1.2.r3.gabc", "libfoo.so"]);
        Text(package.Conflicts("x86_64")).ShouldBe(["libfoo<3"]);
        Text(package.Replaces("x86_64")).ShouldBe(["oldfoo"]);
    }

    [Fact]
    public async Task Parse_WhenPackageIsSplit_AppliesOverridesPerPackageKeyAndArchitecture()
    {
        var info = await PrintAsync("""
            pkgbase=split
            pkgname=(split split-libs split-doc)
            pkgver=1
            pkgrel=2
            pkgdesc='the base'
            arch=(x86_64)
            license=(GPL)
            groups=(base-devel)
            depends=(glibc zlib)
            depends_x86_64=(lib32-glibc)
            optdepends=('perl: scripts')
            provides=(thing)
            package_split() { depends+=("split-libs=$pkgver"); :; }
            package_split-libs() { depends=(glibc); depends_x86_64=(); pkgdesc='the libraries'; provides=(libsplit.so=1-64); :; }
            package_split-doc() { arch=(any); depends=(); optdepends=(); groups=(); license=(FDL); provides_x86_64=(doc64); :; }
            """);

        info.PkgBase.ToString().ShouldBe("split");
        info.Packages.Select(package => package.Name.ToString()).ShouldBe(["split", "split-libs", "split-doc"]);
        Text(info.Depends("x86_64")).ShouldBe(["glibc", "zlib", "lib32-glibc"]);

        var libs = info.Find(PackageName.Parse("split-libs")).ShouldNotBeNull();
        Text(libs.Depends("x86_64")).ShouldBe(["glibc"]);
        libs.Description.ShouldBe("the libraries");
        Text(libs.Provides("x86_64")).ShouldBe(["libsplit.so=1-64"]);
        Text(libs.OptDepends("x86_64")).ShouldBe(["perl: scripts"]);
        libs.Groups.ShouldBe(["base-devel"]);

        var doc = info.Find(PackageName.Parse("split-doc")).ShouldNotBeNull();
        doc.Architectures.ShouldBe(["any"]);
        doc.SupportsArchitecture("aarch64").ShouldBeTrue();
        doc.Description.ShouldBe("the base");
        doc.OptDepends("x86_64").ShouldBeEmpty();
        doc.Groups.ShouldBeEmpty();
        doc.Licenses.ShouldBe(["FDL"]);
        info.Packages[0].SupportsArchitecture("aarch64").ShouldBeFalse();
        info.Find(PackageName.Parse("absent")).ShouldBeNull();
    }

    [Theory]
    [InlineData("", FormatErrorCode.MissingKey, null)]
    [InlineData("pkgver = 1\n", FormatErrorCode.MissingKey, 1)]
    [InlineData("# only words\n\npkgname = a\n", FormatErrorCode.MissingKey, 3)]
    [InlineData("pkgbase = a\n\tpkgver = 1\n\tpkgrel = 1\n", FormatErrorCode.MissingKey, null)]
    [InlineData("pkgbase = a\n\tpkgver = 1\n\npkgname = a\n", FormatErrorCode.MissingKey, 1)]
    [InlineData("pkgbase = a\n\tpkgver = 1\n\tpkgrel = 1\nrubbish\npkgname = a\n", FormatErrorCode.Malformed, 4)]
    [InlineData("pkgbase = a\n\tpkg ver = 1\n\tpkgrel = 1\npkgname = a\n", FormatErrorCode.Malformed, 2)]
    [InlineData("pkgbase = a\n\tpkgver = 1\n\tpkgrel = 1\npkgbase = b\npkgname = a\n", FormatErrorCode.Duplicate, 4)]
    [InlineData("pkgbase = a\n\tpkgver = 1\n\tpkgrel = 1\npkgname = a\npkgname = a\n", FormatErrorCode.Duplicate, 5)]
    [InlineData("pkgbase = ../a\n\tpkgver = 1\n\tpkgrel = 1\npkgname = a\n", FormatErrorCode.InvalidName, 1)]
    [InlineData("pkgbase = a\n\tpkgver = 1\n\tpkgrel = 1\npkgname = -a\n", FormatErrorCode.InvalidName, 4)]
    [InlineData("pkgbase = a\n\tpkgver = 1-2\n\tpkgrel = 1\npkgname = a\n", FormatErrorCode.InvalidVersion, 1)]
    [InlineData("pkgbase = a\n\tpkgver = 1\n\tpkgrel = 1\n\tepoch = x\npkgname = a\n", FormatErrorCode.InvalidVersion, 1)]
    [InlineData("pkgbase = a\n\tpkgver = 1\n\tpkgrel = 1\n\tdepends_x86_64 = b c\npkgname = a\n", FormatErrorCode.InvalidDependency, 4)]
    public void Parse_WhenTextIsFaulty_NamesTheFaultAndItsLine(string text, FormatErrorCode code, int? line)
    {
        var result = Srcinfo.Parse(text);
        result.IsValid.ShouldBeFalse();
        result.Value.ShouldBeNull();
        result.Error!.Code.ShouldBe(code);
        result.Error.Line.ShouldBe(line);
    }

    [Fact]
    public void Parse_WhenSeveralLinesAreFaulty_NamesEach()
    {
        var result = Srcinfo.Parse("pkgbase = a\nx\ny\n\tdepends = >1\n");
        result.Errors.Select(error => error.Line).ShouldBe([2, 3, 4]);
    }

    [Fact]
    public void Parse_WhenEveryLineIsFaulty_StopsCounting() =>
        Srcinfo.Parse(string.Concat(Enumerable.Repeat("x\n", 100_000))).Errors.Count.ShouldBe(100);

    [Fact]
    public void Parse_WhenBytesAreNotUtf8_SaysSo() =>
        Srcinfo.Parse((byte[])[0x70, 0xff, 0xfe]).Error!.Code.ShouldBe(FormatErrorCode.NotUtf8);

    [Fact]
    public void Parse_WhenTextIsHuge_RefusesUnread() =>
        Srcinfo.Parse(new byte[Srcinfo.MaxSize + 1]).Error!.Code.ShouldBe(FormatErrorCode.TooLarge);

    [Fact]
    public void Parse_WhenLinesEndAsOnWindowsAndKeysAreUnknown_ReadsOn()
    {
        var info = Srcinfo.Parse(Encoding.UTF8.GetBytes("pkgbase=a\r\n pkgver=1\r\n pkgrel=1\r\n fnord = é\r\n\r\npkgname=a\r\n")).GetRequired();
        info.Values("fnord").ShouldBe(["é"]);
        info.Version.ToString().ShouldBe("1-1");
    }

    [Fact]
    public void Parse_WhenAValueHasWhatOtherwiseEndsALine_KeepsIt() =>
        Srcinfo.Parse("pkgbase = a\n\tpkgdesc = one\ftwo\u0085three\u2028four\n\tpkgver = 1\n\tpkgrel = 1\npkgname = a\n").GetRequired()
            .Packages.Single().Description.ShouldBe("one\ftwo\u0085three\u2028four");

    [Fact]
    public void Parse_WhenAKeyIsHuge_QuotesOnlyAPartOfIt() =>
        Srcinfo.Parse($"pkgbase = a\ndepends_{new string('x', 100_000)} = >\n").Error.ShouldNotBeNull().Message.Length.ShouldBeLessThan(300);

    private static async Task<Srcinfo> PrintAsync(string pkgbuild)
    {
        using var folder = new TempFolder();
        var script = pkgbuild.Contains("package_", StringComparison.Ordinal) ? pkgbuild : pkgbuild + "\npackage() { :; }\n";
        await File.WriteAllTextAsync(folder["PKGBUILD"], script, TestContext.Current.CancellationToken);
        return Srcinfo.Parse(await Tool.MakepkgAsync(folder.Path, "--printsrcinfo")).GetRequired();
    }

    private static IEnumerable<string> Text(IEnumerable<Dependency> dependencies) => dependencies.Select(dependency => dependency.ToString());
}
