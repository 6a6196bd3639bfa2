using System.Text.RegularExpressions;
using Caur.Tests.Deploy.Grafana;
using Caur.Tests.Support;

namespace Caur.Tests.Deploy.Operations;

/// <summary>That docs/operations.md speaks of what there is.</summary>
public sealed partial class ManualTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Manual_NamesVerbsMetricsAndFilesThatThereAre()
    {
        var manual = await ReadAsync("docs/operations.md");
        var verbs = await ReadAsync("docs/command-line.md");
        Verb().Matches(manual).Select(match => match.Groups[1].Value)
            .Where(verb => !verbs.Contains($"`{verb}", StringComparison.Ordinal) && !verbs.Contains($"| `{verb.Split(' ')[0]} {verb.Split(' ')[1]}` |", StringComparison.Ordinal))
            .ShouldBeEmpty();

        var metrics = await ReadAsync("docs/metrics.md");
        Metric().Matches(manual).Select(match => match.Groups[1].Value).Distinct().Where(metric => !metrics.Contains($"| `{metric}` |", StringComparison.Ordinal)).ShouldBeEmpty();

        Linked().Matches(manual).Select(match => match.Groups[1].Value).Where(link => !File.Exists(CheckedInText.PathOf(Path.Combine("docs", link)))).ShouldBeEmpty();
        Dashboard.Names.Where(name => !manual.Contains($"`{name}.json`", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    /// <summary>Whoever is woken finds the same three answers for each alert.</summary>
    [Fact]
    public async Task Runbooks_EachSayWhatItMeansWhatToLookAtAndWhatToDo()
    {
        var manual = await ReadAsync("docs/operations.md");
        foreach (var name in AlertFile.Names)
        {
            var start = manual.IndexOf($"### {name}\n", StringComparison.Ordinal);
            start.ShouldBeGreaterThan(0, name);
            var end = manual.IndexOf("\n#", start + 1, StringComparison.Ordinal);
            var runbook = manual[start..(end < 0 ? manual.Length : end)];
            foreach (var word in (string[])["**Means:** ", "**Look:** ", "**Do:** "])
            {
                runbook.ShouldContain(word, Case.Sensitive, name);
            }
        }
    }

    private static Task<string> ReadAsync(string path) => File.ReadAllTextAsync(CheckedInText.PathOf(path), Token);

    [GeneratedRegex(@"^    (caur [a-z-]+(?: [a-z]+\b)?)", RegexOptions.Multiline)]
    private static partial Regex Verb();

    [GeneratedRegex(@"\b(caur_[a-z_]+?[a-z])(?:_count)?\b")]
    private static partial Regex Metric();

    [GeneratedRegex(@"\]\(([\w./-]+)(?:#[\w-]+)?\)")]
    private static partial Regex Linked();
}
