using System.Text.RegularExpressions;

namespace Caur.Tests.Deploy.Grafana;

/// <summary>What a PromQL expression asks for, as far as names tell.</summary>
internal sealed partial record QueryText(string Text)
{
    private static readonly string[] Words = ["and", "or", "unless", "bool", "offset", "inf", "nan", "by", "without", "on", "ignoring", "group_left", "group_right"];

    /// <summary>Every selector: the name of a series with its matchers.</summary>
    public IReadOnlyList<string> Selectors { get; } =
        [.. Name().Matches(Grouping().Replace(Text, " ")).Select(match => match.Value.Trim()).Where(name => !Words.Contains(name, StringComparer.OrdinalIgnoreCase)).Distinct()];

    /// <summary>Every label by which something is grouped or joined.</summary>
    public IReadOnlyList<string> Labels { get; } =
        [.. Grouping().Matches(Text).SelectMany(match => match.Groups[1].Value.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).Distinct()];

    /// <summary>The series whose rate is taken.</summary>
    public IReadOnlyList<string> Rated { get; } = [.. Rate().Matches(Text).Select(match => match.Groups[1].Value).Distinct()];

    /// <summary>Whether a quantile is taken of something that is no longer a histogram.</summary>
    public bool HasQuantileWithoutBuckets { get; } =
        Text.Contains("histogram_quantile", StringComparison.Ordinal) && !Quantile().IsMatch(Text);

    /// <summary>The same with Grafana's variables filled in.</summary>
    public static QueryText Of(string expression, IReadOnlyDictionary<string, string> variables) =>
        new(Variable().Replace(expression, match => variables.TryGetValue(match.Groups[1].Value, out var value) ? value : match.Value));

    [GeneratedRegex(@"(?<![\w:.$""])[a-zA-Z_:][\w:]*(?![\w:]|\s*\()(\s*\{[^{}]*\})?(?=[^""]*(?:""[^""]*""[^""]*)*$)")]
    private static partial Regex Name();

    [GeneratedRegex(@"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")]
    private static partial Regex Grouping();

    [GeneratedRegex(@"\b(?:rate|irate|increase)\(\s*([\w:]+)")]
    private static partial Regex Rate();

    [GeneratedRegex(@"histogram_quantile\([^,]+,\s*sum by \([^)]*\ble\b[^)]*\) \(rate\(\w+_bucket\b")]
    private static partial Regex Quantile();

    [GeneratedRegex(@"\$\{?(\w+)\}?")]
    private static partial Regex Variable();
}
