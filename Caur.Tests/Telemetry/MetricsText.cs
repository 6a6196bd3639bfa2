using System.Globalization;
using Caur.Tests.Storage.Support;
using Caur.Tests.Support;

namespace Caur.Tests.Telemetry;

/// <summary>What Prometheus read.</summary>
internal sealed class MetricsText(string text)
{
    public string Text => text;

    /// <summary>Every series with its labels.</summary>
    public HashSet<string> Series { get; } = [.. Lines(text).Where(line => line[0] != '#').Select(line => line[..line.LastIndexOf(' ')])];

    /// <summary>Every metric with its type, in the order of the text.</summary>
    public IReadOnlyDictionary<string, string> Types { get; } = Lines(text)
        .Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal))
        .Select(line => line.Split(' '))
        .ToDictionary(parts => parts[2], parts => parts[3]);

    /// <summary>The labels of each metric, without those of the format.</summary>
    public IReadOnlyDictionary<string, string[]> Labels => Types.Keys.ToDictionary(name => name, name => Series
        .Where(series => series.Split('{')[0] is var sample && (sample == name || sample == $"{name}_bucket" || sample == $"{name}_sum" || sample == $"{name}_count"))
        .Where(series => series.Contains('{', StringComparison.Ordinal))
        .SelectMany(series => series.Split('{')[1].TrimEnd('}').Split("\",").Select(label => label.Split('=')[0]))
        .Where(label => label != "le")
        .Distinct()
        .Order(StringComparer.Ordinal)
        .ToArray());

    public double Value(string series) =>
        double.Parse(Lines(text).Single(line => line.StartsWith($"{series} ", StringComparison.Ordinal)).Split(' ')[^1], CultureInfo.InvariantCulture);

    /// <summary>What <c>promtool check metrics</c> says; empty when it finds nothing.</summary>
    public async Task<string> LintAsync()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["metrics"], text);
        var result = await Processes.RunAsync("bash", ["-c", "promtool check metrics <\"$1\"", "-", folder["metrics"]]);
        return $"{result.Output}{result.Error}".Trim() + (result.ExitCode == 0 ? "" : $" (exit code {result.ExitCode})");
    }

    private static IEnumerable<string> Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
