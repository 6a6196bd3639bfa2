using System.Text.Json;
using Caur.Contracts.Builds;
using Caur.Contracts.Farm;
using Caur.Contracts.Ids;
using Caur.Grains.Notifications;

namespace Caur.Tests.Notifications;

/// <summary>Commit statuses at a GitLab and at GitHub.</summary>
public sealed class CommitStatusTests
{
    [Fact]
    public async Task GitLab_ThroughABuildsLife_IsToldOfEachState()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, options, _) => one.WithForge(options));
        farm.Server.Answer = RecordingServer.Status(201);
        var build = await farm.EnqueueAsync("guile1.8+x", "4711");
        await farm.PassAsync(2);
        var attempt = await farm.Builder.StartAsync();
        await farm.PassAsync(2);
        await farm.Builder.UploadingAsync(attempt);
        await farm.PassAsync(2);
        var gate = new TaskCompletionSource();
        farm.Farm.Publisher.Gate = gate.Task;
        await farm.Builder.CompleteAsync(attempt, AttemptEnd.Built);
        await farm.PassAsync(2);
        gate.SetResult();
        await farm.Farm.WaitForAsync(build, BuildState.Published);
        await farm.ToldAsync();

        farm.Statuses.ShouldBe(
        [
            "pending Waiting for builder...", "running Build in progress...", "running Uploading packages...", "running Publishing packages...",
            "success Package successfully deployed.",
        ]);
        farm.Server.Requests.ShouldAllBe(request => request.Method == "POST" && request.Target == $"/api/projects/group%2Fpackages/statuses/{NotifiedFarm.Sha}");
        var last = farm.Server.Requests[^1];
        last.Headers["PRIVATE-TOKEN"].ShouldBe(NotifiedFarm.Token);
        last.Text("context").ShouldBe("farm: guile1.8+x");
        last.Text("target_url").ShouldBe($"https://logs.example.org/logs.html?timestamp={build.Timestamp}&id=guile1.8%2Bx");
        last.Json.GetProperty("pipeline_id").GetInt64().ShouldBe(4711);
    }

    [Theory]
    [InlineData(AttemptEnd.Failed, "failed Build failed.")]
    [InlineData(AttemptEnd.TimedOut, "failed Build timed out.")]
    [InlineData(AttemptEnd.Stalled, "failed Build timed out: it said nothing for too long.")]
    [InlineData(AttemptEnd.OutOfMemory, "failed Build failed: it ran out of memory.")]
    [InlineData(AttemptEnd.AlreadyBuilt, "canceled Build skipped because package was already built.")]
    [InlineData(AttemptEnd.Skipped, "canceled Build skipped intentionally via build tools.")]
    public async Task GitLab_AtABuildsEnd_IsToldInTheOriginalsWords(AttemptEnd end, string status)
    {
        await using var farm = await NotifiedFarm.StartAsync((one, options, _) => one.WithForge(options));
        await farm.BuildAsync(end, "p");
        await farm.ToldAsync();

        farm.Statuses[^1].ShouldBe(status);
        farm.Server.Requests[^1].Json.TryGetProperty("pipeline_id", out _).ShouldBeFalse();
    }

    [Theory]
    [InlineData(BuildState.Waiting, "pending")]
    [InlineData(BuildState.Running, "pending")]
    [InlineData(BuildState.Publishing, "pending")]
    [InlineData(BuildState.Published, "success")]
    [InlineData(BuildState.AlreadyBuilt, "success")]
    [InlineData(BuildState.Skipped, "success")]
    [InlineData(BuildState.Failed, "failure")]
    [InlineData(BuildState.TimedOut, "failure")]
    [InlineData(BuildState.OutOfMemory, "failure")]
    [InlineData(BuildState.Cancelled, "error")]
    [InlineData(BuildState.Replaced, "error")]
    [InlineData(BuildState.SystemError, "error")]
    public void GitHub_OfAnyState_HasAWordThatGitHubKnows(BuildState state, string word)
    {
        CommitStatus.OfGitHub(state).State.ShouldBe(word);
        CommitStatus.OfGitHub(state).Description.Length.ShouldBeInRange(1, 140);
    }

    [Fact]
    public async Task GitHub_AtABuildsEnd_IsToldAtItsOwnAddressAndPace()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, options, _) => one.WithForge(options, NotifierKind.GitHub));
        farm.Server.Answer = RecordingServer.Status(201);
        await farm.BuildAsync(AttemptEnd.Failed, "a", "b", "c");
        await farm.PassAsync(1);
        farm.Server.Requests.Count.ShouldBeLessThanOrEqualTo(2, "one request a second");
        await farm.ToldAsync();

        farm.Statuses.ShouldBe(["failure Build failed.", "failure Build failed.", "failure Build failed."]);
        var last = farm.Server.Requests[^1];
        last.Target.ShouldBe($"/api/repos/group/packages/statuses/{NotifiedFarm.Sha}");
        last.Headers["Authorization"].ShouldBe($"Bearer {NotifiedFarm.Token}");
        last.Headers["User-Agent"].ShouldStartWith("caur");
        farm.Server.Requests.Select(request => request.Text("context")).ShouldBe(["farm: a", "farm: b", "farm: c"], ignoreOrder: true);
    }

    [Fact]
    public async Task GitLab_WhenItIsInThatStateAlready_IsNotToldAgain()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, options, _) => one.WithForge(options));
        farm.Server.Answer = RecordingServer.Status(400, """{"message":"Cannot transition status via :run from :running (Reason(s): Status cannot transition via \"run\")"}""");
        await farm.BuildAsync(AttemptEnd.Failed, "p");
        await farm.ToldAsync(10);

        farm.Server.Requests.Count.ShouldBeLessThanOrEqualTo(2);
        (await farm.Grain.GetAsync()).Channels.Single().Problem.ShouldBe("");
    }

    [Fact]
    public async Task GitLab_WhenItWasAwayForMostOfABuild_IsToldOnlyHowItEnded()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, options, _) => one.WithForge(options));
        farm.Server.Answer = RecordingServer.Status(502);
        await farm.EnqueueAsync("p");
        await farm.PassAsync(2);
        var attempt = await farm.Builder.StartAsync();
        await farm.PassAsync(2);
        await farm.Builder.CompleteAsync(attempt, AttemptEnd.Failed);
        await farm.PassAsync(1);
        farm.Server.Forget();
        farm.Server.Answer = RecordingServer.Status(201);
        await farm.ToldAsync();

        farm.Statuses.ShouldBe(["failed Build failed."]);
    }

    [Fact]
    public async Task GitLab_WhenABuildIsReplaced_ShowsTheNewOneOfThatCommit()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, options, _) => one.WithForge(options));
        await farm.EnqueueAsync("p");
        await farm.PassAsync(2);
        farm.Farm.Clock.Advance(TimeSpan.FromMilliseconds(5));
        await farm.EnqueueAsync("p");
        await farm.ToldAsync();

        farm.Statuses.ShouldBe(["pending Waiting for builder...", "pending Waiting for builder..."]);
        await farm.BuildAsync(AttemptEnd.Failed);
        await farm.ToldAsync();
        farm.Statuses[^1].ShouldBe("failed Build failed.");
    }

    [Fact]
    public async Task GitLab_WhenItDoesNotKnowOneCommit_IsToldOfTheOthers()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, options, _) => one.WithForge(options));
        farm.Server.Answer = (request, context) => RecordingServer.Status(request.Text("context").EndsWith("gone", StringComparison.Ordinal) ? 404 : 201)(request, context);
        await farm.BuildAsync(AttemptEnd.Failed, "gone", "here", "too");
        await farm.PassAsync(8);

        farm.Server.Requests.Select(request => request.Text("context")).Distinct().ShouldBe(["farm: gone", "farm: here", "farm: too"], ignoreOrder: true);
        (await farm.Grain.GetAsync()).Channels.Single().Waiting.ShouldBe(1);
        var before = farm.Server.Requests.Count;
        await farm.PassAsync(5);
        farm.Server.Requests.Count.ShouldBe(before, "what it does not know it is asked seldom");
        farm.Server.Answer = RecordingServer.Status(201);
        await farm.JumpAsync(TimeSpan.FromMinutes(16));
        await farm.ToldAsync();
    }

    [Fact]
    public async Task GitLab_WhenTheTokenIsRefused_IsTriedSeldomUntilItIsTaken()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, options, _) => one.WithForge(options));
        farm.Server.Answer = RecordingServer.Status(401, $$"""{"message":"401 Unauthorized: {{NotifiedFarm.Token}}"}""");
        await farm.BuildAsync(AttemptEnd.Failed, "p");
        await farm.PassAsync(30);

        farm.Server.Requests.Count.ShouldBe(1);
        var channel = (await farm.Grain.GetAsync()).Channels.Single();
        channel.Paused.ShouldBeTrue();
        channel.Problem.ShouldBe("it answers 401: {\"message\":\"401 Unauthorized: ***\"}");
        farm.Log.Lines.Count(line => line.Contains("status:packages refuses notifications: it answers 401", StringComparison.Ordinal)).ShouldBe(1);
        farm.Server.Answer = RecordingServer.Status(201);
        await farm.JumpAsync(TimeSpan.FromMinutes(20));
        await farm.ToldAsync();
        (await farm.Grain.GetAsync()).Channels.Single().Paused.ShouldBeFalse();
    }

    [Fact]
    public async Task GitLab_WhenItRedirects_IsNotFollowedWithTheToken()
    {
        await using var farm = await NotifiedFarm.StartAsync((one, options, _) => one.WithForge(options));
        farm.Server.Answer = RecordingServer.Status(301, "", ("Location", $"{farm.Server.Address}/elsewhere"));
        await farm.BuildAsync(AttemptEnd.Failed, "p");
        await farm.PassAsync(5);

        farm.Server.Requests.ShouldAllBe(request => !request.Target.Contains("elsewhere"));
        (await farm.Grain.GetAsync()).Channels.Single().Problem.ShouldContain("redirections are not followed");
    }

    [Fact]
    public void Context_OfACheckName_NamesPackageAndWhereItGoes()
    {
        var farm = new FarmOptions();
        farm.SourceRepositories["s"] = new SourceRepositoryOptions { Url = "https://github.com/a/b" };
        var channel = new StatusChannel("s", new NotifierOptions { Project = "a/b", Token = "t", CheckName = "%target% %arch%: %pkgbase% (%pkgbase%)" }, farm);
        var notice = new Notice { Build = BuildId.Parse("repo/aarch64/gtk+/5"), Source = "s", Commit = "c0", Pipeline = "12" }.With(BuildState.Running, default);

        var request = channel.Compose(new NotificationBacklog([new NoticeEntry(notice)], new Dictionary<string, int>(), 1, default))!.Request;

        request.Address.AbsoluteUri.ShouldBe("https://api.github.com/repos/a/b/statuses/c0");
        var body = JsonElement.Parse(request.Body.Span);
        body.GetProperty("context").GetString().ShouldBe("repo aarch64: gtk+ (gtk+)");
        body.TryGetProperty("target_url", out _).ShouldBeFalse();
        body.TryGetProperty("pipeline_id", out _).ShouldBeFalse("GitHub knows none");
    }

    [Theory]
    [InlineData("https://github.com/a/b.git", null, null, "https://api.github.com", "https://github.com/a/b/commit/c0")]
    [InlineData("git@github.com:a/b.git", null, null, "https://api.github.com", "https://github.com/a/b/commit/c0")]
    [InlineData("https://gitlab.com/a/b/c", null, null, "https://gitlab.com/api/v4", "https://gitlab.com/a/b/c/-/commit/c0")]
    [InlineData("https://me:secret@git.example.org:8443/a/b.git/", null, null, "https://git.example.org:8443/api/v4", "https://git.example.org:8443/a/b/-/commit/c0")]
    [InlineData("http://git.example.org:8080/a/b.git", null, null, "https://git.example.org/api/v4", "http://git.example.org:8080/a/b/-/commit/c0")]
    [InlineData("ssh://git@git.example.org:2222/a/b.git", NotifierKind.GitHub, null, "https://git.example.org/api/v3", "https://git.example.org/a/b/commit/c0")]
    [InlineData("https://git.example.org/a/b", null, "http://localhost:3000/x/", "http://localhost:3000/x", "https://git.example.org/a/b/-/commit/c0")]
    [InlineData("/srv/git/b.git", null, null, "https://gitlab.com/api/v4", null)]
    [InlineData("", null, null, "https://gitlab.com/api/v4", null)]
    public void Forge_OfASourceRepository_FollowsFromItsAddress(string git, NotifierKind? kind, string? url, string api, string? commit)
    {
        var notifier = new NotifierOptions { Kind = kind, Url = url };
        ForgeAddress.Api(git, notifier).ShouldBe(api);
        ForgeAddress.Commit(git, notifier, "c0")?.AbsoluteUri.ShouldBe(commit);
        (ForgeAddress.Commit(git, notifier, "c0") is null).ShouldBe(commit is null);
    }

    [Theory]
    [InlineData("https://codeberg.org/a/b", "https://codeberg.org/a/b/commit/c0")]
    [InlineData("https://gitlab.example.org/a/b", "https://gitlab.example.org/a/b/-/commit/c0")]
    public void CommitPage_WithoutANotifier_IsGuessedByTheHost(string git, string commit) =>
        ForgeAddress.Commit(git, null, "c0")!.AbsoluteUri.ShouldBe(commit);
}
