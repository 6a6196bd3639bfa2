using Caur.Pacman;
using Caur.Pipelines.Upstream;

namespace Caur.Tests.Pipelines.Upstream;

public sealed class TextTests
{
    private const string Commit = "0123456789abcdef0123456789abcdef01234567";
    private static readonly GitlabTag Tag = new("2.0", Commit, "tool", "https://gitlab.com/group/tool/-/archive");

    [Fact]
    public void SetTag_WhenPkgbuildIsUsual_SetsVersionCommitAndSource()
    {
        const string Before = """
            # Maintainer: A
            pkgname=tool
            pkgver=1.0
            pkgrel=3
            _commit='aaaa'
            pkgdesc="pkgver=9 is not it"
            source=("https://example.org/$pkgname.patch"
              "tool.tar.gz::https://gitlab.com/group/tool/-/archive/aaaa/tool-aaaa.tar.gz" # an archive
              'https://gitlab.com/group/tool/-/archive/second.tar.gz')
            sha256sums=('SKIP' 'SKIP' 'SKIP')

            """;
        PkgbuildText.SetTag(Before, Tag).ShouldBe(
            """
            # Maintainer: A
            pkgname=tool
            pkgver=2.0
            pkgrel=1
            _commit='0123456789abcdef0123456789abcdef01234567'
            pkgdesc="pkgver=9 is not it"
            source=("https://example.org/$pkgname.patch"
              "tool.tar.gz::https://gitlab.com/group/tool/-/archive/${_commit}/tool-${_commit}.tar.gz" # an archive
              'https://gitlab.com/group/tool/-/archive/second.tar.gz')
            sha256sums=('SKIP' 'SKIP' 'SKIP')

            """);
    }

    [Fact]
    public void SetTag_WhenThereWasNoCommit_AddsIt() =>
        PkgbuildText.SetTag("pkgver=1\npkgrel=1\nurl=x\nsource=(a)\n", Tag).ShouldBe($"pkgver=2.0\npkgrel=1\n_commit='{Commit}'\nurl=x\nsource=(a)\n");

    [Fact]
    public void SetTag_WhenNoLineSetsPkgver_IsRefused() => PkgbuildText.SetTag("eval pkgver=1\n", Tag).ShouldBeNull();

    [Fact]
    public void SetTagOfSrcinfo_SetsVersionAndTheFirstArchive() =>
        PkgbuildText.SetTagOfSrcinfo(
            "pkgbase = tool\n\tpkgver = 1.0\n\tpkgrel = 3\n\tsource = x.patch\n\tsource = n::https://gitlab.com/group/tool/-/archive/a/tool-a.tar.gz\n\npkgname = tool\n", Tag).ShouldBe(
            $"pkgbase = tool\n\tpkgver = 2.0\n\tpkgrel = 1\n\tsource = x.patch\n\tsource = n::https://gitlab.com/group/tool/-/archive/{Commit}/tool-{Commit}.tar.gz\n\npkgname = tool\n");

    [Fact]
    public void SetNewer_WhenSourcesNameTheVersion_ReplacesItThereAlone()
    {
        const string Before = "pkgver=1.2\npkgrel=4\n# since 1.2\nsource=(\"a-1.2.tar.gz\"\n  v1.2.zip x-1.2.3.zip)\nsource_x86_64+=('y-11.2' 'y-1.2')\nbuild() {\n  echo 1.2\n}\n";
        PkgbuildText.SetNewer(Before, "1.2", "1.3", null).ShouldBe(
            "pkgver=1.3\npkgrel=1\n# since 1.2\nsource=(\"a-1.3.tar.gz\"\n  v1.3.zip x-1.2.3.zip)\nsource_x86_64+=('y-11.2' 'y-1.3')\nbuild() {\n  echo 1.2\n}\n");
    }

    [Fact]
    public void SetNewer_WhenRevisionIsKnown_SetsACommitThatStandsThere()
    {
        PkgbuildText.SetNewer("_commit=a\npkgver=1\n_x=1", "1", "2", Commit).ShouldBe($"pkgver=2\n_commit='{Commit}'\n_x=1");
        PkgbuildText.SetNewer("pkgver=1\n_x=1", "1", "2", Commit).ShouldBe("pkgver=2\n_x=1");
        PkgbuildText.SetNewer("_commit=a\npkgver=1\n_x=1", "1", "2", "$(x)").ShouldBe("_commit=a\npkgver=2\n_x=1");
    }

    [Theory]
    [InlineData("1.0", true)]
    [InlineData("20260822.r5+g1a", true)]
    [InlineData("v1", true)]
    [InlineData("1.0-1", false)]
    [InlineData("1:1", false)]
    [InlineData("release/1", false)]
    [InlineData("$(reboot)", false)]
    [InlineData("1\nbuild", false)]
    [InlineData("1\n", false)]
    [InlineData("", false)]
    public void IsPkgver_WhenItIsNothingToAShell_IsTrue(string text, bool expected) => PkgbuildText.IsPkgver(text).ShouldBe(expected);

    [Theory]
    [InlineData("https://aur.archlinux.org/a.git")]
    [InlineData("http://[::1]:8080/a")]
    [InlineData("git://example.org/a")]
    public void Refuse_WhenAddressIsOfTheNetwork_IsNot(string url) => new GitUrlRules().Refuse(url).ShouldBeNull();

    [Theory]
    [InlineData("ext::sh -c id")]
    [InlineData("ext::sh")]
    [InlineData("ext::https://x")]
    [InlineData("file:///etc")]
    [InlineData("FILE:///etc")]
    [InlineData("/etc")]
    [InlineData("../other")]
    [InlineData("-oProxyCommand=x")]
    [InlineData("--upload-pack=x")]
    [InlineData("ssh://git@example.org/a")]
    [InlineData("git@example.org:a/b.git")]
    [InlineData("https://exa mple.org/a")]
    [InlineData("https://example.org/a\n--x")]
    [InlineData("https:///a")]
    [InlineData("ftp://example.org/a")]
    [InlineData("https://someone:token@example.org/a.git")]
    [InlineData("https://token@example.org/a.git")]
    [InlineData("")]
    public void Refuse_WhenAddressIsAnythingElse_SaysWhy(string url) => new GitUrlRules().Refuse(url).ShouldNotBeNullOrEmpty();

    [Theory]
    [InlineData(null, nameof(PkgbuildSourceKind.None), "")]
    [InlineData("aur", nameof(PkgbuildSourceKind.Aur), "")]
    [InlineData("custom", nameof(PkgbuildSourceKind.Custom), "")]
    [InlineData("gitlab:123", nameof(PkgbuildSourceKind.Gitlab), "123")]
    [InlineData("https://example.org/a.git", nameof(PkgbuildSourceKind.Git), "https://example.org/a.git")]
    public void Parse_WhenValueIsKnown_IsThatSource(string? value, string kind, string expected)
    {
        var source = PkgbuildSource.Parse(value, new GitUrlRules());
        source.Kind.ToString().ShouldBe(kind);
        source.Value.ShouldBe(expected);
    }

    [Theory]
    [InlineData("gitlab:../../users")]
    [InlineData("gitlab:")]
    [InlineData("AUR")]
    [InlineData("ext::sh")]
    public void Parse_WhenValueCannotBeMeant_SaysSo(string value) =>
        PkgbuildSource.Parse(value, new GitUrlRules()).Kind.ShouldBe(PkgbuildSourceKind.Invalid);

    [Theory]
    [InlineData("x::git+https://h/a.git", "https://h/a.git", "HEAD")]
    [InlineData("git+https://h/a.git#branch=dev", "https://h/a.git", "refs/heads/dev")]
    [InlineData("git+https://h/a.git?signed#branch=feature/x?signed", "https://h/a.git", "refs/heads/feature/x")]
    [InlineData("git+git+https://h/a.git", "https://h/a.git", "HEAD")]
    public void VcsSource_WhenItIsABranch_IsFollowed(string source, string url, string reference)
    {
        var found = VcsSource.Of(Info("source = first.patch", $"source = {source}", "source = git+https://h/second"));
        (found.Url, found.Reference).ShouldBe((url, reference));
    }

    [Theory]
    [InlineData("source = git+https://h/a#tag=v1", "its git source is pinned to tag=v1")]
    [InlineData("source = git+https://h/a#commit=abc", "its git source is pinned to commit=abc")]
    [InlineData("source = git+https://h/a#branch=", "its git source names no branch that git allows")]
    [InlineData("source = git+https://h/a#branch=a b", "its git source names no branch that git allows")]
    [InlineData("source = https://h/a.tar.gz", "it has no git source")]
    public void VcsSource_WhenThereIsNothingToFollow_SaysWhy(string line, string reason)
    {
        var found = VcsSource.Of(Info(line));
        found.Url.ShouldBeNull();
        found.Reason.ShouldBe(reason);
    }

    [Theory]
    [InlineData("a-git", "", null, true)]
    [InlineData("a", "CI_FORCE_VCS=true", null, true)]
    [InlineData("a", "CI_FORCE_VCS=false", null, false)]
    [InlineData("a", "", "abc", true)]
    [InlineData("a", "CI_GIT_COMMIT=abc", null, true)]
    [InlineData("git-a", "", null, false)]
    public void IsFollowed_ByNameSettingOrMemory(string name, string config, string? remembered, bool expected) =>
        VcsSource.IsFollowed(name, CiConfig.Parse(config), remembered).ShouldBe(expected);

    private static Srcinfo Info(params string[] lines) =>
        Srcinfo.Parse($"pkgbase = a\n\tpkgver = 1\n\tpkgrel = 1\n\t{string.Join("\n\t", lines)}\n\npkgname = a\n").GetRequired();
}
