using System.Text.Json;
using Caur.Contracts.Ids;
using Caur.Silo.Hub;

namespace Caur.Silo.Configuration;

/// <summary>Finds the farm's file and takes it apart.</summary>
internal static class ConfigurationFile
{
    /// <summary>The file's name in a data folder.</summary>
    public const string Name = "caur.json";

    /// <summary>Where it is looked for last.</summary>
    public const string Shared = "/etc/caur/" + Name;

    private const int Largest = 4 * 1024 * 1024;

    /// <summary>What stands for no file, where one could be named.</summary>
    public const string None = "none";

    /// <summary>The file that counts: the one named, <c>CAUR_CONFIG</c>, the data folder's, the machine's; null for none. One that was
    /// named is returned whether it is there or not.</summary>
    public static string? Find(string? named, string? dataFolder, Func<string, string?> variable)
    {
        if ((named is { Length: > 0 } ? named : variable("CAUR_CONFIG")) is { Length: > 0 } told)
        {
            return told == None ? null : Path.GetFullPath(told);
        }

        var inData = InDataFolder(dataFolder, variable);
        return File.Exists(inData) ? inData : File.Exists(Shared) ? Shared : null;
    }

    /// <summary>Where the data folder's file is, or would be.</summary>
    public static string InDataFolder(string? dataFolder, Func<string, string?> variable) =>
        Path.Combine(Path.GetFullPath(dataFolder ?? DataFolderDefault.Get(variable)), Name);

    /// <summary>Reads the values of a file.</summary>
    /// <returns>Each setting that is there and of the right kind, with its place; null when the file is none. What is wrong is in the
    /// problems.</returns>
    public static Dictionary<Setting, ConfigurationNode>? Read(string path, List<ConfigurationProblem> problems)
    {
        if (Load(path, problems) is not { } json
            || ConfigurationReader.Read(ConfigurationPlace.File(path), json, problems) is not { } root)
        {
            return null;
        }

        if (root.Kind != JsonValueKind.Object)
        {
            problems.Add(new(root.Place, $"the file must be one object, {{ ... }}, not {root.KindText}"));
            return null;
        }

        var values = new Dictionary<Setting, ConfigurationNode>();
        Walk(root, "", values, problems);
        return values;
    }

    private static byte[]? Load(string path, List<ConfigurationProblem> problems)
    {
        if (Directory.Exists(path))
        {
            problems.Add(new(ConfigurationPlace.File(path), $"this is a folder, and a file is wanted, as {Path.Combine(path, Name)}"));
            return null;
        }

        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            var bytes = new byte[Largest + 1];
            var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length <= Largest)
            {
                return bytes[..length];
            }

            problems.Add(new(ConfigurationPlace.File(path), $"the file is larger than {Largest} bytes"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            problems.Add(new(ConfigurationPlace.File(path), $"the file cannot be read: {error.Message}"));
        }

        return null;
    }

    private static void Walk(
        ConfigurationNode section, string prefix, Dictionary<Setting, ConfigurationNode> values, List<ConfigurationProblem> problems)
    {
        foreach (var node in section.Children)
        {
            var name = prefix + node.Name;
            if (SettingTable.All.FirstOrDefault(setting => setting.Name == name) is { } setting)
            {
                Take(setting, node, values, problems);
            }
            else if (SettingTable.All.FirstOrDefault(setting => setting.MayBeInFile && $"{setting.Name}_file" == name) is { } byFile)
            {
                TakeFile(byFile, node, values, problems);
            }
            else if (!SettingTable.All.Any(setting => setting.Name.StartsWith($"{name}.", StringComparison.Ordinal)))
            {
                problems.Add(new(node.Place, $"'{Shown.Text(name)}' is no setting{Meant(node.Name, name, prefix)}"));
            }
            else if (node.Kind == JsonValueKind.Object)
            {
                Walk(node, $"{name}.", values, problems);
            }
            else
            {
                problems.Add(new(node.Place, $"{name} must be an object with {string.Join(", ", KeysOf($"{name}."))}, not {node.KindText}"));
            }
        }
    }

    private static void Take(
        Setting setting, ConfigurationNode node, Dictionary<Setting, ConfigurationNode> values, List<ConfigurationProblem> problems)
    {
        if (setting.Kind.ToText(node) is not { } text)
        {
            var wrong = node.Children.Count == 0 && !setting.IsSecret && node.Text.Length > 0 && node.Kind != JsonValueKind.Null
                ? $"{node.KindText} ({Shown.Text(node.Text)})"
                : node.KindText;
            problems.Add(new(node.Place, $"{setting.Name} must be {setting.Kind.Allowed}, not {wrong}"));
        }
        else if (text.Length == 0 && node.Kind == JsonValueKind.String)
        {
            problems.Add(new(node.Place, $"{setting.Name} is empty; leave it out for the default ({setting.Default})"));
        }
        else
        {
            Add(setting, node with { Text = text }, values, problems);
        }
    }

    private static void TakeFile(
        Setting setting, ConfigurationNode node, Dictionary<Setting, ConfigurationNode> values, List<ConfigurationProblem> problems)
    {
        if (node.Kind != JsonValueKind.String)
        {
            problems.Add(new(node.Place, $"{setting.Name}_file must be the path of a file, not {node.KindText}"));
        }
        else if (SecretFile.Read(node.Text, out var problem) is { } secret)
        {
            var place = setting.Kind.IsJson ? ConfigurationPlace.File(node.Text) : node.Place;
            Add(setting, node with { Text = secret, Place = place }, values, problems);
        }
        else
        {
            problems.Add(new(node.Place, $"{setting.Name}_file: {problem}"));
        }
    }

    private static void Add(
        Setting setting, ConfigurationNode node, Dictionary<Setting, ConfigurationNode> values, List<ConfigurationProblem> problems)
    {
        if (!values.TryAdd(setting, node))
        {
            problems.Add(new(node.Place, $"{setting.Name} is set twice, first at {values[setting].Place}"));
        }
    }

    private static string Meant(string key, string name, string prefix)
    {
        if (SettingTable.All.FirstOrDefault(setting => setting.Variables.Contains(key, StringComparer.OrdinalIgnoreCase)) is { } byVariable)
        {
            return $"; in the file it is called {byVariable.Name}";
        }

        var here = KeysOf(prefix).ToList();
        List<string> nearest = [.. SettingTable.All.Where(setting => setting.Key == key).Select(setting => setting.Name)];
        if (nearest.Count == 0)
        {
            nearest = [.. NearestNames.Of(key, here).Select(found => prefix + found)];
        }

        if (nearest.Count == 0)
        {
            nearest = [.. NearestNames.Of(name, SettingTable.All.Select(setting => setting.Name))];
        }

        return nearest.Count > 0 ? $"; did you mean {string.Join(" or ", nearest.Take(3))}?" : $"; known here are {string.Join(", ", here)}";
    }

    /// <summary>What may stand in a section.</summary>
    private static IEnumerable<string> KeysOf(string prefix) => SettingTable.All
        .Where(setting => setting.Name.StartsWith(prefix, StringComparison.Ordinal))
        .Select(setting => setting.Name[prefix.Length..].Split('.')[0])
        .Distinct();
}
