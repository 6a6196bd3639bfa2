using System.Text.RegularExpressions;
using Caur.Tests.Support;
using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace Caur.Tests.Deploy.Containers;

/// <summary>deploy/compose.yaml as compose understands it: merged, and with the variables of deploy/.env.example.</summary>
internal sealed partial class ComposeFile
{
    private readonly Dictionary<object, object?> _root;

    private ComposeFile(Dictionary<object, object?> root, IReadOnlyDictionary<string, string> variables) => (_root, Variables) = (root, variables);

    public static string Folder { get; } = Path.Combine(SourceTree.Root, "deploy");

    public static string Text { get; } = File.ReadAllText(Path.Combine(Folder, "compose.yaml"));

    public static string Example { get; } = File.ReadAllText(Path.Combine(Folder, ".env.example"));

    /// <summary>What the example sets.</summary>
    public IReadOnlyDictionary<string, string> Variables { get; }

    public IEnumerable<ComposeService> Services => Section("services").Select(static one => new ComposeService((string)one.Key, Map(one.Value)));

    public IEnumerable<string> Names(string section) => Section(section).Keys.Cast<string>();

    public Dictionary<object, object?> Section(string name) => Map(_root[name]);

    public static ComposeFile Read()
    {
        var variables = ExampleLine().Matches(Example).Where(static line => !line.Groups["off"].Success)
            .ToDictionary(static line => line.Groups["name"].Value, static line => line.Groups["value"].Value.Trim('\''));
        return new ComposeFile(Parse(Text, variables), variables);
    }

    /// <summary>A YAML file as plain dictionaries, lists and texts.</summary>
    public static Dictionary<object, object?> Parse(string text, IReadOnlyDictionary<string, string>? variables = null)
    {
        var root = new DeserializerBuilder().Build().Deserialize<Dictionary<object, object?>>(new MergingParser(new Parser(new StringReader(text))));
        return variables is null ? root : Map(Filled(root, variables));
    }

    public static Dictionary<object, object?> Map(object? node) => node as Dictionary<object, object?> ?? [];

    public static List<string> Lines(object? node) => node switch
    {
        List<object?> list => [.. list.Select(static one => one?.ToString() ?? "")],
        null => [],
        var one => [one.ToString()!],
    };

    /// <summary>All variables that the file names, with their defaults.</summary>
    public static IEnumerable<(string Name, string Default)> Asked() =>
        Variable().Matches(Text).Where(static one => one.Groups["name"].Success).Select(static one => (one.Groups["name"].Value, one.Groups["default"].Value)).Distinct();

    /// <summary>The variables of the example, with their values, whether they are commented out or not.</summary>
    public static IEnumerable<(string Name, string Value, bool IsOff)> OfExample() =>
        ExampleLine().Matches(Example).Select(static line => (line.Groups["name"].Value, line.Groups["value"].Value, line.Groups["off"].Success));

    private static object? Filled(object? node, IReadOnlyDictionary<string, string> variables) => node switch
    {
        string text => Variable().Replace(text, one => one.Value == "$$" ? "$" : variables.GetValueOrDefault(one.Groups["name"].Value) is { Length: > 0 } set ? set : one.Groups["default"].Value),
        List<object?> list => list.ConvertAll(one => Filled(one, variables)),
        Dictionary<object, object?> map => map.ToDictionary(pair => pair.Key, pair => Filled(pair.Value, variables)),
        _ => node,
    };

    [GeneratedRegex(@"\$\$|\$\{(?<name>[A-Z0-9_]+)(:-(?<default>[^}]*))?\}")]
    private static partial Regex Variable();

    [GeneratedRegex("^(?<off>#)?(?<name>[A-Z][A-Z0-9_]+)=(?<value>.*)$", RegexOptions.Multiline)]
    private static partial Regex ExampleLine();
}

/// <summary>One service.</summary>
internal sealed record ComposeService(string Name, Dictionary<object, object?> Node)
{
    public object? this[string key] => Node.GetValueOrDefault(key);

    public string Image => (string)this["image"]!;

    /// <summary>True when it runs caur.</summary>
    public bool IsOurs => Image.StartsWith("localhost/caur:", StringComparison.Ordinal);

    public bool IsOfCluster => Profiles.Contains("cluster");

    public List<string> Profiles => ComposeFile.Lines(this["profiles"]);

    public string[] Command => this["command"] is string text ? text.Split(' ') : [.. ComposeFile.Lines(this["command"])];

    /// <summary>Of caur: its verb. Of others, whatever they begin with.</summary>
    public string Verb => Command.FirstOrDefault() ?? "";

    public Dictionary<string, string> Environment =>
        ComposeFile.Map(this["environment"]).ToDictionary(static one => (string)one.Key, static one => one.Value?.ToString() ?? "");

    /// <summary>What is mounted, as source, target and mode.</summary>
    public IEnumerable<(string Source, string Target, string Mode)> Mounts => ComposeFile.Lines(this["volumes"])
        .Select(static line => line.Split(':')).Select(static parts => (parts[0], parts[1], parts.ElementAtOrDefault(2) ?? "rw"));

    public List<string> Networks => this["networks"] is Dictionary<object, object?> map ? [.. map.Keys.Cast<string>()] : ComposeFile.Lines(this["networks"]);

    public override string ToString() => Name;
}
