using System.Text;
using Caur.Pipelines.Changes;

namespace Caur.Tests.Pipelines.Changes;

public sealed class ChangeJudgeTests
{
    private const string Sum = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string Other = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210";

    private const string Pkgbuild =
        $$"""
        # Maintainer: A <a@example.org>
        pkgname=foo
        pkgver=1.0
        _pkgver=1.0-rc1
        pkgrel=1
        url="https://example.org"
        source=("https://example.org/foo-$pkgver.tar.gz"
          'a.patch')
        sha256sums=('{{Sum}}'
                    'SKIP')
        build() {
          cd foo
          make
        }

        """;

    [Theory]
    [InlineData("pkgver=1.0\n", "pkgver=1.1\n")]
    [InlineData("pkgver=1.0\n", "pkgver='1.1+r5.gabcdef0'\n")]
    [InlineData("_pkgver=1.0-rc1", "_pkgver=\"1.1-rc2\"")]
    [InlineData("pkgrel=1", "pkgrel=2.1")]
    [InlineData(Sum, Other)]
    [InlineData($"('{Sum}'\n            'SKIP')", $"( \"{Other}\" SKIP\n)")]
    public void Judge_WhenVersionReleaseOrSumsChange_IsMinor(string from, string to) => Judge(from, to).Kind.ShouldBe(ChangeKind.Minor);

    [Theory]
    [InlineData("build() {\n  cd foo\n  make\n}", "build()\n{\n\tcd foo; make\n}\n")]
    [InlineData("source=(\"https", "source=(\n  \"https")]
    public void Judge_WhenOnlyTheLayoutChanges_IsNone(string from, string to) => Judge(from, to).Kind.ShouldBe(ChangeKind.None);

    [Theory]
    [InlineData("pkgver=1.0\n", "pkgver= reboot\n", "reboot")]
    [InlineData("pkgver=1.0\n", "pkgver=1.0; reboot\n", "reboot")]
    [InlineData("pkgver=1.0\n", "pkgver=$(reboot)\n", "reboot")]
    [InlineData("pkgver=1.0\n", "pkgver=1.1 reboot\n", "reboot")]
    [InlineData("pkgver=1.0\n", "pkgver=1.*\n", "pkgver")]
    [InlineData("pkgver=1.0\n", "pkgver=1.0\npkgver=2\n", "added")]
    [InlineData("pkgrel=1\n", "", "removed")]
    [InlineData("  make\n", "  make install\n", "install")]
    [InlineData("  make\n}\n", "  make\n}\ncurl evil", "curl")]
    [InlineData($"'{Sum}'", "SKIP", "SKIP")]
    [InlineData($"'{Sum}'", "$(reboot)", "reboot")]
    [InlineData($"'{Sum}'", "'0123'", "0123")]
    [InlineData("sha256sums=", "md5sums=", "md5sums")]
    [InlineData("'SKIP')", "'SKIP' 'SKIP')", "SKIP")]
    [InlineData("example.org/foo", "example.net/foo", "example.net")]
    [InlineData("# Maintainer: A", "# Maintainer: B", "Maintainer")]
    [InlineData("  cd foo\n", "  cd foo\\\n", "foo")]
    [InlineData("url=\"https://example.org\"", "url=\"https://example.org\"\nepoch=1", "epoch")]
    [InlineData("pkgver=1.0\n", "pkgver=1.1\r\n", "carriage")]
    [InlineData("pkgver=1.0\n", "pkgver=1.\u00001\n", "NUL")]
    [InlineData("make\n", "make '\n", "end")]
    public void Judge_WhenAnythingElseChanges_IsMajorAndSaysWhat(string from, string to, string word)
    {
        var change = Judge(from, to);
        change.Kind.ShouldBe(ChangeKind.Major);
        string.Join('\n', change.Reasons).ShouldContain(word);
    }

    [Fact]
    public void Judge_WhenALineIsAddedAtTheTop_NamesThatLineAlone()
    {
        var change = Judge("pkgname=foo\n", "pkgname=foo\narch=(any)\n");
        change.Reasons.ShouldAllBe(reason => reason.Line == 3);
    }

    [Theory]
    [InlineData("^url=", "url=\"https://example.org\"", "url=\"https://example.org/new\"", ChangeKind.Minor)]
    [InlineData("nope;^url=[\"[:alpha:]:/.]*$", "url=\"https://example.org\"", "url=\"https://example.net/new\"", ChangeKind.Minor)]
    [InlineData("^url=", "url=\"https://example.org\"", "url=\"https://$(reboot)\"", ChangeKind.Major)]
    [InlineData("^url=", "url=\"https://example.org\"", "url=x reboot", ChangeKind.Minor)]
    [InlineData("^url=", "url=\"https://example.org\"", "url=x; reboot", ChangeKind.Major)]
    [InlineData("example.org$", "url=\"https://example.org\"", "url=\"https://example.net\"", ChangeKind.Major)]
    [InlineData("^url=", "  make", "  make all", ChangeKind.Major)]
    internal void Judge_WhenAnExpressionAllowsLines_LetsThemChange(string regex, string from, string to, ChangeKind kind) =>
        Judge(from, to, regex).Kind.ShouldBe(kind);

    [Fact]
    public void Judge_WhenAnExpressionIsNone_SaysSo()
    {
        var change = Judge("  make", "  make all", "a(;b**");
        change.Kind.ShouldBe(ChangeKind.Major);
        change.Remarks.Count.ShouldBe(2);
    }

    [Fact]
    public void Judge_WhenAnotherFileChanges_IsMajor()
    {
        foreach (var (was, now) in (ReadOnlySpan<(FolderFile?, FolderFile?)>)
            [(FolderFile.Of("a"), FolderFile.Of("b")), (null, FolderFile.Of("b")), (FolderFile.Of("a"), null),
            (FolderFile.Of("a"), new FolderFile(FileKind.Executable, Encoding.UTF8.GetBytes("a"))), (FolderFile.Of("a"), new FolderFile(FileKind.Link, Encoding.UTF8.GetBytes("a")))])
        {
            foreach (var path in (string[])["a.patch", "sub/PKGBUILD", "sub/.SRCINFO"])
            {
                ChangeJudge.Judge(With(path, was), With(path, now), null).Kind.ShouldBe(ChangeKind.Major, path);
            }
        }

        static FolderTree With(string path, FolderFile? file) => new(
            [KeyValuePair.Create("PKGBUILD", FolderFile.Of(Pkgbuild)), .. file is null ? [] : (KeyValuePair<string, FolderFile>[])[KeyValuePair.Create(path, file)]]);
    }

    [Fact]
    public void Judge_WhenWhatIsOurOwnDiffers_IsNone() => ChangeJudge
        .Judge(FolderTree.Of(("PKGBUILD", Pkgbuild), (".CI/config", "a"), (".gitignore", "x")), FolderTree.Of(("PKGBUILD", Pkgbuild), (".CI/prepare", "evil")), null)
        .Kind.ShouldBe(ChangeKind.None);

    [Theory]
    [InlineData("pkgver = 1.0", "pkgver = 1.1", ChangeKind.Minor)]
    [InlineData("depends = a", "depends = b", ChangeKind.Minor)]
    [InlineData("pkgname = foo", "pkgname = glibc", ChangeKind.Major)]
    [InlineData("pkgname = foo", "pkgname = foo\n\npkgname = bar", ChangeKind.Major)]
    [InlineData("example.org/foo-1.0", "example.org/foo-1.1", ChangeKind.Minor)]
    [InlineData("example.org/foo-1.0", "evil.org/foo-1.0", ChangeKind.Major)]
    internal void Judge_WhenTheSrcinfoChanges_LooksAtNamesAndHosts(string from, string to, ChangeKind kind)
    {
        const string Srcinfo = "pkgbase = foo\n\tpkgver = 1.0\n\tpkgrel = 1\n\tdepends = a\n\tsource = foo.tar.gz::https://example.org/foo-1.0.tar.gz\n\npkgname = foo\n";
        var change = ChangeJudge.Judge(
            FolderTree.Of(("PKGBUILD", Pkgbuild), (".SRCINFO", Srcinfo)), FolderTree.Of(("PKGBUILD", Pkgbuild), (".SRCINFO", Srcinfo.Replace(from, to, StringComparison.Ordinal))), null);
        change.Kind.ShouldBe(kind, string.Join('\n', change.Reasons));
    }

    [Fact]
    public void Judge_WhenTheFolderIsNew_IsMajor() => ChangeJudge.Judge(FolderTree.Empty, FolderTree.Of(("PKGBUILD", Pkgbuild)), null).Kind.ShouldBe(ChangeKind.Major);

    [Fact]
    public void Judge_WhenTheTextsAreHuge_EndsSoon()
    {
        var (old, @new) = (string.Concat(Enumerable.Range(0, 20_000).Select(i => $"a{i}\n")), string.Concat(Enumerable.Range(0, 20_000).Select(i => $"b{i}\n")));
        ChangeJudge.Judge(FolderTree.Of(("PKGBUILD", old)), FolderTree.Of(("PKGBUILD", @new)), null).Kind.ShouldBe(ChangeKind.Major);
    }

    [Fact]
    public void Taken_WhenUpstreamHasFilesOfOurs_KeepsOurs()
    {
        var taken = ChangeJudge.Taken(
            FolderTree.Of(("PKGBUILD", "old"), ("gone", "x"), (".CI/config", "ours"), (".gitignore", "ours")), FolderTree.Of(("PKGBUILD", "new"), (".CI/prepare", "evil"), (".gitignore", "theirs")));
        taken.Files.Keys.ShouldBe([".CI/config", ".gitignore", "PKGBUILD"]);
        taken.Text(".gitignore").ShouldBe("ours");
    }

    [Theory]
    [InlineData("../x")]
    [InlineData("/x")]
    [InlineData("a//b")]
    [InlineData("a/.git/config")]
    [InlineData(".GIT/hooks/x")]
    [InlineData("")]
    [InlineData("a\0")]
    public void FolderTree_WhenAPathLeadsOut_IsRefused(string path) => Should.Throw<FormatException>(() => FolderTree.Of((path, "")));

    private static PackageChange Judge(string from, string to, string? regex = null)
    {
        Pkgbuild.ShouldContain(from);
        return ChangeJudge.Judge(FolderTree.Of(("PKGBUILD", Pkgbuild)), FolderTree.Of(("PKGBUILD", Pkgbuild.Replace(from, to, StringComparison.Ordinal))), regex);
    }
}
