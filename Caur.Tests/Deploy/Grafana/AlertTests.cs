using System.Text.RegularExpressions;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Deploy.Grafana;

/// <summary>The alert rules: when they fire, and what they say to whom.</summary>
public sealed partial class AlertTests
{
    private static readonly string[] Suites = ["alerts.test.yml", "alerts.slow.test.yml"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Rules_FireAndAreQuietAsTheirTestsSay()
    {
        Requirement.Program("promtool");
        (await PromtoolAsync(AlertFile.Folder, "check", "rules", "alerts.yml")).ExitCode.ShouldBe(0);
        foreach (var suite in Suites)
        {
            var result = await PromtoolAsync(AlertFile.Folder, "test", "rules", suite);
            result.ExitCode.ShouldBe(0, result.ToString());
        }
    }

    /// <summary>The tests can fail: with another condition they do.</summary>
    [Fact]
    public async Task RuleTests_WhenAConditionIsAnother_Fail()
    {
        Requirement.Program("promtool");
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["alerts.yml"], AlertFile.Text.Replace("up{job=~\"caur.*\"} == 0", "up{job=~\"caur.*\"} == 2", StringComparison.Ordinal), Token);
        var tests = await File.ReadAllTextAsync(Path.Combine(AlertFile.Folder, "alerts.test.yml"), Token);
        await File.WriteAllTextAsync(folder["alerts.test.yml"], tests[..tests.IndexOf("  - name: CaurRestarts", StringComparison.Ordinal)], Token);
        var result = await PromtoolAsync(folder.Path, "test", "rules", "alerts.test.yml");
        result.ExitCode.ShouldNotBe(0);
        result.ToString().ShouldContain("CaurDown");
    }

    [Fact]
    public async Task Rules_EachHaveAFiringAndAQuietTest()
    {
        var tests = string.Concat(await Task.WhenAll(Suites.Select(suite => File.ReadAllTextAsync(Path.Combine(AlertFile.Folder, suite), Token))));
        AlertFile.Names.Where(name => !tests.Contains($"- name: {name} fires\n", StringComparison.Ordinal)
            || !tests.Contains($"- name: {name} is quiet\n", StringComparison.Ordinal)).ShouldBeEmpty();
        AlertFile.Names.ShouldBeUnique();
    }

    [Fact]
    public async Task Rules_EachHaveASeverityWordsAndARunbookThatIsThere()
    {
        var manual = await File.ReadAllTextAsync(CheckedInText.PathOf("docs/operations.md"), Token);
        var anchors = Heading().Matches(manual).Select(match => Anchor(match.Groups[1].Value)).ToHashSet();
        foreach (var (name, lines) in AlertFile.Alerts)
        {
            lines.ShouldMatch("severity: (critical|warning|info)\n", name);
            lines.ShouldMatch("\n          summary: .+\n          description: .+\\.\"?\n", name);
            var runbook = Runbook().Match(lines).Groups[1].Value;
            runbook.ShouldBe(name.ToLowerInvariant(), "each alert has its own");
            anchors.ShouldContain(runbook);
        }

        // And no runbook of an alert that is gone.
        Heading().Matches(manual).Select(match => match.Groups[1].Value).Where(heading => heading.StartsWith("Caur", StringComparison.Ordinal) && !heading.Contains(' '))
            .ShouldBe(AlertFile.Names, ignoreOrder: true);
    }

    /// <summary>As GitHub and GitLab make it.</summary>
    private static string Anchor(string heading) => NoAnchor().Replace(heading.ToLowerInvariant(), "").Replace(' ', '-');

    private static Task<ProcessResult> PromtoolAsync(string folder, params string[] arguments) => Processes.RunAsync("promtool", arguments, folder: folder);

    [GeneratedRegex(@"^#{2,4} (.+)$", RegexOptions.Multiline)]
    private static partial Regex Heading();

    [GeneratedRegex(@"[^\w\- ]")]
    private static partial Regex NoAnchor();

    [GeneratedRegex(@"runbook_url: docs/operations\.md#(\S+)")]
    private static partial Regex Runbook();
}
