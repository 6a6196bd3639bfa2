using Caur.Pipelines.Polite;
using Caur.Pipelines.Upstream;
using Caur.Tests.Notifications;

namespace Caur.Tests.Pipelines.Upstream;

public sealed class GitlabTagsTests
{
    private const string Commit = "0123456789abcdef0123456789abcdef01234567";

    [Fact]
    public async Task NewestAsync_WhenProjectHasTags_TakesTheNewest()
    {
        var (answer, target) = await AskAsync("""[{"name":"2.1","commit":{"web_url":"https://gitlab.com/a/b/tool/-/commit/HASH"}}]""".Replace("HASH", Commit, StringComparison.Ordinal));
        answer.Value.ShouldBe(new GitlabTag("2.1", Commit, "tool", "https://gitlab.com/a/b/tool/-/archive"));
        target.ShouldBe("/api/v4/projects/42/repository/tags?order_by=version&per_page=1");
    }

    [Theory]
    [InlineData("[]", "project 42 of 127.0.0.1 has no tag")]
    [InlineData("[null]", "project 42 of 127.0.0.1 has no tag")]
    [InlineData("""[{"name":"1.0"}]""", "project 42 of 127.0.0.1 has no tag")]
    [InlineData("""[{"name":"$(id)","commit":{"web_url":"x"}}]""", "the newest tag of project 42, '$(id)', cannot be a pkgver")]
    [InlineData("""[{"name":"1.0-rc1","commit":{"web_url":"x"}}]""", "the newest tag of project 42, '1.0-rc1', cannot be a pkgver")]
    [InlineData("""[{"name":"1.0","commit":{"web_url":"https://h/a/-/commit/abc"}}]""", "the newest tag of project 42 has no commit whose address could be used")]
    [InlineData("""[{"name":"1.0","commit":{"web_url":"https://h/$(id)/-/commit/0123456789abcdef0123456789abcdef01234567"}}]""", "the newest tag of project 42 has no commit whose address could be used")]
    public async Task NewestAsync_WhenTagCannotBeUsed_SaysWhy(string body, string problem) => (await AskAsync(body)).Answer.Problem.ShouldBe(problem);

    [Fact]
    public async Task NewestAsync_WhenAnswerIsNoList_FailsTwice() =>
        (await AskAsync("<html>")).Answer.Problem!.ShouldContain("failed twice: the list of tags cannot be read");

    private static async Task<(Answer<GitlabTag> Answer, string Target)> AskAsync(string body)
    {
        await using var server = await RecordingServer.StartAsync();
        server.Answer = RecordingServer.Status(200, body);
        var options = new PoliteOptions { BackOff = TimeSpan.Zero };
        using var http = HostProxy.Client(null);
        using var pacer = new HostPacer(options, TimeProvider.System);
        var tags = new GitlabTags(new PoliteClient(http, pacer, options, TimeProvider.System), new Uri(server.Address + "/"));
        return (await tags.NewestAsync("42", TestContext.Current.CancellationToken), server.Requests[0].Target);
    }
}
