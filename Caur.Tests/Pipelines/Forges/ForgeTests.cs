using Caur.Pipelines.Forges;
using Caur.Tests.Notifications;
using Caur.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace Caur.Tests.Pipelines.Forges;

public sealed class ForgeTests
{
    private static readonly CancellationToken Stop = TestContext.Current.CancellationToken;

    private static RequestText Text(string branch = "update-foo", string body = "body") => new(branch, "main", "chore(update): foo", body, ["ci", "update"], 42);

    [Theory]
    [InlineData(ForgeKind.GitLab)]
    [InlineData(ForgeKind.GitHub)]
    internal async Task Requests_WhenMadeChangedAndClosed_AreAsTheForgeKnowsThem(ForgeKind kind)
    {
        await using var server = await ForgeServer.StartAsync(kind);
        var forge = server.Client();
        (await forge.FindAsync("update-foo", Stop)).ShouldBeNull();
        var made = await forge.CreateAsync(Text(), Stop);
        var found = (await forge.FindAsync("update-foo", Stop)).ShouldNotBeNull();
        (found.Number, found.State, found.Branch, found.Title, found.Body).ShouldBe((made.Number, RequestState.Open, "update-foo", "chore(update): foo", "body"));
        await forge.UpdateAsync(found, Text(body: "other"), Stop);
        server.BodyOf(1).ShouldBe("other");
        await forge.CloseAsync(found, "because", Stop);
        (await forge.FindAsync("update-foo", Stop)).ShouldNotBeNull().State.ShouldBe(RequestState.Closed);
        server.Server.Requests.ShouldAllBe(request => !request.Target.Contains(ForgeServer.Token) && !request.Body.Contains(ForgeServer.Token));
        server.Server.Requests.ShouldContain(request => request.Body.Contains("because"));
        server.Server.Requests.ShouldContain(request => request.Body.Contains("ci"));
    }

    [Theory]
    [InlineData(ForgeKind.GitLab)]
    [InlineData(ForgeKind.GitHub)]
    internal async Task List_WhenThereAreManyPages_GivesAllOfOurOwn(ForgeKind kind)
    {
        await using var server = await ForgeServer.StartAsync(kind);
        for (var i = 0; i < 7; i++)
        {
            server.Add($"update-{i}", isFork: i == 3);
        }

        server.Add("update-x", "merged");
        (await server.Client().ListOpenAsync(Stop)).Select(request => request.Branch).Order().ShouldBe(["update-0", "update-1", "update-2", "update-4", "update-5", "update-6"]);
    }

    [Theory]
    [InlineData(ForgeKind.GitLab)]
    [InlineData(ForgeKind.GitHub)]
    internal async Task Find_WhenAForkHasSuchABranch_DoesNotTakeItsRequest(ForgeKind kind)
    {
        await using var server = await ForgeServer.StartAsync(kind);
        server.Add("update-foo", "merged", sha: "m");
        server.Add("update-foo", isFork: true);
        var found = (await server.Client().FindAsync("update-foo", Stop)).ShouldNotBeNull();
        (found.Number, found.State, found.Head).ShouldBe((1, RequestState.Merged, "m"));
    }

    [Theory]
    [InlineData(ForgeKind.GitLab)]
    [InlineData(ForgeKind.GitHub)]
    internal async Task Create_WhenThereIsOneAfterAll_HasItSayThis(ForgeKind kind)
    {
        await using var server = await ForgeServer.StartAsync(kind);
        server.Add("update-foo", body: "old");
        (await server.Client().CreateAsync(Text(), Stop)).Number.ShouldBe(1);
        server.BodyOf(1).ShouldBe("body");
        server.All.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(ForgeKind.GitLab)]
    [InlineData(ForgeKind.GitHub)]
    internal async Task Create_WhenTheAnswerIsLost_MakesNoSecond(ForgeKind kind)
    {
        await using var server = await ForgeServer.StartAsync(kind);
        var posts = 0;
        server.First = (request, context) =>
        {
            if (request.Method != "POST" || request.Target.Contains("/labels") || posts++ > 0)
            {
                return Task.FromResult(false);
            }

            server.Add("update-foo");
            context.Abort();
            return Task.FromResult(true);
        };
        (await server.Client().CreateAsync(Text(), Stop)).Number.ShouldBe(1);
        server.All.Count.ShouldBe(1);
        server.BodyOf(1).ShouldBe("body");
    }

    [Theory]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(429)]
    internal async Task Calls_WhenTheForgeIsBusy_AreTriedAgain(int status)
    {
        await using var server = await ForgeServer.StartAsync(ForgeKind.GitLab);
        var failures = 0;
        server.First = (_, context) => Answer(context, failures++ < 2 ? status : 0);
        (await server.Client().ListOpenAsync(Stop)).ShouldBeEmpty();
        server.Server.Requests.Count.ShouldBe(3);
    }

    [Fact]
    public async Task Calls_WhenTheForgeNamesAPause_KeepIt()
    {
        await using var server = await ForgeServer.StartAsync(ForgeKind.GitHub);
        var time = new ManualTimeProvider();
        var failures = 0;
        server.First = (_, context) =>
        {
            context.Response.Headers.RetryAfter = "60";
            return Answer(context, failures++ < 1 ? 403 : 0);
        };
        var listing = server.Client(new ForgeOptions { Timeout = TimeSpan.FromHours(1) }, time: time).ListOpenAsync(Stop);
        await time.ArmedAsync(TimeSpan.FromSeconds(60));
        time.Advance(TimeSpan.FromSeconds(59));
        listing.IsCompleted.ShouldBeFalse();
        server.Server.Requests.Count.ShouldBe(1);
        time.Advance(TimeSpan.FromSeconds(1));
        (await listing.DefaultTimeout()).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("Retry-After", "3600")]
    [InlineData("RateLimit-Reset", "1893459600")]
    public async Task Calls_WhenThePauseIsTooLong_GiveUpAndSaySo(string header, string value)
    {
        await using var server = await ForgeServer.StartAsync(ForgeKind.GitLab);
        server.First = (_, context) =>
        {
            context.Response.Headers["RateLimit-Remaining"] = "0";
            context.Response.Headers[header] = value;
            return Answer(context, 429);
        };
        var failure = await Should.ThrowAsync<ForgeException>(() => server.Client(time: new ManualTimeProvider()).ListOpenAsync(Stop));
        failure.Problem.ShouldBe(ForgeProblem.TooMany);
        failure.Message.ShouldContain("3600 s");
    }

    [Theory]
    [InlineData(401, ForgeProblem.Unauthorized, "token")]
    [InlineData(403, ForgeProblem.Forbidden, "write")]
    [InlineData(404, ForgeProblem.NotFound, "not there")]
    [InlineData(301, ForgeProblem.NotFound, "another address")]
    [InlineData(400, ForgeProblem.Refused, "400")]
    [InlineData(500, ForgeProblem.Unavailable, "500")]
    internal async Task Calls_WhenTheForgeRefuses_SayWhatToDoWithoutTheToken(int status, ForgeProblem problem, string word)
    {
        await using var server = await ForgeServer.StartAsync(ForgeKind.GitLab);
        await using var elsewhere = await RecordingServer.StartAsync();
        server.First = async (request, context) =>
        {
            context.Response.Headers.Location = $"{elsewhere.Address}/x";
            context.Response.StatusCode = status;
            await context.Response.WriteAsync($"you sent {request.Headers["PRIVATE-TOKEN"]}\u001b[0m\n{new string('x', 10_000)}", Stop);
            return true;
        };
        var failure = await Should.ThrowAsync<ForgeException>(() => server.Client().ListOpenAsync(Stop));
        failure.Problem.ShouldBe(problem);
        failure.Message.ShouldContain(word);
        failure.Message.ShouldContain("group/sub.group/pkgbuilds");
        failure.Message.ShouldNotContain(ForgeServer.Token);
        failure.Message.ShouldAllBe(c => !char.IsControl(c));
        failure.Message.Length.ShouldBeLessThan(600);
        elsewhere.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task List_WhenTheNextPageIsElsewhere_DoesNotGoThere()
    {
        await using var server = await ForgeServer.StartAsync(ForgeKind.GitLab);
        await using var elsewhere = await RecordingServer.StartAsync();
        server.First = async (_, context) =>
        {
            context.Response.Headers.Link = $"<{elsewhere.Address}/x>; rel=\"next\"";
            await context.Response.WriteAsync("[]", Stop);
            return true;
        };
        await Should.ThrowAsync<ForgeException>(() => server.Client().ListOpenAsync(Stop));
        elsewhere.Requests.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("<html>sign in</html>")]
    [InlineData("{}")]
    [InlineData("[{}]")]
    public async Task Calls_WhenTheAnswerIsNoneOfAForge_SaySo(string body)
    {
        await using var server = await ForgeServer.StartAsync(ForgeKind.GitHub);
        server.First = async (_, context) =>
        {
            await context.Response.WriteAsync(body, Stop);
            return true;
        };
        if (body == "[{}]")
        {
            // Of no project of ours.
            (await server.Client().ListOpenAsync(Stop)).ShouldBeEmpty();
            return;
        }

        (await Should.ThrowAsync<ForgeException>(() => server.Client().ListOpenAsync(Stop))).Problem.ShouldBe(ForgeProblem.Refused);
    }

    [Fact]
    public async Task Calls_WhenNobodyAnswers_SaySo()
    {
        var forge = Forge.Of(new ForgeProject(ForgeKind.GitLab, "http://127.0.0.1:1/api/v4", "a/b"), "t", ForgeHttp.NewClient(), TimeProvider.System, new ForgeOptions { FirstPause = TimeSpan.Zero });
        (await Should.ThrowAsync<ForgeException>(() => forge.ListOpenAsync(Stop))).Problem.ShouldBe(ForgeProblem.Unavailable);
    }

    [Theory]
    [InlineData("https://gitlab.com/chaotic-aur/pkgbuilds.git", ForgeKind.GitLab, "https://gitlab.com/api/v4", "chaotic-aur/pkgbuilds")]
    [InlineData("git@gitlab.example:a/b/c/d.git", ForgeKind.GitLab, "https://gitlab.example/api/v4", "a/b/c/d")]
    [InlineData("http://oauth2:x@gitlab.example:8080/a/b", ForgeKind.GitLab, "http://gitlab.example:8080/api/v4", "a/b")]
    [InlineData("https://github.com/me/x.y.git", ForgeKind.GitHub, "https://api.github.com", "me/x.y")]
    internal void ForgeProject_WhenAnAddressIsThatOfAForge_KnowsIt(string url, ForgeKind kind, string api, string path) =>
        ForgeProject.Of(url).ShouldBe(new ForgeProject(kind, api, path));

    [Theory]
    [InlineData("/srv/git/x.git")]
    [InlineData("file:///srv/git/x.git")]
    [InlineData("https://github.com/only")]
    public void ForgeProject_WhenAnAddressIsThatOfNone_IsNull(string url) => ForgeProject.Of(url).ShouldBeNull();

    [Fact]
    public void OfJob_WhenACiJobSaysWhere_TakesIt()
    {
        ForgeProject.OfJob(Variables(("GITLAB_CI", "true"), ("CI_API_V4_URL", "https://git.example/gitlab/api/v4"), ("CI_PROJECT_PATH", "a/b/c"), ("CI_PROJECT_ID", "5")))
            .ShouldBe(new ForgeProject(ForgeKind.GitLab, "https://git.example/gitlab/api/v4", "a/b/c"));
        ForgeProject.OfJob(Variables(("GITHUB_ACTIONS", "true"), ("GITHUB_API_URL", "https://ghe.example/api/v3"), ("GITHUB_REPOSITORY", "me/x")))
            .ShouldBe(new ForgeProject(ForgeKind.GitHub, "https://ghe.example/api/v3", "me/x"));
        ForgeProject.OfJob(_ => null).ShouldBeNull();

        static Func<string, string?> Variables(params (string Name, string Value)[] all) => name => all.FirstOrDefault(variable => variable.Name == name).Value;
    }

    private static Task<bool> Answer(HttpContext context, int status)
    {
        if (status == 0)
        {
            return Task.FromResult(false);
        }

        context.Response.StatusCode = status;
        return Task.FromResult(true);
    }
}
