using System.Text.Json.Nodes;

namespace Caur.Tests.Deploy.Kubernetes;

/// <summary>What is applied is what Kubernetes knows, to the last field.</summary>
[Collection(RenderedCollection.Name)]
public sealed class SchemaTests(RenderedOverlays overlays)
{
    /// <summary>Where a field may be called anything.</summary>
    private static readonly string[] Maps = ["labels", "annotations", "matchLabels", "nodeSelector", "data", "stringData", "Service/spec/selector"];

    private List<Manifest> All => [.. RenderedOverlays.Names.SelectMany(row => overlays[row.Data]), .. RenderedOverlays.Secrets];

    [Fact]
    public async Task Objects_OfEveryOverlay_FitTheirSchemas()
    {
        var all = All;

        var problems = await SchemaCheck.ProblemsAsync(all.Select(static manifest => manifest.Json));

        problems.Count.ShouldBe(all.Count);
        all.Zip(problems).Where(static one => one.Second.Length > 0).Select(static one => $"{one.First}: {string.Join("; ", one.Second)}").ShouldBeEmpty();
    }

    /// <summary>The check can fail: with a field too many, in any place of any object.</summary>
    [Fact]
    public async Task Field_ThatIsMisspelt_IsRefusedWhereverItIs()
    {
        var all = All.DistinctBy(static manifest => manifest.Json.ToJsonString()).ToList();
        var changed = all.SelectMany(manifest => Places(manifest.Json, manifest.Kind).Select(place => (place.Path, place.Changed))).ToList();

        var problems = await SchemaCheck.ProblemsAsync(changed.Select(static one => one.Changed));

        changed.Count.ShouldBeGreaterThan(500);
        changed.Zip(problems)
            .Where(static one => one.Second.Length == 0 && !Maps.Any(map => one.First.Path == map || one.First.Path.EndsWith($"/{map}", StringComparison.Ordinal)))
            .Select(static one => one.First.Path)
            .ShouldBeEmpty();
    }

    /// <summary>And with a value of the wrong kind, a value that is none of those allowed, and a kind that there is not.</summary>
    [Fact]
    public async Task Value_ThatCannotBe_IsRefused()
    {
        JsonObject[] wrong =
        [
            With("hub", "StatefulSet", spec => spec["replicas"] = "one"),
            With("hub", "StatefulSet", spec => spec["podManagementPolicy"] = "Somehow"),
            With("cluster", "PodDisruptionBudget", spec => spec["maxUnavailable"] = new JsonObject()),
            With("hub", "StatefulSet", spec => spec.Remove("selector")),
            With("monitoring", "ServiceMonitor", spec => spec["endpoints"]![0]!["interval"] = "often"),
            new JsonObject { ["apiVersion"] = "apps/v9", ["kind"] = "StatefulSet", ["metadata"] = new JsonObject { ["name"] = "x" } },
        ];

        (await SchemaCheck.ProblemsAsync(wrong)).ShouldAllBe(problems => problems.Length > 0);

        JsonObject With(string overlay, string kind, Action<JsonObject> change)
        {
            var json = (JsonObject)overlays[overlay].First(manifest => manifest.Kind == kind).Json.DeepClone();
            change((JsonObject)json["spec"]!);
            return json;
        }
    }

    /// <summary>Copies of an object, each with one field more in another place.</summary>
    private static IEnumerable<(string Path, JsonObject Changed)> Places(JsonObject root, string kind)
    {
        return Walk(root, kind);

        IEnumerable<(string Path, JsonObject Changed)> Walk(JsonNode? node, string path)
        {
            if (node is JsonObject map)
            {
                map["mispelt"] = "x";
                var changed = (JsonObject)root.DeepClone();
                map.Remove("mispelt");
                yield return (path, changed);
                foreach (var name in map.Select(static pair => pair.Key).ToList())
                {
                    foreach (var below in Walk(map[name], $"{path}/{name}"))
                    {
                        yield return below;
                    }
                }
            }
            else if (node is JsonArray list)
            {
                foreach (var below in list.SelectMany(item => Walk(item, path)))
                {
                    yield return below;
                }
            }
        }
    }
}
