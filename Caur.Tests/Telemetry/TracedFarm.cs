using Caur.Tests.Cli;
using Caur.Tests.Farm;

namespace Caur.Tests.Telemetry;

/// <summary>A real farm whose hub is restarted while a build waits, from <c>caur schedule</c> to the publication, with a collector beside it.
/// It runs once for all tests that look at it.</summary>
public sealed class TracedFarm : IAsyncLifetime
{
    /// <summary>The trace of whoever runs the verb.</summary>
    internal const string Trace = "0af7651916cd43dd8448eb211c80319c";

    internal const string Caller = "b7ad6b7169203331";

    private static readonly TimeSpan BuildTime = TimeSpan.FromMinutes(3);

    internal IReadOnlyList<SentSpan> Spans { get; private set; } = [];

    internal IReadOnlyCollection<string> SentMetrics { get; private set; } = [];

    internal MetricsText Metrics { get; private set; } = null!;

    /// <summary>When no hub was there.</summary>
    internal DateTimeOffset Down { get; private set; }

    public async ValueTask InitializeAsync()
    {
        await using var collector = await OtlpReceiver.StartAsync();
        using var farm = await FarmSetup.CreateAsync();
        await farm.Sources.AddAsync("traced", "pkgver=1.0");
        await farm.Sources.CommitAsync();
        var telemetry = new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.HttpUrl,
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        };
        string build;
        await using (var first = await farm.StartHubAsync([("CAUR_SLOTS", "0"), .. telemetry.Select(pair => (pair.Key, pair.Value))]))
        {
            (await CliRun.RunAsync(
                ["schedule", "--source-repo", "sources", "--target-repo", "farm", "traced"],
                new Dictionary<string, string>(telemetry)
                {
                    ["CAUR_URL"] = first.Http.BaseAddress!.ToString(),
                    ["CAUR_TOKEN"] = first.Http.DefaultRequestHeaders.Authorization!.Parameter!,
                    ["TRACEPARENT"] = $"00-{Trace}-{Caller}-01",
                    ["OTEL_SERVICE_NAME"] = "pipeline",
                })).Succeeded();
            build = (await first.GetAsync("/api/v1/queue")).GetProperty("items")[0].GetProperty("build").GetString()!;
            (await first.StopAsync()).ShouldBe(0, first.Output);
        }

        Down = TimeProvider.System.GetUtcNow();
        await using var second = await farm.StartHubAsync([("CAUR_SLOTS", "1"), .. telemetry.Select(pair => (pair.Key, pair.Value))]);
        (await second.SettledAsync(build, BuildTime)).GetProperty("state").GetString().ShouldBe("Published", second.Output);

        // What only some requests show.
        (await CliRun.RunAsync(
            ["repo", "remove", "traced"],
            new Dictionary<string, string>
            {
                ["CAUR_URL"] = second.Http.BaseAddress!.ToString(),
                ["CAUR_TOKEN"] = second.Http.DefaultRequestHeaders.Authorization!.Parameter!,
            })).Succeeded();
        await CliRun.RunAsync(
            ["run", "start", "--dry-run", "--follow"],
            new Dictionary<string, string>
            {
                ["CAUR_URL"] = second.Http.BaseAddress!.ToString(),
                ["CAUR_TOKEN"] = second.Http.DefaultRequestHeaders.Authorization!.Parameter!,
            });
        await Task.Delay(TimeSpan.FromSeconds(1.5), TimeProvider.System);
        Metrics = new MetricsText(await second.Http.GetStringAsync("/metrics"));
        (await second.StopAsync()).ShouldBe(0, second.Output);
        Spans = collector.Trace(Trace);
        SentMetrics = [.. collector.Metrics.Keys];
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
