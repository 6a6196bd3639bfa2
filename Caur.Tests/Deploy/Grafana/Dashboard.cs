using System.Text.Json;
using Caur.Tests.Support;

namespace Caur.Tests.Deploy.Grafana;

/// <summary>One dashboard of <c>deploy/grafana/dashboards</c>.</summary>
internal sealed record Dashboard(string Name, JsonElement Json)
{
    public static IReadOnlyList<string> Names { get; } =
        [.. Directory.EnumerateFiles(Folder, "*.json").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    private static string Folder => CheckedInText.PathOf("deploy/grafana/dashboards");

    /// <summary>All panels but headings.</summary>
    public IReadOnlyList<JsonElement> Panels => [.. All.Where(panel => panel.GetProperty("type").GetString() != "row")];

    public IReadOnlyList<JsonElement> All => [.. Json.GetProperty("panels").EnumerateArray()];

    public IReadOnlyList<JsonElement> Variables => [.. Json.GetProperty("templating").GetProperty("list").EnumerateArray()];

    /// <summary>Every expression with where it stands.</summary>
    public IEnumerable<(string Where, string Expression)> Queries() =>
    [
        .. Panels.SelectMany(panel => panel.GetProperty("targets").EnumerateArray().Select(target =>
            ($"{Name}, {panel.GetProperty("title").GetString()}", target.GetProperty("expr").GetString()!))),
        .. Json.GetProperty("annotations").GetProperty("list").EnumerateArray().Select(note => ($"{Name}, annotation", note.GetProperty("expr").GetString()!)),
    ];

    /// <summary>The series and the label that each variable's values are taken from.</summary>
    public IEnumerable<(string Where, string Selector, string Label)> Lists() => Variables
        .Where(variable => variable.GetProperty("type").GetString() == "query")
        .Select(variable => variable.GetProperty("query").GetProperty("query").GetString()!)
        .Select(query => query["label_values(".Length..^1])
        .Select(arguments => ($"{Name}, variable", arguments[..arguments.LastIndexOf(',')], arguments[(arguments.LastIndexOf(',') + 1)..].Trim()));

    public static Dashboard Read(string name) => new(name, JsonSerializer.Deserialize<JsonElement>(File.ReadAllText(Path.Combine(Folder, $"{name}.json"))));

    public override string ToString() => Name;
}
