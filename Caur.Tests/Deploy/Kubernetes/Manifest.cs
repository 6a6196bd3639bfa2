using System.Text.Json.Nodes;

namespace Caur.Tests.Deploy.Kubernetes;

/// <summary>One object of a rendered overlay.</summary>
internal sealed record Manifest(JsonObject Json)
{
    public string Kind => (string)Json["kind"]!;

    public string Name => (string)Json["metadata"]!["name"]!;

    /// <summary>Empty for a kind that is in none.</summary>
    public string Namespace => (string?)Json["metadata"]!["namespace"] ?? "";

    public JsonObject Spec => (JsonObject)Json["spec"]!;

    /// <summary>What it makes pods from; null for what makes none.</summary>
    public JsonObject? PodTemplate => Json["spec"] is JsonObject spec ? spec["template"] as JsonObject : null;

    public JsonObject PodSpec => (JsonObject)PodTemplate!["spec"]!;

    /// <summary>The labels of its pods.</summary>
    public IReadOnlyDictionary<string, string> PodLabels => Strings(PodTemplate!["metadata"]!["labels"]);

    public IReadOnlyDictionary<string, string> Labels => Strings(Json["metadata"]!["labels"]);

    /// <summary>All of a pod's, those that start first too.</summary>
    public IEnumerable<JsonObject> Containers => Items(PodSpec["initContainers"]).Concat(Items(PodSpec["containers"]));

    /// <summary>Those that run <c>caur</c>.</summary>
    public IEnumerable<JsonObject> CaurContainers => Containers.Where(static container => (string?)container["name"] == "caur");

    public override string ToString() => $"{Kind} {Namespace}/{Name}";

    public static IEnumerable<JsonObject> Items(JsonNode? list) => (list as JsonArray ?? []).Select(static item => (JsonObject)item!);

    public static IReadOnlyList<string> Texts(JsonNode? list) => [.. (list as JsonArray ?? []).Select(static item => (string)item!)];

    public static IReadOnlyDictionary<string, string> Strings(JsonNode? map) =>
        (map as JsonObject ?? []).ToDictionary(static pair => pair.Key, static pair => (string?)pair.Value ?? "");

    /// <summary>Whether a label selector means something with these labels; one that is not there means nothing, an empty one everything.</summary>
    public static bool Selects(JsonNode? selector, IReadOnlyDictionary<string, string> labels)
    {
        if (selector is not JsonObject)
        {
            return false;
        }

        return Strings(selector["matchLabels"]).All(label => labels.GetValueOrDefault(label.Key) == label.Value)
            && Items(selector["matchExpressions"]).All(expression =>
            {
                ((string)expression["operator"]!).ShouldBe("In", "the only operator that is understood here");
                return labels.GetValueOrDefault((string)expression["key"]!) is { } value && Texts(expression["values"]).Contains(value);
            });
    }
}
