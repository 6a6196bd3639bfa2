using System.Net;
using System.Net.Http.Headers;

namespace Caur.Tests.Telemetry;

/// <summary>What Prometheus reads of a farm, however much was built.</summary>
public sealed class MetricsTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Metrics_AfterManyDifferentlyNamedPackages_HaveTheSameSeriesAndAreSmall()
    {
        await using var hub = await MetricsHub.StartAsync();
        await hub.BuildAsync("few", 10);
        _ = await hub.MetricsAsync();
        var before = await hub.MetricsAsync();
        await hub.BuildAsync("many", 90);
        var after = await hub.MetricsAsync();

        after.Series.Except(before.Series).ShouldBeEmpty("series that came with the packages");
        after.Text.ShouldNotContain("many-");
        after.Text.ShouldNotContain("127.0.0.1");
        after.Text.Length.ShouldBeLessThan(64 * 1024);
        (await after.LintAsync()).ShouldBe("");

        after.Value("caur_queue_enqueued_total").ShouldBe(100);
        after.Value("caur_attempts_started_total").ShouldBe(98);
        after.Value("caur_builds_finished_total{state=\"Cancelled\"}").ShouldBe(2);
        after.Value("caur_builds_finished_total{state=\"Failed\"}").ShouldBeGreaterThanOrEqualTo(15);
        after.Value("caur_queue_builds{arch=\"x86_64\",state=\"Waiting\"}").ShouldBe(0);
        after.Value("caur_queue_oldest_wait_seconds{arch=\"x86_64\"}").ShouldBe(0);
        after.Value("caur_queue_wait_seconds_count").ShouldBe(98);
        after.Value("chaotic_manager_builder_total_count{repo=\"farm\",status=\"skipped\"}").ShouldBeGreaterThanOrEqualTo(15);
        after.Value("builds_total").ShouldBe(100);
        after.Value("caur_http_request_duration_seconds_count{method=\"GET\",route=\"/api/logs/{id}\",status=\"2xx\"}").ShouldBe(30);
        after.Value("caur_engine_activations").ShouldBeGreaterThan(90);
        after.Value("process_open_fds").ShouldBeGreaterThan(5);
        foreach (var folder in (string[])["data", "logs", "landing", "repos", "archive", "sources", "keys"])
        {
            after.Value($"caur_disk_free_bytes{{folder=\"{folder}\"}}").ShouldBeInRange(1, after.Value($"caur_disk_size_bytes{{folder=\"{folder}\"}}"));
        }

        after.Value("caur_signing_key_usable").ShouldBe(1);
        after.Text.ShouldContain("\ncaur_signing_key_expires_seconds +Inf\n");
        after.Types["chaotic_manager_builder_total_count"].ShouldBe("untyped");
        after.Types["caur_http_request_duration_seconds"].ShouldBe("summary");
    }

    /// <summary>A scanner asks for everything in every way, and another one for other names in the same ways.</summary>
    [Fact]
    public async Task Metrics_WhateverAScannerAsks_HaveTheSameSeriesAndLeaveNoneOut()
    {
        // Without limits: which requests are too many depends on how fast the machine is, and the answer 429 hides what a route would say.
        await using var hub = await MetricsHub.StartAsync(new Dictionary<string, string> { ["CAUR_RATE_READ"] = "0", ["CAUR_RATE_WRITE"] = "0", ["CAUR_RATE_ANONYMOUS"] = "0" });
        await hub.PauseWithAsync("first", "second");
        await hub.AskEverythingAsync("x", "BREW");
        _ = await hub.MetricsAsync();
        var first = await hub.MetricsAsync();
        var activations = first.Value("caur_engine_activations");
        await hub.PauseWithAsync("first", "second");
        await hub.AskEverythingAsync("another", "TEA");

        var metrics = await hub.MetricsAsync();
        metrics.Series.Except(first.Series).ShouldBeEmpty("series that came with other names");
        metrics.Text.ShouldNotContain("otel_metric_overflow");
        metrics.Text.Length.ShouldBeLessThan(128 * 1024);
        (await metrics.LintAsync()).ShouldBe("");
        metrics.Value("caur_engine_activations").ShouldBeLessThanOrEqualTo(activations + 5, "names that are none have no grains");

        var byRoute = metrics.Series.Where(series => series.StartsWith("caur_http_request_duration_seconds_count", StringComparison.Ordinal)).ToList();
        byRoute.Count.ShouldBeGreaterThan(140);
        byRoute.ShouldContain("caur_http_request_duration_seconds_count{method=\"_OTHER\",route=\"none\",status=\"4xx\"}");
        metrics.Types["caur_http_request_duration_seconds"].ShouldBe("summary");
    }

    [Fact]
    public async Task Metrics_OfAQueueThatWaits_SayHowManyForWhatAndHowLong()
    {
        await using var hub = await MetricsHub.StartAsync();
        await hub.PauseWithAsync("first", "second");
        var metrics = await hub.MetricsAsync();
        metrics.Value("caur_queue_builds{arch=\"x86_64\",state=\"Waiting\"}").ShouldBe(2);
        metrics.Value("caur_queue_waiting{arch=\"x86_64\",reason=\"Dependency\"}").ShouldBe(1);
        metrics.Value("caur_queue_waiting{arch=\"x86_64\",reason=\"Turn\"}").ShouldBe(1);
        metrics.Value("caur_queue_paused{arch=\"x86_64\"}").ShouldBe(1);
        metrics.Value("caur_queue_oldest_wait_seconds{arch=\"x86_64\"}").ShouldBeInRange(1, 60);
        metrics.Value("caur_queue_oldest_ready_seconds{arch=\"x86_64\"}").ShouldBe(metrics.Value("caur_queue_oldest_wait_seconds{arch=\"x86_64\"}"), 1);
        metrics.Value("queue_current").ShouldBe(2);
        metrics.Value("chaotic_manager_active_build_jobs{status=\"waiting\"}").ShouldBe(2);
    }

    [Fact]
    public async Task Metrics_WhenOpenMetricsIsWanted_AreInThatFormat()
    {
        await using var hub = await MetricsHub.StartAsync();
        using var wanted = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        wanted.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/openmetrics-text", 0.8));
        wanted.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/plain", 0.5));
        using var answer = await hub.Http.SendAsync(wanted, Token);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Content.Headers.ContentType!.ToString().ShouldBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
        var text = await answer.Content.ReadAsStringAsync(Token);
        text.ShouldEndWith("\n# EOF\n");
        text.ShouldContain("# TYPE caur_queue_enqueued counter\ncaur_queue_enqueued_total 0\n");
        text.ShouldNotContain("untyped");
        using var plain = await hub.Http.GetAsync("/metrics", Token);
        plain.Content.Headers.ContentType!.ToString().ShouldBe("text/plain; version=0.0.4; charset=utf-8");
        (await plain.Content.ReadAsStringAsync(Token)).ShouldNotContain("# EOF");
    }
}
