using System.Net;
using System.Net.Http.Json;

namespace Caur.Tests.Telemetry;

/// <summary>What a hub sends to a collector. .NET's own spans of requests are the process': with other hubs beside it, it would send theirs
/// too.</summary>
[Collection(nameof(OtlpTests))]
[CollectionDefinition(nameof(OtlpTests), DisableParallelization = true)]
public sealed class OtlpTests
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Export_ByTheDefaultProtocol_BringsSpansAndMetricsToTheCollector()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        await using var hub = await MetricsHub.StartAsync(new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.GrpcUrl,
            ["OTEL_EXPORTER_OTLP_HEADERS"] = "x-token=sesame",
            ["OTEL_SERVICE_NAME"] = "farm-of-a-test",
        });
        (await PostAsync(hub, $"00-{Trace}-00f067aa0ba902b7-01", "vendor=opaque")).ShouldBe(HttpStatusCode.BadRequest);
        (await PostAsync(hub, "00-11111111111111111111111111111111-00f067aa0ba902b7-00", null)).ShouldBe(HttpStatusCode.BadRequest);
        (await PostAsync(hub, "no trace at all", null)).ShouldBe(HttpStatusCode.BadRequest);
        (await hub.Http.GetAsync("/api/queue/stats", Token)).Dispose();
        await hub.DisposeAsync();

        var span = collector.Trace(Trace).ShouldHaveSingleItem();
        span.Parent.ShouldBe("00f067aa0ba902b7");
        span.State.ShouldBe("vendor=opaque");
        span.Name.ShouldBe("POST /api/queue/schedule");
        span.Service.ShouldBe("farm-of-a-test");
        span.Tags["http.response.status_code"].ShouldBe("400");
        var own = collector.Spans.Where(other => other.Service == "farm-of-a-test" && other.Trace != Trace).ToList();
        own.ShouldHaveSingleItem("the caller that traces nothing is not traced, and what only looks is not").Name.ShouldBe("POST /api/queue/schedule");
        own[0].Parent.ShouldBe("");
        collector.Metrics.Keys.ShouldContain("caur.queue.enqueued");
        collector.Metrics.Keys.ShouldContain("process.cpu");
        collector.Tokens.Keys.ShouldBe(["sesame"]);
    }

    [Theory]
    [InlineData("OTEL_SDK_DISABLED", "true")]
    [InlineData("OTEL_TRACES_SAMPLER", "always_off")]
    [InlineData("OTEL_TRACES_EXPORTER", "none")]
    public async Task Export_WhenSwitchedOff_SendsNoSpan(string variable, string value)
    {
        await using var collector = await OtlpReceiver.StartAsync();
        await using var hub = await MetricsHub.StartAsync(new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.HttpUrl,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            [variable] = value,
        });
        (await PostAsync(hub, $"00-{Trace}-00f067aa0ba902b7-01", null)).ShouldBe(HttpStatusCode.BadRequest);
        await hub.DisposeAsync();
        collector.Spans.ShouldBeEmpty();
        collector.Metrics.IsEmpty.ShouldBe(variable == "OTEL_SDK_DISABLED");
    }

    private static async Task<HttpStatusCode> PostAsync(MetricsHub hub, string parent, string? state)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/queue/schedule") { Content = JsonContent.Create(new { source_repo = "-", target_repo = "farm" }) };
        request.Headers.TryAddWithoutValidation("traceparent", parent);
        if (state is not null)
        {
            request.Headers.TryAddWithoutValidation("tracestate", state);
        }

        using var answer = await hub.Http.SendAsync(request, Token);
        return answer.StatusCode;
    }
}
