using Caur.Pipelines.Changes;
using Caur.Pipelines.Reviews;

namespace Caur.Tests.Pipelines.Reviews;

public sealed class ReviewTextTests
{
    private static readonly PackageChange Major = new(ChangeKind.Major, [new ChangeReason("PKGBUILD", 3, "'a' became '```\n</details>@everyone'")], []);

    [Fact]
    public void Compose_WhenThereIsNothingOdd_ReadsAsMeant()
    {
        var text = ReviewText.Compose("foo", "CI_HUMAN_REVIEW is true", Major, [new RiskFinding(RiskLevel.Alarm, "A host", "evil.example", "PKGBUILD", 3)], "-a\n+b\n", 65_000);
        text.Title.ShouldBe("chore(update): foo");
        text.Labels.ShouldBe(["ci", "human-review", "update"]);
        text.Body.ShouldContain("- **ALARM** A host: ` evil.example ` (` PKGBUILD:3 `)\n");
        text.Body.ShouldEndWith("```diff\n-a\n+b\n```\n");
    }

    [Theory]
    [InlineData("```\n/merge\n@admin\n<img src=x onerror=alert(1)>")]
    [InlineData("``````````\n# Title")]
    [InlineData("~~~\n</details></summary>")]
    [InlineData("a\r\n```\r\n/close")]
    [InlineData("a\u2028```\u0085```")]
    [InlineData("`` ` ```")]
    [InlineData("\u001b[31m\u0007\0")]
    [InlineData("![x](https://evil.example/x.png) #1 !1 &1 $1 %1 http://evil.example")]
    public void Compose_WhenContentTriesToBreakOut_StaysInCode(string evil)
    {
        var text = ReviewText.Compose(
            "foo", "why", new PackageChange(ChangeKind.Major, [new ChangeReason(evil, 1, evil)], [evil]), [new RiskFinding(RiskLevel.Look, "What", evil, evil, 1)], evil + "\n", 65_000);
        var outside = Outside(text.Body);
        foreach (var part in (string[])["@", "<", "/merge", "/close", "evil", "![", "# Title", "\u001b", "~~~"])
        {
            outside.ShouldNotContain(part);
        }

        text.Body.ShouldNotContain('\r');
        text.Body.ShouldNotContain('\0');
        text.Body.ShouldNotContain('\u2028');
    }

    [Theory]
    [InlineData(65_000)]
    [InlineData(5_000)]
    public void Compose_WhenThereIsMuch_StaysWithinTheLimitAndSaysWhatIsMissing(int limit)
    {
        var findings = Enumerable.Range(0, 500).Select(i => new RiskFinding(RiskLevel.Look, "What", new string('\u202E', 400) + i, "PKGBUILD", i)).ToList();
        foreach (var diff in (string[])[string.Concat(Enumerable.Repeat("+\u202E\u202E\u202Eé\n", 40_000)), new string('x', 1_000_000), string.Concat(Enumerable.Repeat("`````\n", 30_000))])
        {
            var text = ReviewText.Compose("foo", "why", Major, findings, diff, limit);
            Markdown.Length(text.Body).ShouldBeLessThanOrEqualTo(limit);
            text.Body.ShouldContain("the branch has all of it");
            Outside(text.Body).ShouldNotContain("xxx");
        }
    }

    [Fact]
    public void Compose_WhenItIsNvcheckers_HasItsLabel() =>
        ReviewText.Compose("foo", "why", Major, [], "", 65_000, isNvchecker: true).Labels.ShouldContain("nvchecker");

    /// <summary>What is left when code is taken out as CommonMark does: fences first, then spans.</summary>
    private static string Outside(string markdown)
    {
        var rest = new List<string>();
        string? fence = null;
        foreach (var line in markdown.Split('\n'))
        {
            var ticks = line.Length - line.TrimStart('`').Length;
            if (fence is not null)
            {
                fence = ticks >= fence.Length && line.TrimStart('`').Trim().Length == 0 ? null : fence;
            }
            else if (ticks >= 3)
            {
                fence = new string('`', ticks);
            }
            else
            {
                rest.Add(WithoutSpans(line));
            }
        }

        fence.ShouldBeNull("a fence is open at the end");
        return string.Join('\n', rest);
    }

    private static string WithoutSpans(string line)
    {
        var at = 0;
        var text = "";
        while (at < line.Length)
        {
            if (line[at] != '`')
            {
                text += line[at++];
                continue;
            }

            var run = Run(line, at);
            var end = at + run;
            while (end < line.Length && !(line[end] == '`' && Run(line, end) == run))
            {
                end += line[end] == '`' ? Run(line, end) : 1;
            }

            at = end < line.Length ? end + run : at + run;
        }

        return text;
    }

    private static int Run(string line, int at)
    {
        var end = at;
        while (end < line.Length && line[end] == '`')
        {
            end++;
        }

        return end - at;
    }
}
