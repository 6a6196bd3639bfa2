using System.Text.RegularExpressions;
using Caur.Tests.Support;

namespace Caur.Tests.Deploy.Grafana;

/// <summary>The alerts of <c>deploy/prometheus</c>, as far as their lines tell.</summary>
internal static partial class AlertFile
{
    public static string Folder { get; } = CheckedInText.PathOf("deploy/prometheus");

    public static string Text { get; } = File.ReadAllText(Path.Combine(Folder, "alerts.yml"));

    public static IReadOnlyList<string> Names { get; } = [.. Alert().Matches(Text).Select(match => match.Groups[1].Value)];

    /// <summary>Each alert with its own lines.</summary>
    public static IReadOnlyList<(string Name, string Lines)> Alerts { get; } =
        [.. Text.Split("      - alert: ").Skip(1).Select(part => (part.Split('\n')[0], part))];

    [GeneratedRegex(@"^      - alert: (\w+)$", RegexOptions.Multiline)]
    private static partial Regex Alert();
}
