using Caur.Pipelines.Git;

namespace Caur.Tests.Pipelines.Git;

public sealed class GitRemoteTests
{
    [Theory]
    [InlineData("https://me:s3cret@example.org/a/b.git", "https://example.org/a/b.git", "https://example.org", "me", "s3cret")]
    [InlineData("http://me:a%2Fb%40c@127.0.0.1:99/x", "http://127.0.0.1:99/x", "http://127.0.0.1:99", "me", "a/b@c")]
    [InlineData("https://glpat-token@example.org/x", "https://example.org/x", "https://example.org", "glpat-token", "")]
    [InlineData("https://a@b:c@example.org/x@y", "https://example.org/x@y", "https://example.org", "a@b", "c")]
    public void Parse_WhenTheUrlHoldsAPassword_TakesItOut(string url, string address, string server, string user, string password)
    {
        var remote = GitRemote.Parse(url);

        remote.Address.ShouldBe(address);
        remote.Credential.ShouldNotBeNull();
        (remote.Credential.Server, remote.Credential.User, remote.Credential.Password).ShouldBe((server, user, password));
        remote.ToString().ShouldNotContain("s3cret");
    }

    [Theory]
    [InlineData("https://example.org/a@b")]
    [InlineData("git@example.org:a/b")]
    [InlineData("ssh://git@example.org/a")]
    [InlineData("/srv/a@b")]
    [InlineData("origin")]
    public void Parse_WhenThereIsNone_LeavesItAsItIs(string url)
    {
        GitRemote.Parse(url).ShouldBe(new GitRemote(url, null));
    }

    [Fact]
    public void With_WhenTheServerIsNotAskedOverHttp_HasNoPassword()
    {
        GitRemote.With("git@example.org:a/b", "u", "p").Credential.ShouldBeNull();
        GitRemote.With("https://job:old@example.org/a", "u", "p").Address.ShouldBe("https://example.org/a");
    }

    [Theory]
    [InlineData("p\nq")]
    [InlineData("p\0")]
    public void With_WhenThePasswordHasALineEnd_Refuses(string password) =>
        Should.Throw<FormatException>(() => GitRemote.With("https://example.org/a", "u", password)).Message.ShouldNotContain(password);

    [Fact]
    public void Settings_WithACredential_ShowNothingOfIt()
    {
        var credential = GitRemote.Parse("https://me:s3cret@example.org/a").Credential;

        GitEnvironment.Settings(credential).ShouldAllBe(argument => !argument.Contains("s3cret"));
        GitEnvironment.Settings(credential).ShouldContain(argument => argument.StartsWith("credential.https://example.org.helper="));
        GitEnvironment.Of(credential).Values.ShouldContain("s3cret");
    }
}
