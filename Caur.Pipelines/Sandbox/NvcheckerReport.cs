using System.Text.Json;

namespace Caur.Pipelines.Sandbox;

/// <summary>A version that nvchecker found.</summary>
internal sealed record NvcheckerVersion(string Name, string Version, string? Revision);

/// <summary>
/// Reads what <c>nvchecker --logger=json</c> writes: one JSON object a line, of which <c>event</c> <c>updated</c> and <c>up-to-date</c> have
/// <c>name</c> and <c>version</c> (nvchecker's documentation, "JSON logging").
/// </summary>
internal static class NvcheckerReport
{
    /// <param name="lines">The output.</param>
    /// <param name="names">The entries that are meant, the best first. When the file has none of them, its first entry is.</param>
    public static NvcheckerVersion? Read(string lines, IReadOnlyList<string> names)
    {
        var found = new List<NvcheckerVersion>();
        foreach (var line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            if (ReadLine(line) is { } version)
            {
                found.Add(version);
            }
        }

        return names.Select(name => found.Find(version => version.Name == name)).FirstOrDefault(version => version is not null)
            ?? (found.Count > 0 ? found[0] : null);
    }

    private static NvcheckerVersion? ReadLine(string line)
    {
        try
        {
            using var json = JsonDocument.Parse(line, new JsonDocumentOptions { MaxDepth = 32 });
            var root = json.RootElement;
            return root.ValueKind == JsonValueKind.Object && Text(root, "event") is "updated" or "up-to-date"
                && Text(root, "version") is { Length: > 0 } version
                ? new NvcheckerVersion(Text(root, "name") ?? "", version, Text(root, "revision"))
                : null;
        }
        catch (JsonException)
        {
            // Not everything that is written is a report.
            return null;
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
