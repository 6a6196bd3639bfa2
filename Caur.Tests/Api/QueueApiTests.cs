using System.Net;
using System.Text.Json;
using Caur.Contracts.Builds;
using Caur.Contracts.Ids;
using Caur.Contracts.Queue;
using Caur.Tests.Storage.Support;

namespace Caur.Tests.Api;

/// <summary>The queue over HTTP: the manual's routes in their shapes, and <c>/api/v1/queue</c>.</summary>
public sealed class QueueApiTests : IAsyncLifetime
{
    private ApiHub _hub = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _hub = await ApiHub.StartAsync();

    public ValueTask DisposeAsync() => _hub.DisposeAsync();

    [Fact]
    public async Task Stats_WhenSomethingRunsAndWaits_HaveTheFormOfTodaysFrontend()
    {
        var builder = await new ApiBuilder(_hub, "stormwing").JoinAsync();
        await new ApiBuilder(_hub, "idle") { Profile = new BuilderProfile { Builder = new BuilderId("idle", "0"), Class = "catbuilder", Architectures = ["x86_64"] } }.JoinAsync();
        var build = await _hub.EnqueueAsync("gtk+");
        await builder.StartAsync();
        await _hub.EnqueueAsync(ApiHub.Request("2bwm-git") with { BuilderClass = "6" }, ApiHub.Request("b") with { BuilderClass = "nobody" });

        var stats = await _hub.Http.GetStringAsync("/api/queue/stats", Token);

        var link = $"https://builds.example.org/logs.html?timestamp={build.Timestamp}&id=gtk%2B";
        Same(stats, $$$"""
            {"active":{"packages":[{"name":"repo/x86_64/gtk+","node":"stormwing","build_class":9,"liveLog":"{{{link}}}"}],"count":1},
            "waiting":{"packages":[{"name":"repo/x86_64/2bwm-git","build_class":6},{"name":"repo/x86_64/b","build_class":"nobody"}],"count":2},
            "idle":{"nodes":[{"name":"idle","build_class":"catbuilder"}],"count":1}}
            """);
    }

    [Fact]
    public async Task Packages_WhenSomethingWaits_NameItWithWhatIsAskedFor()
    {
        var build = await _hub.EnqueueAsync("gtk+");

        Same(await _hub.Http.GetStringAsync("/api/queue/packages", Token), $$$"""
            [{"gtk+":{"arch":"x86_64","build_class":1,"srcrepo":"packages","timestamp":{{{build.Timestamp}}}}}]
            """);
    }

    [Fact]
    public async Task Metrics_WhenBuildsEnded_CountThem()
    {
        var builder = await new ApiBuilder(_hub, "b1").JoinAsync();
        _hub.Publisher.Refuses.Add("refused");
        foreach (var (pkgbase, end) in new[] { ("a", AttemptEnd.Built), ("b", AttemptEnd.Failed), ("c", AttemptEnd.AlreadyBuilt), ("refused", AttemptEnd.Built) })
        {
            await _hub.EnqueueAsync(pkgbase);
            await builder.BuildAsync(end);
        }

        await _hub.PostAsync($"/api/v1/builds/{await _hub.EnqueueAsync("never")}/cancel");

        Same(await _hub.Http.GetStringAsync("/api/queue/metrics", Token), """
            {"builder_queue":{"completed":3,"failed":1},"database_queue":{"completed":1,"failed":1}}
            """);
    }

    [Fact]
    public async Task Schedule_WhenPackagesAreNamed_QueuesThemAndRepeatsItsAnswer()
    {
        var commit = await _hub.CommitAsync(("lib+x", null), ("app", "lib+x"));
        var body = new
        {
            source_repo = "packages",
            target_repo = "repo",
            commit = $"{commit}:4711",
            packages = new object[] { new { pkgbase = "app", build_class = 3 }, new { pkgbase = "lib+x" } },
            operation = Guid.NewGuid(),
        };

        var reply = await _hub.PostAsync("/api/queue/schedule", body);
        var again = await _hub.PostAsync("/api/queue/schedule", body);

        reply.GetProperty("commit").GetString().ShouldBe(commit);
        var app = reply.GetProperty("builds").EnumerateArray().Single(build => build.GetProperty("build").GetString()!.Contains("/app/", StringComparison.Ordinal));
        app.GetProperty("depends_on").EnumerateArray().Select(name => name.GetString()).ShouldBe(["lib+x"]);
        again.GetProperty("builds").GetRawText().ShouldBe(reply.GetProperty("builds").GetRawText());
        var item = (await _hub.GetAsync("/api/v1/queue?package=app")).GetProperty("items")[0];
        (item.GetProperty("wait").GetString(), item.GetProperty("request").GetProperty("builder_class").GetString()).ShouldBe(("Dependency", "3"));
        item.GetProperty("explanation").GetString().ShouldBe("waits for lib+x, which it depends on");
    }

    [Fact]
    public async Task Promote_WhenABuildWaits_PutsItFirstOnEitherRoute()
    {
        await _hub.EnqueueAsync(ApiHub.Request("a") with { EstimatedDuration = TimeSpan.FromHours(9) });
        var b = await _hub.EnqueueAsync("b");
        await _hub.EnqueueAsync("c");

        (await _hub.PostAsync("/api/queue/promote", new { pkgbase = "c", target_repo = "repo" })).GetProperty("done").GetBoolean().ShouldBeTrue();
        await _hub.PostAsync("/api/v1/queue/promote", new { build = b.ToString() });

        var stats = await _hub.GetAsync("/api/queue/stats");
        stats.GetProperty("waiting").GetProperty("packages").EnumerateArray().Select(item => item.GetProperty("name").GetString())
            .ShouldBe(["repo/x86_64/c", "repo/x86_64/b", "repo/x86_64/a"]);
    }

    [Fact]
    public async Task Queue_WhenBuildsWait_SaysWhyAndWhenEachStarts()
    {
        var builder = await new ApiBuilder(_hub, "b1").JoinAsync();
        await _hub.EnqueueAsync(Taking("runs", 600));
        await builder.StartAsync();
        await _hub.EnqueueAsync(Taking("next", 60), Taking("last", 30), Taking("strange", 10) with { BuilderClass = "nobody" });
        await _hub.EnqueueAsync(Taking("behind", 5) with { DependsOn = ["strange"] });

        var items = (await _hub.GetAsync("/api/v1/queue")).GetProperty("items").EnumerateArray().ToDictionary(item => item.GetProperty("build").GetString()!.Split('/')[2]);

        items["runs"].GetProperty("state").GetString().ShouldBe("Running");
        (items["runs"].GetProperty("start").ValueKind, items["runs"].GetProperty("position").ValueKind).ShouldBe((JsonValueKind.Null, JsonValueKind.Null));
        Start(items["next"]).Seconds!.Value.ShouldBeInRange(540, 600);
        (Start(items["last"]).Seconds - Start(items["next"]).Seconds).ShouldBe(60);
        (items["next"].GetProperty("position").GetInt32(), items["last"].GetProperty("position").GetInt32()).ShouldBe((1, 2));
        items["next"].GetProperty("wait").GetString().ShouldBe("Turn");
        items["strange"].GetProperty("explanation").GetString().ShouldBe("no builder here is of class nobody");
        Start(items["strange"]).ShouldBe((null, "no builder that is here takes it"));
        Start(items["behind"]).ShouldBe((null, "it waits for strange, which no builder that is here takes"));
        var shown = await _hub.GetAsync($"/api/v1/builds/{items["strange"].GetProperty("build").GetString()}");
        (shown.GetProperty("wait").GetString(), Start(shown).Reason).ShouldBe(("NoFittingBuilder", "no builder that is here takes it"));
    }

    [Fact]
    public async Task Queue_WhenFiltered_HasThoseAlone()
    {
        var builder = await new ApiBuilder(_hub, "b1").JoinAsync();
        await _hub.EnqueueAsync("a");
        await builder.StartAsync();
        await _hub.EnqueueAsync("b", "a");
        await _hub.EnqueueAsync(ApiHub.Request("b") with { Package = new PackageKey(new TargetId("repo", "aarch64"), "b") });

        (await NamesAsync("state=running")).ShouldBe(["x86_64/a"]);
        (await NamesAsync("state=Waiting,Assigned")).ShouldBe(["x86_64/b", "aarch64/b"]);
        (await NamesAsync("package=b&arch=aarch64")).ShouldBe(["aarch64/b"]);
        (await NamesAsync("wait=Dependency")).ShouldBe(["x86_64/b"]);
        (await NamesAsync("target=repo/x86_64")).ShouldBe(["x86_64/a", "x86_64/b"]);
        (await NamesAsync("target=other")).ShouldBeEmpty();
    }

    [Fact]
    public async Task Queue_WhenReadInPagesWhileItChanges_HasWhatStaysExactlyOnce()
    {
        await _hub.EnqueueAsync([.. Enumerable.Range(0, 30).Select(i => ApiHub.Request($"p{i:D2}"))]);
        var leaving = await _hub.EnqueueAsync([.. Enumerable.Range(0, 10).Select(i => ApiHub.Request($"q{i}"))]);
        var next = 0;

        var items = await _hub.ReadAllAsync("/api/v1/queue", 7, async () =>
        {
            if (next < leaving.Length)
            {
                await _hub.Queue().CancelAsync(leaving[next++], "not wanted");
            }

            await _hub.Queue().PromoteAsync((await _hub.Queue().FindPackageAsync($"p{29 - next}", null))!.Build);
            await _hub.EnqueueAsync($"new{next}");
        });

        items.Select(item => item.GetProperty("build").GetString()!.Split('/')[2]).Where(name => name.StartsWith('p')).Order()
            .ShouldBe(Enumerable.Range(0, 30).Select(i => $"p{i:D2}"));
    }

    [Fact]
    public async Task Pause_WhenTheHubStartsAgain_HoldsAndIsTheReasonOfAllThatWaits()
    {
        using var folder = new TemporaryFolder();
        await using (var hub = await ApiHub.StartAsync(folder.Path))
        {
            var builder = await new ApiBuilder(hub, "b1", slots: 4).JoinAsync();
            await hub.EnqueueAsync("runs");
            var running = await builder.StartAsync();
            await hub.EnqueueAsync("waits", "runs");
            var reply = await hub.PostAsync("/api/v1/queue/pause");
            reply.GetProperty("queues").EnumerateArray().Select(queue => queue.GetProperty("paused").GetBoolean()).ShouldBe([true, true]);
            (await hub.GetAsync($"/api/v1/builds/{running.Build}")).GetProperty("state").GetString().ShouldBe("Running", "what runs goes on");
        }

        await using var again = await ApiHub.StartAsync(folder.Path);
        await again.EnqueueAsync("new");
        var waiting = (await again.GetAsync("/api/v1/queue?state=Waiting")).GetProperty("items").EnumerateArray().ToList();
        waiting.Select(item => item.GetProperty("wait").GetString()).ShouldBe(["Paused", "Paused"]);
        waiting[0].GetProperty("explanation").GetString().ShouldBe("the queue is paused; besides: waits for runs, which it depends on");
        Start(waiting[0]).ShouldBe((null, "the queue is paused, and nobody knows for how long"));

        (await again.PostAsync("/api/v1/queue/resume", new { arch = "x86_64" })).GetProperty("queues")[0].GetProperty("paused").GetBoolean().ShouldBeFalse();
        (await NamesAsync("wait=Paused", again)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Reset_WhenBuildsWaitAndRun_CancelsWhatWaitsAlone()
    {
        var builder = await new ApiBuilder(_hub, "b1").JoinAsync();
        await _hub.EnqueueAsync("runs");
        var running = await builder.StartAsync();
        var waiting = await _hub.EnqueueAsync(ApiHub.Request("lib"), ApiHub.Request("app", "lib"), ApiHub.Request("top", "app"), ApiHub.Request("after", "runs"));

        var reply = await _hub.PostAsync("/api/v1/queue/reset", new { reason = "the commit\nis wrong" });

        (reply.GetProperty("cancelled").GetInt32(), reply.GetProperty("left").GetInt32()).ShouldBe((4, 1));
        (await NamesAsync("")).ShouldBe(["x86_64/runs"]);
        foreach (var build in waiting)
        {
            var shown = await _hub.GetAsync($"/api/v1/builds/{build}");
            (shown.GetProperty("state").GetString(), shown.GetProperty("reason").GetString())
                .ShouldBe(("Cancelled", "the queue was reset by the Admin: the commit?is wrong"));
        }

        await builder.EndAsync(running, AttemptEnd.Built);
        await ApiHub.UntilAsync(async () => (await _hub.Queue().GetAsync()).Items.IsEmpty, "the end of what ran");
        (await _hub.GetAsync($"/api/v1/builds/{running.Build}")).GetProperty("state").GetString().ShouldBe("Published");
        (await _hub.PostAsync("/api/v1/queue/reset")).GetProperty("cancelled").GetInt32().ShouldBe(0);
    }

    [Fact]
    public async Task Reset_WhenHundredsWait_CancelsAllAlsoForAnotherStart()
    {
        using var folder = new TemporaryFolder();
        await using (var hub = await ApiHub.StartAsync(folder.Path))
        {
            await hub.EnqueueAsync([.. Enumerable.Range(0, 400).Select(i => ApiHub.Request($"p{i:D4}", i < 10 ? [] : [$"p{i / 2:D4}"]))]);
            (await hub.PostAsync("/api/v1/queue/reset")).GetProperty("cancelled").GetInt32().ShouldBe(400);
        }

        await using var again = await ApiHub.StartAsync(folder.Path);
        (await again.Queue().GetAsync()).Items.ShouldBeEmpty();
    }

    [Fact]
    public async Task Lists_WhenTheClientHasThem_AreNotSentAgain()
    {
        await _hub.EnqueueAsync("a");
        foreach (var path in new[] { "/api/v1/queue?package=none", "/api/queue/stats", "/api/v1/builds?state=Failed", "/api/v1/farm", "/api/v1/builders", "/api/v1/packages", "/api/v1/repositories" })
        {
            using var first = await _hub.Http.GetAsync(path, Token);
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            request.Headers.IfNoneMatch.Add(first.Headers.ETag.ShouldNotBeNull(path));

            using var second = await _hub.Http.SendAsync(request, Token);

            (second.StatusCode, (await second.Content.ReadAsByteArrayAsync(Token)).Length).ShouldBe((HttpStatusCode.NotModified, 0), path);
        }

        using var stats = await _hub.Http.GetAsync("/api/queue/stats", Token);
        await _hub.EnqueueAsync("b");
        using var changed = new HttpRequestMessage(HttpMethod.Get, "/api/queue/stats");
        changed.Headers.IfNoneMatch.Add(stats.Headers.ETag!);
        (await _hub.Http.SendAsync(changed, Token)).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    private static BuildRequest Taking(string pkgbase, int seconds) => ApiHub.Request(pkgbase) with { EstimatedDuration = TimeSpan.FromSeconds(seconds) };

    private static (long? Seconds, string? Reason) Start(JsonElement item)
    {
        var start = item.GetProperty("start");
        var seconds = start.GetProperty("seconds");
        return (seconds.ValueKind == JsonValueKind.Null ? null : seconds.GetInt64(), start.GetProperty("reason").GetString());
    }

    private static void Same(string actual, string expected) =>
        JsonElement.DeepEquals(JsonSerializer.Deserialize<JsonElement>(actual), JsonSerializer.Deserialize<JsonElement>(expected)).ShouldBeTrue(actual);

    private async Task<List<string>> NamesAsync(string query, ApiHub? hub = null) =>
    [
        .. (await (hub ?? _hub).GetAsync($"/api/v1/queue?{query}")).GetProperty("items").EnumerateArray()
            .Select(item => item.GetProperty("build").GetString()!.Split('/'))
            .Select(parts => $"{parts[1]}/{parts[2]}"),
    ];
}
