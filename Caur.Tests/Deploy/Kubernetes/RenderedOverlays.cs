using Caur.Tests.Support;

namespace Caur.Tests.Deploy.Kubernetes;

/// <summary>Every overlay as kubectl renders it, once for all tests.</summary>
public sealed class RenderedOverlays : IAsyncLifetime
{
    private readonly Dictionary<string, IReadOnlyList<Manifest>> _overlays = new(StringComparer.Ordinal);

    /// <summary>The manifests' folder.</summary>
    public static string Root => Path.Combine(SourceTree.Root, "k8s");

    /// <summary>The overlays that there are.</summary>
    public static TheoryData<string> Names => [.. Directory.EnumerateDirectories(Path.Combine(Root, "overlays")).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];

    /// <summary>What people make themselves.</summary>
    internal static IReadOnlyList<Manifest> Secrets => [.. YamlJson.ReadAll(File.ReadAllText(Path.Combine(Root, "secrets.example.yaml"))).Select(static json => new Manifest(json))];

    public async ValueTask InitializeAsync()
    {
        if (!Processes.OnPath("kubectl"))
        {
            return;
        }

        foreach (var name in Names.Select(row => row.Data))
        {
            var rendered = await Processes.RunAsync("kubectl", ["kustomize", Path.Combine(Root, "overlays", name)]);
            rendered.ExitCode.ShouldBe(0, $"{name}: {rendered.Error}");
            _overlays[name] = [.. YamlJson.ReadAll(rendered.Output).Select(static json => new Manifest(json))];
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>One overlay's objects.</summary>
    internal IReadOnlyList<Manifest> this[string name]
    {
        get
        {
            Requirement.Program("kubectl");
            return _overlays[name];
        }
    }

    /// <summary>What one overlay makes pods from.</summary>
    internal IReadOnlyList<Manifest> Workloads(string name) => [.. this[name].Where(static manifest => manifest.PodTemplate is not null)];
}

/// <summary>The tests that look at them.</summary>
[CollectionDefinition(Name)]
public sealed class RenderedCollection : ICollectionFixture<RenderedOverlays>
{
    public const string Name = "kubernetes";
}
