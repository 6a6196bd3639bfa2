using System.Text.RegularExpressions;
using Caur.Tests.Support;

namespace Caur.Tests.Telemetry;

/// <summary>What a real farm shows of one build: its trace, its metrics, and that the reference of the metrics is right.</summary>
public sealed partial class TracedFarmTests(TracedFarm farm) : IClassFixture<TracedFarm>
{
    [Fact]
    public void Trace_FromScheduleToPublicationThroughARestart_IsOneWithEveryStepInItsPlace()
    {
        var tree = farm.Spans.OrderBy(span => span.Start).Select(span => $"{span.Name} < {Parent(span)}").Distinct().ToList();
        tree.Order(StringComparer.Ordinal).ShouldBe(
            ((string[])
            [
                "caur schedule < the caller",
                "POST < caur schedule",
                "POST /api/queue/schedule < POST",
                "plan < POST /api/queue/schedule",
                "enqueue < plan",
                "wait < enqueue",
                "attempt < enqueue",
                "image < attempt",
                "source < attempt",
                "start < attempt",
                "container < attempt",
                "upload < attempt",
                "report < attempt",
                "publish < enqueue",
                "build < enqueue",
            ]).Order(StringComparer.Ordinal));
        farm.Spans.ShouldAllBe(span => !span.IsError && span.End >= span.Start);

        // It waited while there was no hub at all.
        var wait = Single("wait");
        wait.Start.ShouldBeLessThan(farm.Down);
        wait.End.ShouldBeGreaterThan(farm.Down);
        Single("attempt").Start.ShouldBeGreaterThan(farm.Down);
        Single("build").Start.ShouldBe(wait.Start);
        // The publication tells the build before it ends itself.
        Single("build").End.ShouldBeGreaterThanOrEqualTo(Single("publish").Start);
        Single("build").Tags["caur.state"].ShouldBe("Published");
        Single("attempt").Tags["caur.outcome"].ShouldBe("Built");
        Single("container").Tags["process.exit.code"].ShouldBe("0");
        Single("upload").Tags["caur.archive"].ShouldBe("traced-1.0-1-any.pkg.tar.zst");
        Single("publish").Tags["caur.generation"].ShouldBe("1");
        farm.Spans.Select(span => span.Tags.GetValueOrDefault("caur.build")).OfType<string>().Distinct().ShouldHaveSingleItem().ShouldStartWith("farm/x86_64/traced/");
        Single("caur schedule").Service.ShouldBe("pipeline");
        Single("publish").Service.ShouldBe("caur");
    }

    [Fact]
    public async Task Metrics_OfARealFarm_AreCleanSmallAndSentToo()
    {
        (await farm.Metrics.LintAsync()).ShouldBe("");
        farm.Metrics.Text.Length.ShouldBeLessThan(64 * 1024);
        farm.Metrics.Value("caur_builds_finished_total{state=\"Published\"}").ShouldBe(1);
        farm.Metrics.Value("caur_attempts_ended_total{end=\"Built\"}").ShouldBe(1);
        farm.Metrics.Value("caur_publications_builds_total").ShouldBe(1);
        farm.Metrics.Value("caur_repositories_changes_total{kind=\"Remove\",state=\"Done\"}").ShouldBe(1);
        farm.Metrics.Value("caur_builders{arch=\"x86_64\",condition=\"Idle\"}").ShouldBe(1);
        farm.Metrics.Value("caur_builder_attempt_duration_seconds_count{outcome=\"built\"}").ShouldBe(1);
        farm.Metrics.Value("caur_logs_appended_bytes_total").ShouldBeGreaterThan(100);
        farm.Metrics.Value("caur_storage_sync_duration_seconds_count{kind=\"file\"}").ShouldBeGreaterThan(1);
        farm.Metrics.Value("database_success").ShouldBe(1);
        farm.SentMetrics.ShouldContain("caur.builds.finished");
        farm.SentMetrics.ShouldContain("caur.publications.duration");
        farm.SentMetrics.ShouldContain("process.cpu");
    }

    [Fact]
    public async Task Reference_OfTheMetrics_NamesEachWithTypeAndLabelsAndNoOther()
    {
        var text = await File.ReadAllTextAsync(CheckedInText.PathOf("docs/metrics.md"), TestContext.Current.CancellationToken);
        var told = Row().Matches(text).Select(row => $"{row.Groups[1].Value} {row.Groups[2].Value} [{row.Groups[3].Value.Replace("`", "", StringComparison.Ordinal)}]").ToList();
        var labels = farm.Metrics.Labels;
        var shown = farm.Metrics.Types.Select(metric => $"{metric.Key} {metric.Value} [{string.Join(", ", labels[metric.Key])}]").ToList();
        told.Order(StringComparer.Ordinal).ShouldBe(shown.Order(StringComparer.Ordinal), string.Join('\n', shown.Except(told)));
    }

    private SentSpan Single(string name) => farm.Spans.Where(span => span.Name == name).ShouldHaveSingleItem(name);

    private string Parent(SentSpan span) =>
        span.Parent == TracedFarm.Caller ? "the caller" : farm.Spans.FirstOrDefault(other => other.Id == span.Parent)?.Name ?? "nothing that is there";

    /// <summary>A row: name, type, labels; what the unit and the meaning are stands behind.</summary>
    [GeneratedRegex(@"^\| `([a-z0-9_]+)` \| (\w+) \| ([^|]*?) ?\|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
