using System.Text.RegularExpressions;

namespace Caur.Tests.Deploy.Grafana;

/// <summary>What Grafana wants of a dashboard, and people of a panel.</summary>
public sealed partial class DashboardTests
{
    public static TheoryData<string> Names => [.. Dashboard.Names];

    [Fact]
    public void Dashboards_AreTheFiveThatThereAre() => Dashboard.Names.ShouldBe(["builders", "engine", "farm", "publications", "queue"]);

    [Theory]
    [MemberData(nameof(Names))]
    public void Dashboard_IsImportableWithAnySourceAndLeadsToTheOthers(string name)
    {
        var dashboard = Dashboard.Read(name);
        dashboard.Json.GetProperty("uid").GetString().ShouldBe($"caur-{name}");
        dashboard.Json.TryGetProperty("id", out _).ShouldBeFalse("an id is of one Grafana alone");
        dashboard.Json.GetProperty("tags").EnumerateArray().Select(tag => tag.GetString()).ShouldBe(["caur"]);
        dashboard.Json.GetProperty("links")[0].GetProperty("tags")[0].GetString().ShouldBe("caur");
        dashboard.Variables.Select(variable => variable.GetProperty("name").GetString()).Take(2).ShouldBe(["datasource", "job"]);
        dashboard.Variables[0].GetProperty("current").GetProperty("value").GetString().ShouldBe("prometheus");
        var text = dashboard.Json.GetRawText();
        Sources().Matches(text).Select(match => match.Groups[1].Value).Distinct().ShouldBe(["${datasource}"]);
        Links().Matches(text).Select(match => match.Groups[1].Value).ShouldAllBe(to => Dashboard.Names.Contains(to));

        var known = dashboard.Variables.Select(variable => variable.GetProperty("name").GetString()!).Append("__rate_interval").ToList();
        dashboard.Queries().SelectMany(query => Used().Matches(query.Expression).Select(match => match.Groups[1].Value)).Distinct().ShouldBeSubsetOf(known);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Panels_HaveWordsUnitsAndAPlaceOfTheirOwn(string name)
    {
        var dashboard = Dashboard.Read(name);
        dashboard.All.Select(panel => panel.GetProperty("id").GetInt32()).ShouldBeUnique();
        var taken = new HashSet<(int X, int Y)>();
        foreach (var panel in dashboard.All)
        {
            var place = panel.GetProperty("gridPos");
            var (x, y, w, h) = (place.GetProperty("x").GetInt32(), place.GetProperty("y").GetInt32(), place.GetProperty("w").GetInt32(), place.GetProperty("h").GetInt32());
            (x + w).ShouldBeLessThanOrEqualTo(24);
            foreach (var cell in Enumerable.Range(x, w).SelectMany(column => Enumerable.Range(y, h).Select(row => (column, row))))
            {
                taken.Add(cell).ShouldBeTrue($"{panel.GetProperty("title").GetString()} lies upon another panel");
            }
        }

        foreach (var panel in dashboard.Panels)
        {
            var title = panel.GetProperty("title").GetString()!;
            title.ShouldNotBeEmpty();
            panel.GetProperty("description").GetString().ShouldEndWith(".", Case.Sensitive, title);
            panel.GetProperty("fieldConfig").GetProperty("defaults").GetProperty("unit").GetString().ShouldNotBeNullOrEmpty(title);
            var targets = panel.GetProperty("targets").EnumerateArray().ToList();
            targets.Select(target => target.GetProperty("refId").GetString()).ShouldBeUnique();
            targets.ShouldAllBe(target => target.GetProperty("legendFormat").GetString()!.Length > 0);
            foreach (var target in targets)
            {
                // A legend names what the query keeps, and only that.
                var query = new QueryText(target.GetProperty("expr").GetString()!);
                Legend().Matches(target.GetProperty("legendFormat").GetString()!).Select(match => match.Groups[1].Value).ShouldBeSubsetOf(query.Labels, title);
            }
        }
    }

    [GeneratedRegex(@"""datasource"": \{""type"": ""prometheus"", ""uid"": ""([^""]*)""\}")]
    private static partial Regex Sources();

    [GeneratedRegex(@"/d/caur-(\w+)")]
    private static partial Regex Links();

    [GeneratedRegex(@"\$\{?(\w+)")]
    private static partial Regex Used();

    [GeneratedRegex(@"\{\{(\w+)\}\}")]
    private static partial Regex Legend();
}
