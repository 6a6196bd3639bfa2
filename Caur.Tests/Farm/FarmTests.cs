using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Caur.Tests.Farm;

/// <summary>The farm's whole main job, with everything real: git, containers, makepkg, gpg, pacman.</summary>
public sealed class FarmTests
{
    private static readonly TimeSpan BuildTime = TimeSpan.FromMinutes(3);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Schedule_WhenFolderHasOddNamesAndDependencies_PublishesInOrderAndPacmanInstallsIt()
    {
        using var farm = await FarmSetup.CreateAsync();
        await AddOddPackagesAsync(farm.Sources);
        var commit = await farm.Sources.CommitAsync();
        await using var hub = await farm.StartHubAsync();

        var reply = await hub.ScheduleAsync("sources", "farm", "all");

        reply.GetProperty("commit").GetString().ShouldBe(commit);
        var builds = new Dictionary<string, JsonElement>();
        foreach (var build in reply.GetProperty("builds").EnumerateArray())
        {
            var id = build.GetProperty("build").GetString()!;
            builds[id.Split('/')[2]] = await hub.SettledAsync(id, BuildTime);
        }

        builds.ToDictionary(pair => pair.Key, pair => State(pair.Value)).ShouldBe(new Dictionary<string, string>
        {
            ["lib+plus"] = "Published",
            ["Dot.Name"] = "Published",
            ["at@sign"] = "Published",
            ["epoch_tool-git"] = "Published",
            ["needs-new.version"] = "Published",
            ["broken"] = "Failed",
            ["needs-broken"] = "Waiting",
            ["needs-needs-broken"] = "Waiting",
        }, ignoreOrder: true, hub.Output);
        Reason(builds["needs-broken"]).ShouldBe("held: it depends on broken, whose last build did not succeed");
        Reason(builds["needs-needs-broken"]).ShouldBe("held: it depends on needs-broken, which is held because broken did not succeed");

        StartOf(builds["Dot.Name"]).ShouldBeGreaterThan(EndOf(builds["lib+plus"]));
        StartOf(builds["at@sign"]).ShouldBeGreaterThan(EndOf(builds["Dot.Name"]));
        StartOf(builds["epoch_tool-git"]).ShouldBeGreaterThan(EndOf(builds["at@sign"]));
        StartOf(builds["needs-new.version"]).ShouldBeGreaterThan(EndOf(builds["epoch_tool-git"]));

        var said = await farm.InstallAsync(
            hub,
            ["needs-new.version", "at@sign", "at@sign-Data", "Dot.Name"],
            "for program in lib+plus Dot.Name at@sign at@sign-Data epoch_tool-git needs-new.version; do $program; done; pacman -Q epoch_tool-git");
        said.ShouldContain("lib+plus runs");
        said.ShouldContain("Dot.Name runs");
        said.ShouldContain("at@sign-Data runs");
        said.ShouldContain("needs-new.version runs");
        said.ShouldContain("epoch_tool-git 2:7.5-1");
        await farm.NoContainersAsync();
    }

    [Fact]
    public async Task Gateway_WhenABuildWasPublished_ServesRepositoryLogsAndMetrics()
    {
        using var farm = await FarmSetup.CreateAsync();
        await farm.Sources.AddAsync("one", "pkgver=1.0");
        await farm.Sources.CommitAsync();
        await using var hub = await farm.StartHubAsync();
        var first = (await hub.ScheduleAsync("sources", "farm", "one")).GetProperty("builds")[0].GetProperty("build").GetString()!;

        // Joined before the build started, so this is the whole life of a log.
        var live = await hub.Http.GetStringAsync($"/api/logs/one/{first.Split('/')[3]}", Token);
        State(await hub.SettledAsync(first, BuildTime)).ShouldBe("Published");

        live.ShouldStartWith("Added to build queue at ");
        live.ShouldContain("Finished making: one 1.0-1");
        live.TrimEnd().ShouldEndWith("Package successfully deployed: in generation 1 of farm/x86_64.");
        (await hub.Http.GetStringAsync("/api/logs/one", Token)).ShouldBe(live);
        (await StatusAsync(hub, "/api/logs/nothing")).ShouldBe(HttpStatusCode.NotFound);
        (await StatusAsync(hub, "/api/logs/one/never")).ShouldBe(HttpStatusCode.BadRequest);
        (await StatusAsync(hub, "/api/logs/..%2Fone")).ShouldBe(HttpStatusCode.BadRequest);

        using var database = await hub.Http.GetAsync("/repos/farm/x86_64/farm.db", Token);
        database.RequestMessage!.RequestUri!.AbsolutePath.ShouldBe("/repos/farm/x86_64/.gen/1/farm.db");
        const string Package = "/repos/farm/x86_64/one-1.0-1-any.pkg.tar.zst";
        var whole = await hub.Http.GetByteArrayAsync(Package, Token);
        using var part = new HttpRequestMessage(HttpMethod.Get, Package);
        part.Headers.Range = new RangeHeaderValue(10, 19);
        using var partial = await hub.Http.SendAsync(part, Token);
        partial.StatusCode.ShouldBe(HttpStatusCode.PartialContent);
        (await partial.Content.ReadAsByteArrayAsync(Token)).ShouldBe(whole[10..20]);
        using var again = new HttpRequestMessage(HttpMethod.Get, Package);
        again.Headers.IfNoneMatch.Add(partial.Headers.ETag!);
        (await hub.Http.SendAsync(again, Token)).StatusCode.ShouldBe(HttpStatusCode.NotModified);
        (await StatusAsync(hub, "/repos/farm/x86_64/../../../admin.token")).ShouldBe(HttpStatusCode.NotFound);
        (await StatusAsync(hub, "/repos/..%2f..%2fadmin.token")).ShouldBe(HttpStatusCode.NotFound);

        var metrics = await hub.Http.GetStringAsync("/metrics", Token);
        metrics.ShouldContain("caur_builds_finished_total{state=\"Published\"} 1");
        metrics.ShouldContain("caur_publications_builds_total 1");
        (await StatusAsync(hub, "/health/live")).ShouldBe(HttpStatusCode.OK);

        using var stranger = new HttpClient { BaseAddress = hub.Http.BaseAddress };
        (await stranger.PostAsync("/api/queue/schedule", JsonContent("""{"source_repo":"sources","target_repo":"farm","all":true}"""), Token))
            .StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await hub.Http.PostAsync("/api/queue/schedule", JsonContent("""{"source_repo":"sources","target_repo":"farm","packages":[{"pkgbase":"onne"}]}"""), Token))
            .StatusCode.ShouldBe(HttpStatusCode.UnprocessableEntity);

        (await hub.Http.PostAsync("/api/queue/schedule", JsonContent("""{"source_repo":"sources","target_repo":"farm","packages":[null]}"""), Token))
            .StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await hub.Http.PostAsync("/api/queue/schedule", JsonContent("""{"source_repo":"sources","target_repo":"farm","all":true,"priority":99}"""), Token))
            .StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        (await StatusAsync(hub, "/api/v1/builds/farm/made-up/one/1")).ShouldBe(HttpStatusCode.NotFound);
        (await hub.Http.GetStringAsync("/metrics", Token)).ShouldNotContain("made-up");
        (await Should.ThrowAsync<InvalidOperationException>(() => farm.StartHubAsync())).Message.ShouldContain("another farm runs on");

        var second = (await hub.ScheduleAsync("sources", "farm", "one")).GetProperty("builds")[0].GetProperty("build").GetString()!;
        State(await hub.SettledAsync(second, BuildTime)).ShouldBe("AlreadyBuilt");
        var builds = (await hub.GetAsync("/api/v1/packages/one/builds")).EnumerateArray().ToList();
        builds[0].GetProperty("build").GetString().ShouldBe(second);
        var finished = builds[^1].GetProperty("finished");
        finished.GetProperty("state").GetString().ShouldBe("Published");
        TimeSpan.Parse(finished.GetProperty("duration").GetString()!, CultureInfo.InvariantCulture).ShouldBeGreaterThan(TimeSpan.Zero);
        (await hub.StopAsync()).ShouldBe(0);

        // A farm that lost its key makes no other: nobody would trust it.
        Directory.Delete(Path.Combine(farm.Data, "keys"), recursive: true);
        await using var keyless = await farm.StartHubAsync();
        (await StatusAsync(keyless, "/key.asc")).ShouldBe(HttpStatusCode.ServiceUnavailable);
        keyless.Output.ShouldContain("Nothing can be published");
    }

    private static async Task AddOddPackagesAsync(SourceFolder sources)
    {
        await sources.AddAsync("lib+plus", "pkgver=1.0\nepoch=3\nprovides=('plus-api=2.1')");
        await sources.AddAsync("Dot.Name", "pkgver=0.1\ndepends=('plus-api>=2')");
        await sources.AddAsync(
            "at@sign",
            "pkgname=(at@sign at@sign-Data)\npkgver=5\ncheckdepends=('Dot.Name')",
            $$"""
            check() { Dot.Name | grep runs; }
            {{SourceFolder.Program("at@sign", "package_at@sign")}}
            {{SourceFolder.Program("at@sign-Data", "package_at@sign-Data")}}
            """);
        await sources.AddAsync(
            "epoch_tool-git",
            "pkgver=1\nepoch=2\nmakedepends=('at@sign-Data')",
            $$"""
            pkgver() { echo 7.5; }
            build() { at@sign-Data; }
            {{SourceFolder.Program("epoch_tool-git")}}
            """);
        await sources.AddAsync("needs-new.version", "pkgver=1\ndepends=('epoch_tool-git>=2:7')");
        await sources.AddAsync("broken", "pkgver=1", "build() { false; }\n" + SourceFolder.Program("broken"));
        await sources.AddAsync("needs-broken", "pkgver=1\nmakedepends=('broken')");
        await sources.AddAsync("needs-needs-broken", "pkgver=1\ndepends=('needs-broken')");
    }

    private static StringContent JsonContent(string json) => new(json, System.Text.Encoding.UTF8, "application/json");

    private static async Task<HttpStatusCode> StatusAsync(HubProcess hub, string path)
    {
        using var answer = await hub.Http.GetAsync(path, Token);
        return answer.StatusCode;
    }

    private static string State(JsonElement build) => build.GetProperty("state").GetString()!;

    private static string Reason(JsonElement build) => build.GetProperty("reason").GetString()!;

    private static DateTimeOffset StartOf(JsonElement build) =>
        build.GetProperty("view").GetProperty("attempts")[0].GetProperty("accepted").GetDateTimeOffset();

    private static DateTimeOffset EndOf(JsonElement build) => build.GetProperty("view").GetProperty("finished").GetDateTimeOffset();
}
