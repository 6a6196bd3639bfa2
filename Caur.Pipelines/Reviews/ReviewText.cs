using System.Globalization;
using System.Text;
using Caur.Pipelines.Changes;

namespace Caur.Pipelines.Reviews;

/// <summary>What a request says.</summary>
/// <param name="Title">As the original's: <c>chore(update): NAME</c>.</param>
/// <param name="Body">Markdown.</param>
/// <param name="Labels">The original's.</param>
internal sealed record ReviewText(string Title, string Body, IReadOnlyList<string> Labels)
{
    private const int MostFindings = 60;
    private const int MostReasons = 20;

    /// <summary>A request for a change.</summary>
    /// <param name="pkgbase">The package.</param>
    /// <param name="why">Why somebody has to look, in our words.</param>
    /// <param name="change">What was found about the change.</param>
    /// <param name="findings">What it means in risk.</param>
    /// <param name="diff">The whole of it.</param>
    /// <param name="limit">How many bytes a body may have.</param>
    /// <param name="isNvchecker">Whether the version comes from nvchecker.</param>
    public static ReviewText Compose(
        string pkgbase, string why, PackageChange change, IReadOnlyList<RiskFinding> findings, string diff, int limit, bool isNvchecker = false)
    {
        var head = new StringBuilder();
        head.Append("A recent update of this package requires human review. Please check whether anything dangerous came in.\n\n");
        head.Append("Why this was not merged by itself: ").Append(why).Append("\n\n");
        AddReasons(head, change);
        AddFindings(head, findings);
        if (change.Remarks.Count > 0)
        {
            head.Append("### Remarks\n\n").AppendJoin("", change.Remarks.Select(remark => $"- {Markdown.Code(remark, 500)}\n")).Append('\n');
        }

        head.Append("### The difference\n\n");
        var body = head.ToString();

        // Twice the longest fence, the word behind it, and the line about what is left out.
        const int Around = 400;
        var room = limit - Markdown.Length(body) - Around;
        body = room < 200 ? Markdown.Head(body, limit - Around) + "\nThe rest does not fit here; the branch has all of it.\n" : body + Diff(diff, room);
        return new ReviewText($"chore(update): {pkgbase}", body, isNvchecker ? ["ci", "human-review", "update", "nvchecker"] : ["ci", "human-review", "update"]);
    }

    private static string Diff(string diff, int room)
    {
        for (var part = Markdown.Head(diff, room); ; part = Markdown.Head(part, Math.Max(0, Markdown.Length(part) - (room / 8) - 1)))
        {
            // What does not show takes more room when it is made visible.
            var block = Markdown.Block(part, "diff");
            if (Markdown.Length(block) <= room + 64 || part.Length == 0)
            {
                var left = diff.AsSpan(part.Length).Count('\n') + (diff.Length > part.Length && !diff.EndsWith('\n') ? 1 : 0);
                return left == 0 ? block : string.Create(CultureInfo.InvariantCulture, $"{block}\n{left} more lines do not fit here; the branch has all of it.\n");
            }
        }
    }

    private static void AddReasons(StringBuilder text, PackageChange change)
    {
        if (change.Reasons.Count == 0)
        {
            return;
        }

        text.Append("### What is more than a new version\n\n");
        foreach (var reason in change.Reasons.Take(MostReasons))
        {
            text.Append(CultureInfo.InvariantCulture, $"- {Markdown.Code(reason.ToString(), 400)}\n");
        }

        if (change.Reasons.Count > MostReasons)
        {
            text.Append(CultureInfo.InvariantCulture, $"- and {change.Reasons.Count - MostReasons} more\n");
        }

        text.Append('\n');
    }

    private static void AddFindings(StringBuilder text, IReadOnlyList<RiskFinding> findings)
    {
        text.Append("### What it means in risk\n\n");
        if (findings.Count == 0)
        {
            text.Append("Nothing was found that attacks are known for. That does not make it harmless.\n");
        }

        foreach (var finding in findings.Take(MostFindings))
        {
            text.Append(finding.Level switch { RiskLevel.Alarm => "- **ALARM** ", RiskLevel.Look => "- **look** ", _ => "- " }).Append(finding.What);
            if (finding.Words is not null)
            {
                text.Append(": ").Append(Markdown.Code(finding.Words));
            }

            if (finding.Path is not null)
            {
                var place = finding.Line is { } line ? string.Create(CultureInfo.InvariantCulture, $"{finding.Path}:{line}") : finding.Path;
                text.Append(" (").Append(Markdown.Code(place, 200)).Append(')');
            }

            text.Append('\n');
        }

        if (findings.Count > MostFindings)
        {
            text.Append(CultureInfo.InvariantCulture, $"- and {findings.Count - MostFindings} more\n");
        }

        text.Append('\n');
    }
}
