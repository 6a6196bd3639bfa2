using System.Globalization;
using System.Text.RegularExpressions;
using Caur.Tests.Support;

namespace Caur.Tests.Deploy.Grafana;

/// <summary>Every query of the dashboards and the alerts, asked of a real Prometheus that reads a real farm.</summary>
public sealed partial class ScrapedFarmTests(ScrapedFarm farm) : IClassFixture<ScrapedFarm>
{
    /// <summary>What a farm does not show before it happened, or that is not the farm's: a histogram appears with its first value.</summary>
    private static readonly HashSet<string> Unseen =
    [
        "ALERTS{alertname=~\"Caur.+\",alertstate=\"firing\",job=~\"caur\"}",

        // Of a builder in the hub's process, which this one has not.
        "caur_builder_attempt_duration_seconds_bucket{job=~\"caur\"}",
        "caur_builder_attempts_running{job=~\"caur\"}",
        "caur_builder_log_bytes_total{job=~\"caur\"}",
        "caur_builder_upload_bytes_total{job=~\"caur\"}",
        "caur_builder_strays_removed_total{job=~\"caur\"}",
        "caur_http_request_duration_seconds_count{status=\"5xx\"}",
    ];

    /// <summary>Not the farm's doing: disk, memory and files of the machine and of the process that all tests share, and a builder that takes
    /// nothing by itself.</summary>
    private static readonly HashSet<string> OfThisMachine = ["CaurDiskFull", "CaurDiskFilling", "CaurSyncSlow", "CaurMemory", "CaurOpenFiles", "CaurQueueStuck"];

    private static readonly Dictionary<string, string> Variables =
        new() { ["job"] = "caur", ["instance"] = ".+", ["arch"] = ".+", ["target"] = ".+", ["__rate_interval"] = "1m" };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Queries_OfAllDashboards_FindWhatTheyAskFor()
    {
        var check = new QueryCheck(farm.Server, Unseen);
        var problems = new List<string>();
        foreach (var dashboard in Dashboard.Names.Select(Dashboard.Read))
        {
            foreach (var (where, expression) in dashboard.Queries())
            {
                var query = QueryText.Of(expression, Variables);
                var mustFind = !where.EndsWith("annotation", StringComparison.Ordinal);
                problems.AddRange((await check.ProblemsAsync(query, mustFind)).Select(problem => $"{where}: {problem}: {query.Text}"));
            }

            foreach (var (where, selector, label) in dashboard.Lists())
            {
                var values = await farm.Server.QueryAsync($"count by ({label}) ({QueryText.Of(selector, Variables).Text})");
                if (!values.Any(value => value.GetProperty("metric").TryGetProperty(label, out _)))
                {
                    problems.Add($"{where}: {selector} has no {label}");
                }
            }
        }

        problems.ShouldBeEmpty();
        await ShouldBeInTheReferenceAsync(check.Excused);
    }

    [Fact]
    public async Task Conditions_OfAllAlerts_AreOfMetricsThatThereAre()
    {
        var check = new QueryCheck(farm.Server, Unseen);
        var rules = await farm.Server.RulesAsync();
        rules.Count.ShouldBe(AlertFile.Names.Count);
        var problems = new List<string>();
        foreach (var rule in rules)
        {
            var query = new QueryText(rule.GetProperty("query").GetString()!.ReplaceLineEndings(" "));
            problems.AddRange((await check.ProblemsAsync(query, mustFind: false)).Select(problem => $"{rule.GetProperty("name")}: {problem}: {query.Text}"));
        }

        problems.ShouldBeEmpty();
        await ShouldBeInTheReferenceAsync(check.Excused);
    }

    [Fact]
    public async Task Alerts_OfAFarmThatIsWell_AreAllEvaluatedAndQuiet()
    {
        var rules = await farm.Server.RulesAsync();
        rules.Where(rule => rule.GetProperty("health").GetString() != "ok").Select(rule => rule.ToString()).ShouldBeEmpty();

        rules.Where(rule => rule.GetProperty("state").GetString() != "inactive" && !OfThisMachine.Contains(rule.GetProperty("name").GetString()!))
            .Select(rule => rule.ToString()).ShouldBeEmpty();
    }

    /// <summary>Processes of a cluster may tell of the same thing, and of a thing that moves two tell for a moment.</summary>
    [Theory]
    [InlineData("farm", "Waiting", 3)]
    [InlineData("farm", "Queue by state", 3)]
    [InlineData("queue", "Ready", 2)]
    [InlineData("queue", "For dependencies", 1)]
    [InlineData("publications", "Orders waiting", 0)]
    public async Task Panel_OfAState_CountsOnceWhatTwoInstancesTell(string dashboard, string title, double value)
    {
        var panel = Dashboard.Read(dashboard).Panels.First(panel => panel.GetProperty("title").GetString() == title);
        var expression = panel.GetProperty("targets").EnumerateArray().Last().GetProperty("expr").GetString()!;
        var found = await farm.Server.QueryAsync(QueryText.Of(expression, Variables).Text);
        found.Sum(one => double.Parse(one.GetProperty("value")[1].GetString()!, CultureInfo.InvariantCulture)).ShouldBe(value);
    }

    /// <summary>The check itself: what is wrong in these would be an empty panel.</summary>
    [Theory]
    [InlineData("sum(caur_queue_building{job=~\"$job\"})", "caur_queue_building{job=~\"caur\"} finds nothing")]
    [InlineData("sum(caur_queue_builds{job=~\"$job\",state=\"Sleeping\"})", "caur_queue_builds{job=~\"caur\",state=\"Sleeping\"} finds nothing")]
    [InlineData("sum(caur_queue_builds{job=~\"$job\",architecture=\"x86_64\"})", "finds nothing")]
    [InlineData("sum by (architecture) (caur_queue_builds)", "architecture is a label of none of its series")]
    [InlineData("sum(rate(caur_queue_builds[1m]))", "caur_queue_builds is a gauge and has no rate")]
    [InlineData("histogram_quantile(0.9, sum(rate(caur_queue_wait_seconds_bucket[1m])))", "a quantile wants buckets, with le kept")]
    [InlineData("histogram_quantile(0.9, sum by (le) (rate(caur_queue_wait_seconds_count[1m])))", "a quantile wants buckets, with le kept")]
    [InlineData("caur_queue_builds * on (job) caur_queue_wat_seconds_count", "caur_queue_wat_seconds_count finds nothing")]
    [InlineData("caur_queue_builds{state=\"Running\"} > 1000000", "it finds nothing")]
    public async Task Check_OfAQueryThatIsWrong_SaysWhatIs(string expression, string problem) =>
        (await new QueryCheck(farm.Server, Unseen).ProblemsAsync(QueryText.Of(expression, Variables), mustFind: true))
            .ShouldContain(said => said.Contains(problem, StringComparison.Ordinal), expression);

    /// <summary>What could not be asked for is a metric of the reference, which another test holds to a farm that shows them all.</summary>
    private static async Task ShouldBeInTheReferenceAsync(IEnumerable<string> selectors)
    {
        var reference = await File.ReadAllTextAsync(CheckedInText.PathOf("docs/metrics.md"), Token);
        foreach (var selector in selectors.Where(selector => !selector.StartsWith("ALERTS", StringComparison.Ordinal)))
        {
            var name = Parts().Replace(selector.Split('{')[0], "");
            reference.ShouldContain($"| `{name}` |", Case.Sensitive, selector);
        }
    }

    [GeneratedRegex("_(bucket|count|sum)$")]
    private static partial Regex Parts();
}
