using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Caur.Api.Auth;
using Caur.Api.Idempotency;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Silo.Cli;
using Caur.Tests.Cli;
using Microsoft.Extensions.DependencyInjection;

namespace Caur.Tests.Api;

/// <summary>Builds, packages and builders over HTTP.</summary>
public sealed class BuildApiTests : IAsyncLifetime
{
    private ApiHub _hub = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _hub = await ApiHub.StartAsync();

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    [Fact]
    public async Task Builds_WhenFiltered_AreThoseAlone()
    {
        var (b1, b2) = (await new ApiBuilder(_hub, "b1").JoinAsync(), await new ApiBuilder(_hub, "b2").JoinAsync());
        await _hub.EnqueueAsync("a");
        await b1.BuildAsync();
        await _hub.EnqueueAsync("b");
        await b2.BuildAsync(AttemptEnd.Failed, "make: *** [all] Error 1");
        var since = (await _hub.EnqueueAsync("c")).QueuedAt;
        await _hub.EnqueueAsync(ApiHub.Request("a") with { Package = new PackageKey(new TargetId("repo", "aarch64"), "a") });
        await _hub.PostAsync($"/api/v1/builds/{await _hub.EnqueueAsync("d")}/cancel");

        (await NamesAsync("")).ShouldBe(["x86_64/d", "aarch64/a", "x86_64/c", "x86_64/b", "x86_64/a"], ignoreOrder: true);
        (await NamesAsync("state=Failed")).ShouldBe(["x86_64/b"]);
        (await NamesAsync("state=published,waiting&package=a")).ShouldBe(["aarch64/a", "x86_64/a"]);
        (await NamesAsync("builder=b1")).ShouldBe(["x86_64/a"]);
        (await NamesAsync("builder=b2/0")).ShouldBe(["x86_64/b"]);
        (await NamesAsync("builder=b2/1")).ShouldBeEmpty();
        (await NamesAsync("target=repo/aarch64")).ShouldBe(["aarch64/a"]);
        (await NamesAsync("target=repo&state=Cancelled")).ShouldBe(["x86_64/d"]);
        (await NamesAsync($"since={since:O}".Replace("+", "%2B"))).ShouldBe(["x86_64/d", "aarch64/a", "x86_64/c"], ignoreOrder: true);
        (await NamesAsync($"since={since.ToUnixTimeMilliseconds()}&state=Waiting")).ShouldBe(["aarch64/a", "x86_64/c"], ignoreOrder: true);
        var failed = (await _hub.GetAsync("/api/v1/builds?state=Failed")).GetProperty("items")[0];
        (failed.GetProperty("reason").GetString(), failed.GetProperty("builder").GetString(), failed.GetProperty("source").GetString(), failed.GetProperty("final").GetBoolean())
            .ShouldBe(("make: *** [all] Error 1", "b2/0", "packages", true));
    }

    [Fact]
    public async Task Builds_WhenReadInPagesWhileNewOnesCome_HaveEachOnce()
    {
        var builder = await new ApiBuilder(_hub, "b1").JoinAsync();
        var builds = new List<string>();
        for (var i = 0; i < 6; i++)
        {
            builds.Add((await _hub.EnqueueAsync($"p{i}")).ToString());
            await builder.BuildAsync(i % 2 == 0 ? AttemptEnd.Built : AttemptEnd.Failed);
        }

        builds.AddRange((await _hub.EnqueueAsync([.. Enumerable.Range(0, 6).Select(i => ApiHub.Request($"q{i}"))])).Select(build => build.ToString()));
        var more = 0;

        var all = await _hub.ReadAllAsync("/api/v1/builds", 5, () => _hub.EnqueueAsync($"new{more++}"));
        var failed = await _hub.ReadAllAsync("/api/v1/builds?state=Failed", 1);

        all.Select(build => build.GetProperty("build").GetString()).ShouldBe(builds, ignoreOrder: true);
        all.Select(build => build.GetProperty("queued").GetDateTimeOffset()).ShouldBeInOrder(SortDirection.Descending);
        failed.Select(build => build.GetProperty("pkgbase").GetString()).ShouldBe(["p5", "p3", "p1"]);
    }

    [Theory]
    [InlineData("gtk+2.0@x")]
    [InlineData("c++utilities")]
    [InlineData("a_b.c-d")]
    public async Task Build_WhenItsNameIsOdd_IsShownOnEveryPath(string pkgbase)
    {
        var build = await _hub.EnqueueAsync(pkgbase);
        await (await new ApiBuilder(_hub, "b1").JoinAsync()).BuildAsync(AttemptEnd.TimedOut, "it took too long");

        foreach (var path in new[]
        {
            $"{build}",
            string.Join('/', build.ToString().Split('/').Select(Uri.EscapeDataString)),
            Uri.EscapeDataString(build.ToString()),
            Uri.EscapeDataString(build.ToString()).Replace("%2F", "%2f"),
        })
        {
            var shown = await _hub.GetAsync($"/api/v1/builds/{path}");
            (shown.GetProperty("build").GetString(), shown.GetProperty("state").GetString()).ShouldBe((build.ToString(), "TimedOut"), path);
            var attempt = shown.GetProperty("view").GetProperty("attempts")[0];
            (attempt.GetProperty("number").GetInt32(), attempt.GetProperty("end").GetString(), attempt.GetProperty("message").GetString())
                .ShouldBe((1, "TimedOut", "it took too long"));
        }

        (await _hub.GetAsync($"/api/v1/packages/{Uri.EscapeDataString(pkgbase)}/builds"))[0].GetProperty("build").GetString().ShouldBe(build.ToString());
        (await _hub.GetAsync($"/api/v1/packages/packages/{Uri.EscapeDataString(pkgbase)}")).GetProperty("pkgbase").GetString().ShouldBe(pkgbase);
        (await _hub.Http.GetStringAsync($"/api/logs/{Uri.EscapeDataString(pkgbase)}/{build.Timestamp}?follow=false", Token)).ShouldContain("Build timed out");
    }

    [Fact]
    public async Task Retry_WhenABuildFailed_QueuesTheSameCommitAgainOnce()
    {
        var commit = await _hub.CommitAsync(("gtk+", null));
        var scheduled = await _hub.PostAsync("/api/queue/schedule", new { source_repo = "packages", target_repo = "repo", packages = new[] { new { pkgbase = "gtk+", build_class = 3 } } });
        var first = scheduled.GetProperty("builds")[0].GetProperty("build").GetString()!;
        await (await new ApiBuilder(_hub, "b1").JoinAsync()).BuildAsync(AttemptEnd.Failed);
        await _hub.CommitAsync(("gtk+", null), ("other", null));
        var body = new { operation = Guid.NewGuid() };

        var reply = await _hub.PostAsync($"/api/v1/builds/{first}/retry", body);
        var again = await _hub.PostAsync($"/api/v1/builds/{Uri.EscapeDataString(first)}/retry", body);

        var second = reply.GetProperty("build").GetString()!;
        second.ShouldNotBe(first);
        (reply.GetProperty("of").GetString(), reply.GetProperty("commit").GetString()).ShouldBe((first, commit));
        again.GetProperty("build").GetString().ShouldBe(second);
        var queued = (await _hub.GetAsync("/api/v1/queue")).GetProperty("items").EnumerateArray().ShouldHaveSingleItem().GetProperty("request");
        (queued.GetProperty("commit").GetString(), queued.GetProperty("builder_class").GetString(), queued.GetProperty("priority").GetString())
            .ShouldBe((commit, "3", "Manual"));
        var replaced = await _hub.PostAsync($"/api/v1/builds/{second}/retry");
        replaced.GetProperty("replaced").GetString().ShouldBe(second);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("{}")]
    public async Task Retry_WhenRepeatedUnderItsKeyWithoutAnAnswerThatWasKept_QueuesNothingTwice(string? body)
    {
        // As after a crash between the queue's record and the answer: of an answer this large only the key is kept.
        await using var hub = await ApiHub.StartAsync(more: services => services.Configure<IdempotencyOptions>(options => options.AnswerBytes = 1));
        await hub.CommitAsync(("a", null));
        var scheduled = await hub.PostAsync("/api/queue/schedule", new { source_repo = "packages", target_repo = "repo", packages = new[] { new { pkgbase = "a" } } });
        var first = scheduled.GetProperty("builds")[0].GetProperty("build").GetString()!;
        await (await new ApiBuilder(hub, "b1").JoinAsync()).BuildAsync(AttemptEnd.Failed);

        var builds = new List<string?>();
        for (var i = 0; i < 2; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/v1/builds/{first}/retry")
            {
                Headers = { { "Idempotency-Key", "again" }, { "traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" } },
                Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"),
            };
            using var answer = await hub.Admin.SendAsync(request, Token);
            answer.Headers.Contains("Idempotency-Replayed").ShouldBeFalse();
            builds.Add((await answer.Content.ReadFromJsonAsync<JsonElement>(Token)).GetProperty("build").GetString());
        }

        builds[1].ShouldBe(builds[0]);
        builds[0].ShouldNotBe(first);

        // As what is scheduled, it belongs to its caller's trace.
        (await hub.Queue().GetAsync()).Items.ShouldHaveSingleItem().Request.Trace.ShouldNotBeNull().Parent.ShouldContain("0af7651916cd43dd8448eb211c80319c");
    }

    [Fact]
    public async Task Retry_WhenTheCommitIsGone_SaysSo()
    {
        await _hub.CommitAsync(("a", null));
        var build = await _hub.EnqueueAsync("a");

        (await ApiHub.RefusalAsync(await _hub.Admin.PostAsync($"/api/v1/builds/{build}/retry", null, Token))).Status.ShouldBe(HttpStatusCode.UnprocessableEntity);
        (await ApiHub.RefusalAsync(await _hub.Admin.PostAsync("/api/v1/builds/repo/x86_64/a/1/retry", null, Token))).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Cancel_WhenABuildWaitsRunsOrIsOver_SaysWhatBecameOfIt()
    {
        var builder = await new ApiBuilder(_hub, "b1").JoinAsync();
        await _hub.EnqueueAsync("runs");
        var running = await builder.StartAsync();
        var waiting = await _hub.EnqueueAsync("waits");

        (await _hub.PostAsync($"/api/v1/builds/{waiting}/cancel")).GetProperty("explanation").GetString().ShouldBe("cancelled before it started");
        (await _hub.PostAsync($"/api/v1/builds/{Uri.EscapeDataString(running.Build.ToString())}/cancel")).GetProperty("explanation").GetString().ShouldBe("b1/0 ends it");
        (await ApiHub.RefusalAsync(await _hub.Admin.PostAsync($"/api/v1/builds/{waiting}/cancel", null, Token))).Status.ShouldBe(HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task Packages_WhenBuiltAndQueued_AreListedAndShownWithTheirHistoryAndReasons()
    {
        var builder = await new ApiBuilder(_hub, "b1").JoinAsync();
        await _hub.EnqueueAsync("gtk+");
        await builder.BuildAsync();
        await _hub.EnqueueAsync("gtk+");
        await builder.BuildAsync(AttemptEnd.Failed, "no space left");
        await _hub.PostAsync($"/api/v1/builds/{await _hub.EnqueueAsync("gtk+")}/cancel");
        var queued = await _hub.EnqueueAsync("gtk+");
        await _hub.EnqueueAsync([.. Enumerable.Range(0, 5).Select(i => ApiHub.Request($"p{i}"))]);

        var listed = await _hub.ReadAllAsync("/api/v1/packages", 2);
        var named = (await _hub.GetAsync("/api/v1/packages?name=GTK")).GetProperty("items");
        var shown = await _hub.GetAsync("/api/v1/packages/packages/gtk%2B");

        listed.Select(package => package.GetProperty("pkgbase").GetString()).ShouldBe(["gtk+", "p0", "p1", "p2", "p3", "p4"]);
        (named.GetArrayLength(), named[0].GetProperty("source").GetString(), named[0].GetProperty("latest").GetProperty("build").GetString())
            .ShouldBe((1, "packages", queued.ToString()));
        shown.GetProperty("queued")[0].GetProperty("build").GetString().ShouldBe(queued.ToString());
        shown.GetProperty("decisions").EnumerateArray().Select(build => $"{build.GetProperty("state")}: {build.GetProperty("reason")}")
            .ShouldBe(["Cancelled: cancelled by the Admin", "Failed: no space left", "Published: in generation 1 of repo/x86_64"]);
        shown.GetProperty("history").EnumerateArray().Select(build => build.GetProperty("end").GetString()).ShouldBe(["Failed", "Built"]);
        var estimate = shown.GetProperty("estimates").EnumerateArray().Single(item => item.GetProperty("arch").GetString() == "x86_64");
        (estimate.GetProperty("known").GetBoolean(), estimate.GetProperty("seconds").GetDouble()).ShouldBe((true, 1));
    }

    /// <summary>Logs go when they are old; what was built and how long it took stays known.</summary>
    [Fact]
    public async Task Package_WhenAllItsLogsWereRemoved_IsStillShown()
    {
        var builder = await new ApiBuilder(_hub, "b1").JoinAsync();
        await _hub.EnqueueAsync("old");
        var build = await builder.BuildAsync(AttemptEnd.Failed, "no space left");
        await ApiHub.UntilAsync(async () => (await _hub.GetAsync("/api/v1/packages/packages/old")).GetProperty("history").GetArrayLength() == 1, "its history");
        Directory.Delete(Path.Combine(_hub.Folder, "data", "logs"), recursive: true);

        var shown = await _hub.GetAsync("/api/v1/packages/packages/old");
        shown.GetProperty("history")[0].GetProperty("build").GetString().ShouldBe(build.ToString());
        shown.GetProperty("decisions").GetArrayLength().ShouldBe(0);
        (await ApiHub.RefusalAsync(await _hub.Http.GetAsync("/api/v1/packages/packages/older", Token))).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Builders_WhenTheyRunDrainOrCannotBuild_AreListedAndDrainedByHand()
    {
        var busy = await new ApiBuilder(_hub, "busy", slots: 2).JoinAsync();
        var unfit = new ApiBuilder(_hub, "unfit");
        unfit.Profile = unfit.Profile with { Problem = "no image", Labels = ["avx512"], MemoryMiB = 16_000, DiskMiB = 100 };
        await unfit.JoinAsync();
        await _hub.EnqueueAsync("a");
        var attempt = await busy.StartAsync();

        var pages = await _hub.ReadAllAsync("/api/v1/builders", 1);

        pages.Select(builder => builder.GetProperty("builder").GetString()).ShouldBe(["busy/0", "unfit/0"]);
        var (one, other) = (pages[0], pages[1]);
        (one.GetProperty("state").GetString(), one.GetProperty("slots").GetInt32(), one.GetProperty("busy").GetInt32(), one.GetProperty("class").GetString())
            .ShouldBe(("Ready", 2, 1, "9"));
        one.GetProperty("running")[0].GetProperty("build").GetString().ShouldBe(attempt.Build.ToString());
        (other.GetProperty("state").GetString(), other.GetProperty("problem").GetString(), other.GetProperty("memory_mib").GetInt32()).ShouldBe(("Unfit", "no image", 16_000));

        (await _hub.PostAsync("/api/v1/builders/busy/0/drain")).GetProperty("state").GetString().ShouldBe("Draining");
        (await _hub.GetAsync("/api/v1/builders/busy/0")).GetProperty("draining").GetBoolean().ShouldBeTrue();
        (await _hub.PostAsync("/api/v1/builders/busy/0/resume")).GetProperty("state").GetString().ShouldBe("Ready");
    }

    [Fact]
    public async Task BuilderVerbs_ByNameOrInstance_DrainAndResumeWhatIsMeantAndItHolds()
    {
        await new ApiBuilder(_hub, "busy").JoinAsync();
        await new ApiBuilder(_hub, "other").JoinAsync();
        var (_, token) = await _hub.Services.GetRequiredService<TokenStore>().CreateAsync(TokenRole.Admin, "cli", null, CancellationToken.None);

        (await RunAsync("drain", "busy")).Succeeded().Output.ShouldContain("busy/0");
        (await RunAsync("list")).Succeeded().Output.ShouldMatch("(?m)^busy/0 +Draining ");
        (await RunAsync("list")).Output.ShouldMatch("(?m)^other/0 +Ready ");
        (await RunAsync("drain", "busy/0")).Succeeded();

        using var json = JsonDocument.Parse((await RunAsync("resume", "busy/0", "--json")).Succeeded().Output);
        var one = json.RootElement.EnumerateArray().ShouldHaveSingleItem();
        (one.GetProperty("builder").GetString(), one.GetProperty("state").GetString(), one.GetProperty("draining").GetBoolean()).ShouldBe(("busy/0", "Ready", false));
        (await RunAsync("resume", "busy")).Succeeded();
        (await RunAsync("drain", "busi")).Error.ShouldContain("no builder 'busi' is known; did you mean busy?");
        var refused = await CliRun.RunAsync(["builder", "drain", "busy", "--server", _hub.Url.ToString()]);
        refused.ExitCode.ShouldBe(ExitCodes.TokenRefused);

        Task<CliRun> RunAsync(params string[] arguments) => CliRun.RunAsync(["builder", .. arguments, "--server", _hub.Url.ToString(), "--token", token]);
    }

    private async Task<List<string>> NamesAsync(string query) =>
    [
        .. (await _hub.GetAsync($"/api/v1/builds?{query}")).GetProperty("items").EnumerateArray()
            .Select(item => item.GetProperty("build").GetString()!.Split('/'))
            .Select(parts => $"{parts[1]}/{parts[2]}"),
    ];
}
