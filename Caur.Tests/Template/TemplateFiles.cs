using Caur.Tests.Support;
using YamlDotNet.RepresentationModel;

namespace Caur.Tests.Template;

/// <summary>A script of a job, with what its forge gives it.</summary>
/// <param name="Job">The job's name, and the step's.</param>
/// <param name="Script">What bash gets.</param>
/// <param name="Environment">The variables, before the values of this run are put in; of GitHub's.</param>
/// <param name="Condition">When it runs; of GitHub's.</param>
internal sealed record TemplateScript(string Job, string Script, IReadOnlyDictionary<string, string> Environment, string? Condition);

/// <summary>The files of <c>template/</c>.</summary>
internal static class TemplateFiles
{
    public static string Folder { get; } = Path.Combine(SourceTree.Root, "template");

    public static string[] Workflows { get; } = [.. Directory.GetFiles(Path.Combine(Folder, ".github", "workflows")).Order(StringComparer.Ordinal)];

    public static string GitLab { get; } = Path.Combine(Folder, ".gitlab-ci.yml");

    public static YamlMappingNode Parse(string file)
    {
        var stream = new YamlStream();
        using var reader = new StreamReader(file);
        stream.Load(reader);
        return (YamlMappingNode)stream.Documents.ShouldHaveSingleItem().RootNode;
    }

    public static YamlNode? Find(this YamlNode? node, params string[] path)
    {
        foreach (var key in path)
        {
            node = node is YamlMappingNode map && map.Children.TryGetValue(new YamlScalarNode(key), out var child) ? child : null;
        }

        return node;
    }

    public static string? Text(this YamlNode? node) => (node as YamlScalarNode)?.Value;

    public static IEnumerable<string> Lines(this YamlNode? node) => node is YamlSequenceNode lines ? lines.Select(line => line.Text()!) : [];

    public static Dictionary<string, string> Texts(this YamlNode? node) => node is YamlMappingNode map
        ? map.Children.ToDictionary(pair => pair.Key.Text()!, pair => pair.Value.Text() ?? pair.Value.Find("value").Text() ?? "")
        : [];

    /// <summary>The jobs of the GitLab file with what they extend, by name.</summary>
    public static Dictionary<string, Dictionary<string, YamlNode>> GitLabJobs()
    {
        var root = Parse(GitLab);
        Dictionary<string, YamlNode> Job(string name)
        {
            var own = ((YamlMappingNode)root.Find(name)!).Children.ToDictionary(pair => pair.Key.Text()!, pair => pair.Value);
            var merged = own.Remove("extends", out var above) ? Job(above.Text()!) : [];
            foreach (var (key, value) in own)
            {
                merged[key] = value;
            }

            return merged;
        }

        return root.Children.Where(pair => pair.Value.Find("script") is not null).ToDictionary(pair => pair.Key.Text()!, pair => Job(pair.Key.Text()!));
    }

    /// <summary>The scripts of a workflow, in order.</summary>
    public static IEnumerable<TemplateScript> Scripts(YamlMappingNode workflow)
    {
        foreach (var (name, job) in ((YamlMappingNode)workflow.Find("jobs")!).Children)
        {
            foreach (var step in ((YamlSequenceNode)job.Find("steps")!).Where(step => step.Find("run") is not null))
            {
                var variables = job.Find("env").Texts();
                foreach (var (variable, value) in step.Find("env").Texts())
                {
                    variables[variable] = value;
                }

                yield return new TemplateScript($"{name.Text()}: {step.Find("name").Text()}", step.Find("run").Text()!, variables, step.Find("if").Text());
            }
        }
    }
}
