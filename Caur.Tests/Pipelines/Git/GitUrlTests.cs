using Caur.Pipelines.Git;

namespace Caur.Tests.Pipelines.Git;

public sealed class GitUrlTests
{
    [Theory]
    [InlineData("https://aur.archlinux.org/foo.git")]
    [InlineData("http://127.0.0.1:8080/a/b")]
    [InlineData("ssh://aur@aur.archlinux.org/foo.git")]
    [InlineData("git://example.org/foo")]
    [InlineData("git@gitlab.com:group/sub/foo.git")]
    [InlineData("HTTPS://EXAMPLE.ORG/x")]
    public void Problem_WhenTheAddressIsOfAServer_IsNone(string url)
    {
        GitUrl.Problem(url, mayBeLocal: false).ShouldBeNull();
        GitUrl.Problem(url, mayBeLocal: true).ShouldBeNull();
    }

    [Theory]
    [InlineData("")]
    [InlineData("--upload-pack=touch /tmp/x")]
    [InlineData("-oProxyCommand=true")]
    [InlineData("ext::sh -c touch% /tmp/x")]
    [InlineData("fd::3")]
    [InlineData("ftp://example.org/x")]
    [InlineData("javascript://x")]
    [InlineData("https:///no/host")]
    [InlineData("ssh://-oProxyCommand=true/x")]
    [InlineData("https://example.org/a\nb")]
    [InlineData("https://example.org/\u001b[31m")]
    public void Problem_WhenGitWouldDoSomethingElseWithIt_SaysSo(string url)
    {
        GitUrl.Problem(url, mayBeLocal: false).ShouldNotBeNull();
        GitUrl.Problem(url, mayBeLocal: true).ShouldNotBeNull().ShouldNotContain('\u001b');
    }

    [Theory]
    [InlineData("file:///srv/git/x")]
    [InlineData("/srv/git/x")]
    [InlineData("../x")]
    [InlineData("-host:path")]
    [InlineData("host:-path")]
    public void Problem_WhenOthersWroteIt_IsNoFolderOfThisMachine(string url) =>
        GitUrl.Problem(url, mayBeLocal: false).ShouldNotBeNull();

    [Theory]
    [InlineData("file:///srv/git/x")]
    [InlineData("/srv/my git/x")]
    public void Problem_WhenTheOperatorWroteIt_MayBeAFolder(string url) => GitUrl.Problem(url, mayBeLocal: true).ShouldBeNull();
}
